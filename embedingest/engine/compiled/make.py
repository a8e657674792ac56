"""Making the compiled form of a model: convert by way of torch, hold it against torch, write what passes.

Runs once per model and machine. Knows no cache policy and no queue.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
import time
from typing import TYPE_CHECKING, Final, cast

import numpy as np

from embedingest.engine import hardware
from embedingest.engine.compiled import runtime
from embedingest.engine.compiled.convert import Converter
from embedingest.engine.compiled.graphs import BATCH_TOKENS, infer, run_options
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.gate import compare, probe_tokens
from embedingest.engine.precision import candidates
from embedingest.engine.scheduling.batching import batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.note import CompiledNote, Probe, Trial
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.gate import FiguresDict
    from embedingest.engine.precision import Precision

__all__ = ["make"]

_log = logging.getLogger(__name__)

_CHECKED_PROBE: Final = 5  # index of the probe whose vector is kept in the note, to be computed again at every load


def make(folder: ModelFolder, settings: ModelConfig, place: Path) -> CompiledNote:
    """Write the graph of the first precision that passes the gate into `place`.

    Answers the note of the compiled model; where none passes, a note with `refused`, the reason.

    Raises OSError when there is no room, ModelLoadError when torch cannot load the model either.
    """
    _check_room(folder, place)
    began = time.perf_counter()
    _log.info("compiling model %s, once for this machine", folder.path)
    maker = _Maker(folder, settings, place)
    tried: list[Trial] = []
    for precision in candidates(settings.precision, hardware.flags()):
        try:
            vectors = maker.run(precision)
        except Exception as error:
            if isinstance(error, OSError):
                raise
            _check_room(folder, place)  # a disk that filled up meanwhile is no fault of the precision
            tried.append({"form": precision.name, "error": f"{type(error).__name__}: {str(error).strip()[-300:]}"})
            _log.info("form %s of model %s does not run: %r", precision.name, folder.path, error)
            continue
        figures = compare(maker.reference, vectors)
        tried.append(cast("Trial", {"form": precision.name, **figures.as_dict()}))
        _log.info("model %s as %s: %s", folder.path, precision.name, figures.as_dict())
        # 8 bit weights are a vector class of their own: their figures are noted, and need not pass.
        if figures.passed or precision.name == "int8":
            maker.write(precision)
            seconds = round(time.perf_counter() - began, 3)
            return {
                "form": precision.name,
                "gate": figures.as_dict(),
                "tried": tried,
                "probe": maker.probe(vectors),
                "seconds": seconds,
            }
    maker.clear()
    reasons = "; ".join(f"{t['form']}: {t.get('error') or _figures_text(t)}" for t in tried)
    return {"refused": f"no compiled form gives its vectors ({reasons})", "tried": tried}


class _Maker:
    """One model that is being made: torch's reference vectors, and the graphs written so far."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig, place: Path) -> None:
        tokenizer = FastTokenizer.of(folder)
        window = min(settings.max_tokens or folder.max_tokens, folder.context_length)
        self._rows = [[*tokenizer.prefix, *ids, *tokenizer.suffix] for ids in probe_tokens(tokenizer, window)]
        self._converter = Converter(folder)
        self._pad = int(folder.config.get("pad_token_id") or 0)
        self._most = folder.context_length
        self._place = place
        self.reference = self._converter.reference(self._rows)

    def run(self, precision: Precision) -> NDArray[np.float32]:
        """Vectors of the probes in this precision, in mixed batches as bulk has them."""
        ov = runtime.load()
        path = self._graph(precision)
        if not path.is_file():
            ov.save_model(self._converter.graph(precision.graph), str(path), compress_to_fp16=False)
        request = ov.Core().compile_model(str(path), "CPU", run_options(precision, None)).create_infer_request()
        answers: dict[int, NDArray[np.float32]] = {}
        for group in batches([len(row) for row in self._rows], budget=BATCH_TOKENS, most=64):
            rows: Sequence[Sequence[int]] = [self._rows[i] for i in group]
            answers.update(zip(group, infer(request, rows, pad=self._pad, most=self._most), strict=True))
        return np.stack([answers[i] for i in range(len(self._rows))])

    def probe(self, vectors: NDArray[np.float32]) -> Probe:
        row = self._rows[_CHECKED_PROBE]
        return {"ids": [int(i) for i in row], "vector": [float(x) for x in vectors[_CHECKED_PROBE]]}

    def write(self, precision: Precision) -> None:
        """Leave this precision's graph as `model.xml` and `model.bin`, and nothing else."""
        graph = self._graph(precision)
        graph.rename(self._place / "model.xml")
        graph.with_suffix(".bin").rename(self._place / "model.bin")
        self.clear(keep=("model.xml", "model.bin"))

    def clear(self, keep: Sequence[str] = ()) -> None:
        for path in self._place.iterdir():
            if path.name not in keep:
                path.unlink()

    def _graph(self, precision: Precision) -> Path:
        # A file of its own for each graph: one that a compiled model has mapped must not be written over.
        return self._place / f"try-{precision.graph}.xml"


def _check_room(folder: ModelFolder, place: Path) -> None:
    """Raises OSError where two graphs do not fit side by side; quotas and limits of the process count too."""
    needed = 2 * folder.size_bytes + 2**20
    if shutil.disk_usage(place).free < needed:
        raise OSError(errno.ENOSPC, f"{os.strerror(errno.ENOSPC)}: {needed} bytes are needed", str(place))
    if hasattr(os, "posix_fallocate"):
        with tempfile.TemporaryFile(dir=place) as file:
            os.posix_fallocate(file.fileno(), 0, needed)


def _figures_text(figures: FiguresDict | Trial) -> str:
    return f"cosine mean {figures['mean']}, least {figures['least']}"
