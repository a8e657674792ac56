"""Every encoder over the same real texts in one run: tokens a second, and cosine to the reference (torch, fp32).

    python benchmarks/encoders.py FOLDER [--static MODEL_FOLDER] [--texts N]

FOLDER is a sentence-transformers folder, or `all-minilm` for the packaged one. Encoders that are not installed are said
and left out. Static encoders run another model: their cosine to the reference means nothing and is not printed.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import numpy as np

from embedingest import ModelConfig, PluginError, open_engine
from embedingest.engine.packaged import PACKAGED

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def texts(count: int) -> list[str]:
    """Docstrings of the standard library, cut to mixed lengths."""
    root = Path(os.__file__).parent
    whole = "\n".join(f.read_text("utf-8", "ignore") for f in sorted(root.glob("*.py"))[:60])
    pieces, at = [], 0
    for index in range(count):
        length = (80, 240, 500, 900)[index % 4]
        pieces.append(whole[at : at + length].strip() or "x")
        at += length
    return pieces


def measured(name: str, config: ModelConfig, sample: list[str]) -> dict:
    with open_engine(models={name: config}) as engine:
        engine.embed(sample[:16], model=name, priority="bulk")
        began = time.perf_counter()
        answer = engine.embed(sample, model=name, priority="bulk")
        seconds = time.perf_counter() - began
    return {"vectors": answer.vectors, "tokens_per_second": answer.tokens / seconds, "fingerprint": answer.fingerprint}


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("folder", nargs="?", default="all-minilm")
    asked.add_argument("--static", type=Path)
    asked.add_argument("--texts", type=int, default=512)
    options = asked.parse_args()
    folder = PACKAGED[options.folder].path() if options.folder in PACKAGED else Path(options.folder)
    runs = {
        "sentence-transformers": ModelConfig(encoder="sentence-transformers", path=folder),
        "auto": ModelConfig(path=folder),
        "onnx-fp32": ModelConfig(encoder="onnx", path=folder),
        "onnx-int8": ModelConfig(encoder="onnx", path=folder, precision="int8"),
        "hashing": ModelConfig(encoder="hashing"),
    }
    if options.static:
        runs["static"] = ModelConfig(encoder="static", path=options.static)
    sample, reference, said = texts(options.texts), None, {}
    for name, config in runs.items():
        try:
            run = measured(name, config, sample)
        except PluginError as error:
            print(f"{name:24} left out: {error.message}")
            continue
        vectors = run.pop("vectors")
        reference = vectors if reference is None else reference
        if vectors.shape == reference.shape:
            cosine = (vectors * reference).sum(axis=1)
            run |= {"cosine_mean": float(cosine.mean()), "cosine_least": float(cosine.min())}
        said[name] = run
        cosine = f"{run['cosine_mean']:.6f} mean, {run['cosine_least']:.6f} least" if "cosine_mean" in run else "-"
        print(f"{name:24} {run['tokens_per_second']:>12,.0f} tokens/s   cosine {cosine}", flush=True)
    first = said["sentence-transformers"]["tokens_per_second"]
    print(json.dumps({n: round(r["tokens_per_second"] / first, 2) for n, r in said.items()}))
    assert np.isfinite(first)


if __name__ == "__main__":
    main()
