"""A model folder as an ONNX file: exported once by torch, held against torch, kept in the user's cache."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.plugin import FastTokenizer, ModelLoadError, load_chain, user_cache

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.plugin import ModelFolder, TokenIds

__all__ = ["LEAST", "Exported", "exported"]

_FORMAT: Final = 1
LEAST: Final = {"fp32": 0.9999, "int8": 0.95}
"""The least cosine to torch that an export may have, at any text of the gate."""

_GATE: Final = (
    "why is the sky blue?",
    "The quick brown fox jumps over the lazy dog.",
    "Der Fluss trat über die Ufer, und die Brücke wurde gesperrt.",
    "def add(a: int, b: int) -> int:\n    return a + b",
    "Quarterly revenue rose by eleven percent, driven by services.",
    "x",
    "Les résultats de l'étude sont présentés dans le tableau 3. " * 4,
    "A long paragraph about rivers, bridges, boats and the people who live beside them. " * 14,
)


@dataclass(frozen=True, slots=True)
class Exported:
    """The file, and its least cosine to torch over the texts of the gate."""

    path: Path
    cosine: float


def exported(folder: ModelFolder, precision: str) -> Exported:
    """The export of a folder, made on first use. Raises ModelLoadError where it does not give torch's vectors."""
    target = user_cache() / "onnx" / _key(folder, precision)
    note = target.with_suffix(".json")
    if target.exists() and note.exists():
        return Exported(target, float(json.loads(note.read_text())["cosine"]))
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        made = Path(work) / "model.onnx"
        chain = load_chain(folder, attention="eager")  # fused attention chooses its kernel by shape while tracing
        _export(chain, made)
        if precision == "int8":
            made = _quantised(made)
        cosine = _held_against(chain, made, folder)
        if cosine < LEAST[precision]:
            raise ModelLoadError(
                f"the {precision} ONNX export of {folder.path} has cosine {cosine:.6f} to torch, "
                f"{LEAST[precision]} is the least",
                remedy="use `encoder: auto` for this model",
            )
        note.write_text(json.dumps({"cosine": cosine, "model": str(folder.path)}))
        os.replace(made, target)  # noqa: PTH105 -- last, so that a file that is there is whole
    return Exported(target, cosine)


def _key(folder: ModelFolder, precision: str) -> str:
    import onnxruntime
    import torch

    digits = folder.fingerprint("exact").partition(":")[0]
    versions = f"{_FORMAT}-{torch.__version__.partition('+')[0]}-{onnxruntime.__version__}"
    return f"{digits}-{precision}-{versions}.onnx"


def _export(chain: Any, path: Path) -> None:
    """By tracing: torch's newer exporter was measured to give wrong vectors for other shapes than the traced one."""
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.chain = chain

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.chain({"input_ids": input_ids, "attention_mask": attention_mask})["sentence_embedding"]

    ids = torch.arange(100, 114).reshape(2, 7)
    mask = torch.ones_like(ids)
    mask[1, 4:] = 0
    axes = {"input_ids": {0: "n", 1: "t"}, "attention_mask": {0: "n", 1: "t"}, "vectors": {0: "n"}}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tracing warns of every shape; the gate is what tells
        torch.onnx.export(
            Whole().eval(), (ids, mask), str(path), dynamo=False, opset_version=17,
            input_names=["input_ids", "attention_mask"], output_names=["vectors"], dynamic_axes=axes,
        )  # fmt: skip


def _quantised(path: Path) -> Path:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    made = path.with_name("int8.onnx")
    quantize_dynamic(path, made, per_channel=True, weight_type=QuantType.QInt8)
    return made


def _held_against(chain: Any, path: Path, folder: ModelFolder) -> float:
    """The least cosine over the gate's texts, alone and in one padded batch."""
    import onnxruntime
    import torch

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    tokenizer = FastTokenizer.of(folder)
    room = folder.max_tokens - tokenizer.special_tokens
    rows = [[*tokenizer.prefix, *tokens[:room], *tokenizer.suffix] for tokens in tokenizer.tokenize(_GATE)]
    least = 1.0
    for batch in ([row] for row in rows):
        least = min(least, _cosine(chain, session, batch, torch))
    return min(least, _cosine(chain, session, rows, torch))


def _cosine(chain: Any, session: Any, rows: list[list[int]], torch: Any) -> float:
    ids, mask = padded(rows, 0)
    with torch.inference_mode():
        features = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
        ours = chain(features)["sentence_embedding"].numpy()
    theirs = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return float(((ours * theirs).sum(axis=1) / np.maximum(lengths, 1e-12)).min())


def padded(rows: Sequence[TokenIds], pad: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Token ids and mask, int64 (N, T)."""
    ids = np.full((len(rows), max(map(len, rows))), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return ids, mask
