"""Which built-in encoder runs a model folder: torch on a GPU, compiled on a CPU, a look-up for a static model.

Imports none of them before it must. Also explains the choice without running anything, from the note that the first
use left in the cache.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from embedingest.engine import hardware
from embedingest.engine.compiled import runtime
from embedingest.engine.precision import not_tried
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.note import CompiledNote, RuntimeFacts, Trial
    from embedingest.engine.encoder import Encoder
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.scorer import Scorer

__all__ = ["create", "explain"]

_log = logging.getLogger(__name__)

_TORCH: Final = "sentence-transformers"


def create(
    folder: ModelFolder, settings: ModelConfig, *, threads: int | None = None, streams: int | None = None
) -> Encoder | Scorer:
    """The encoder or scorer for the device of the settings; `auto` takes a GPU that torch can use, else the CPU.

    A reranker comes here whichever encoder of ours is named for it. A sparse and a late interaction model are run by
    torch on every device.
    """
    if folder.kind in ("sparse", "late"):
        return _sparse(folder, settings) if folder.kind == "sparse" else _late(folder, settings)
    if folder.is_static:
        from embedingest.engine.static import create as static

        return static(folder, settings)
    if settings.encoder == "compiled" or (settings.encoder != _TORCH and _on_cpu(settings)):
        from embedingest.engine.compiled.encoder import create as compiled

        return compiled(folder, settings, threads=threads, streams=streams)
    if folder.is_reranker:
        from embedingest.engine.torch.scorer import create as torch_scorer

        return torch_scorer(folder, settings)
    from embedingest.engine.torch.encoder import create as torch_encoder

    return torch_encoder(folder, settings)


def _sparse(folder: ModelFolder, settings: ModelConfig) -> Encoder:
    from embedingest.engine.sparse_rows import SparseRows

    if folder.is_static:
        from embedingest.engine.word_weights import create as static

        return SparseRows(static(folder, settings))
    _check_torch(folder, settings, "a sparse model")
    from embedingest.engine.torch.sparse import create as torch

    return SparseRows(torch(folder, settings))


def _late(folder: ModelFolder, settings: ModelConfig) -> Encoder:
    _check_torch(folder, settings, "asked for the vectors of its tokens")
    from embedingest.engine.torch.late import create

    return create(folder, settings)


def _check_torch(folder: ModelFolder, settings: ModelConfig, what: str) -> None:
    if settings.encoder == "compiled":
        raise ModelLoadError(
            f"{folder.path} is {what}, which is not run compiled", remedy="leave the model's `encoder` out"
        )


def explain(
    folder: ModelFolder, settings: ModelConfig, *, threads: int | None = None, streams: int | None = None
) -> RuntimeFacts:
    """What runs a folder under these settings, and why nothing faster does. Loads no weights.

    `runtime` (`None` before the first use), `precision`, `gate` (figures of the compiled model, `None` where torch runs
    it) and `rejected`, a `form` (precision) and a `reason` each. `reason` says why torch, or nothing yet, runs it.
    """
    facts: RuntimeFacts = {"runtime": "torch", "precision": "fp32", "gate": None, "reason": None, "rejected": []}
    if folder.is_static:
        return facts | {"runtime": "static", "reason": "a table of vectors, which nothing runs faster"}
    if folder.kind in ("sparse", "late"):
        return facts | {"reason": f"a {folder.kind} model, which torch runs as it is in its files"}
    if not _on_cpu(settings) and folder.is_reranker:
        return facts | {"reason": "a reranker on a GPU, where torch runs it in fp32"}
    if not _on_cpu(settings):
        return facts | {"precision": settings.precision, "reason": "it runs on a GPU; gated at every start"}
    if runtime.runtime_version() is None:
        return facts | {"reason": "OpenVINO is not installed for this platform"}
    from embedingest.engine.compiled.opening import compiled_note

    facts["rejected"] = not_tried(settings.precision, hardware.flags())
    note = compiled_note(folder, settings, threads=threads, streams=streams)
    if note is None:
        return facts | {"runtime": None, "precision": None, "reason": "it is compiled at its first use"}
    facts["rejected"] = [*_failed(note), *facts["rejected"]]
    if "refused" in note:
        return facts | {"reason": note["refused"]}
    return facts | {"runtime": note["key"]["runtime"], "precision": note["form"], "gate": note["gate"]}


def _failed(note: CompiledNote) -> list[Trial]:
    """What was tried and does not run the model, with the figures where there are some."""
    failed = [tried for tried in note["tried"] if tried["form"] != note.get("form")]
    return [{**tried, "reason": tried.get("error", "fails the gate")} for tried in failed]


def _on_cpu(settings: ModelConfig) -> bool:
    return settings.device == "cpu" or (settings.device == "auto" and not _gpu())


def _gpu() -> bool:
    if not hardware.gpu_present():
        return False
    import torch

    if not torch.cuda.is_available():
        _log.info("a GPU driver is there, but this torch cannot use it: running on the CPU")
        return False
    return True
