"""Every encoder over the same real texts in one run, by turns: tokens a second, and cosine to torch in fp32.

    python benchmarks/encoders.py [FOLDER] [--static MODEL_FOLDER] [--texts N] [--repeats N]

FOLDER is a sentence-transformers folder; without one, the packaged all-minilm. Encoders that are not installed are said
and left out (`pip install ./plugins/embedingest-onnx ./plugins/embedingest-static`). Static and hashing encoders are
other models: their cosine to the reference means nothing and is not given. Figures go to `results/<commit>.json`.
"""

import argparse
import os
import statistics
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from embedingest.build.models import open_engine
from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import compare

import common
import record as records
import texts as corpora

os.environ.setdefault("HF_HUB_OFFLINE", "1")

REFERENCE = "sentence-transformers"
SAME_MODEL = (REFERENCE, "auto", "fp32", "onnx-fp32", "onnx-int8")


def configurations(folder, static):
    found = {
        REFERENCE: ModelConfig(encoder="sentence-transformers", path=folder),
        "auto": ModelConfig(path=folder),
        "fp32": ModelConfig(path=folder, precision="fp32"),
        "onnx-fp32": ModelConfig(encoder="onnx", path=folder),
        "onnx-int8": ModelConfig(encoder="onnx", path=folder, precision="int8"),
        "hashing": ModelConfig(encoder="hashing"),
    }
    return found | ({"static": ModelConfig(encoder="static", path=static)} if static else {})


def encoders(run, asked, sample):
    """One row: all encoders are kept open and take turns."""
    rates, cosines, fingerprints, left_out, engines = {}, {}, {}, {}, {}
    with ExitStack() as held:
        reference = None
        for name, config in configurations(asked.folder, asked.static).items():
            try:
                engine = held.enter_context(open_engine(EngineConfig(keep_alive=-1), {name: config}))
                answer = engine.embed(sample, model=name, priority="bulk")
            except Exception as error:  # one that is not installed, or cannot run this model
                left_out[name] = str(error).splitlines()[0]
                print(f"  {name:24} left out: {left_out[name]}", flush=True)
                continue
            engines[name], fingerprints[name] = engine, answer.fingerprint
            reference = answer.vectors if reference is None else reference
            if name in SAME_MODEL:
                cosines[name] = compare(reference, answer.vectors).as_dict()
        for number in range(asked.repeats):
            for name, engine in engines.items():
                began = time.perf_counter()
                tokens = engine.embed(sample, model=name, priority="bulk").tokens
                rates.setdefault(name, []).append(tokens / (time.perf_counter() - began))
                print(f"  round {number + 1} of {asked.repeats}  {rates[name][-1]:11,.0f} tokens/s  {name}", flush=True)
    medians = {name: statistics.median(found) for name, found in rates.items()}
    ratios = {name: rate / medians[REFERENCE] for name, rate in medians.items()} if REFERENCE in medians else {}
    for name, rate in sorted(medians.items(), key=lambda pair: -pair[1]):
        cosine = (
            f"cosine {cosines[name]['mean']:.6f} mean, {cosines[name]['least']:.6f} least" if name in cosines else ""
        )
        print(f"  {name:24} {rate:11,.0f} tokens/s  {ratios.get(name, 0.0):7.2f} ×  {cosine}", flush=True)
    run.told("encoders", {"texts": len(sample), "tokens_per_second": rates, "medians": medians, "ratios": ratios,
                          "cosines": cosines, "fingerprints": fingerprints, "left_out": left_out})  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=None, help="default: the packaged all-minilm")
    parser.add_argument("--static", type=Path, help="a folder of a static model")
    parser.add_argument("--texts", type=int, default=500)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    corpora.corpus_option(parser)
    asked = parser.parse_args()
    asked.folder = asked.folder or common.packaged()
    folder = ModelFolder.open(asked.folder)
    sample = corpora.chunks(asked.corpus, asked.texts, folder.tokenizer_path, folder.max_tokens)
    run = records.Record(f"encoders {common.known_name(folder)}", asked.results)
    return records.run(run, {"encoders": partial(encoders, run, asked, sample)})


if __name__ == "__main__":
    sys.exit(main())
