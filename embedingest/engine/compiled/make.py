"""Making the compiled form of a model: convert by way of torch, hold it against torch, write what passes.

Runs once per model and machine; torch in a process of its own. Knows no cache policy and no queue.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import tempfile
import time
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

from embedingest.engine import hardware
from embedingest.engine.compiled.reference import Reference
from embedingest.engine.compiled.trial import Probes, Setting, TrialProcess, try_settings
from embedingest.engine.folder.tensors import check_numbers
from embedingest.engine.gate import agreement, compare, least_agreement, spread_of
from embedingest.engine.precision import candidates
from embedingest.engine.torch.padding import PADDING_COUNTS
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.graphs import Share
    from embedingest.engine.compiled.note import CompiledNote, Probe, Trial
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.gate import FiguresDict
    from embedingest.engine.precision import Precision

__all__ = ["make"]

_log = logging.getLogger(__name__)
_told = logging.getLogger("embedingest.told")  # shown to whoever waits, whatever else is logged

_CHECKED_PROBE: Final = 5  # index of the probe whose vector is kept in the note, to be computed again at every load
_STREAM_BATCHES: Final = 8  # of the probes, to see whether several at a time come out as one


def make(
    folder: ModelFolder,
    settings: ModelConfig,
    place: Path,
    share: Share,
    *,
    failed: Sequence[Trial] = (),
    on_reference: Callable[[Reference], None] = lambda reference: reference.close(),
) -> CompiledNote:
    """Write the graph of the first precision that runs and passes the gate into `place`.

    The gate takes 64 texts, of a small model more; the note says how many of how many, and `on_reference` is handed
    what the others can be held against, to be closed. `failed` are precisions that are known to fail.

    Answers the note of the compiled model; where none passes, a note with `refused`, the reason. What it will run
    with is compiled in another process first, and torch runs in a third: a crash there is a reason against it.

    Raises OSError when there is no room or no other process, ModelLoadError when torch cannot load the model either or
    its weights hold NaN, Cancelled.
    """
    check_numbers(folder)
    _check_room(folder, place)
    began = time.perf_counter()
    _told.info("preparing %s for this processor (once), which takes some seconds", folder.name)
    reference = Reference(folder, settings, share)
    try:
        with TrialProcess() as process:  # gets ready while torch is loaded
            note = _made(_Maker(folder, place, share, process, reference), settings, list(failed))
    except BaseException as error:  # where torch said so, its process is free for the next model
        reference.close(end=not isinstance(error, ModelLoadError))
        raise
    if note.get("texts", 0) > note.get("gate", {}).get("texts", 0):
        on_reference(reference)
    else:
        reference.close()
    if "refused" not in note:
        seconds = time.perf_counter() - began
        _told.info("%s is prepared: it runs in %s after %.1f s", folder.name, note["form"], seconds)
        note = {**note, "seconds": round(seconds, 3)}
    return {**note, "model": folder.name}


def _made(maker: _Maker, settings: ModelConfig, tried: list[Trial]) -> CompiledNote:
    if maker.reference.load():
        return {"refused": PADDING_COUNTS, "tried": tried}
    note = _first_that_passes(maker, settings, tried)
    if note is not None:
        return note
    maker.clear()
    reasons = "; ".join(f"{t['form']}: {t.get('error') or _figures_text(t)}" for t in tried)
    return {"refused": f"no compiled form gives its answers ({reasons})", "tried": tried}


def _first_that_passes(maker: _Maker, settings: ModelConfig, tried: list[Trial]) -> CompiledNote | None:
    known = {trial["form"] for trial in tried}
    for precision in candidates(settings.precision, hardware.flags()):
        if precision.name in known:
            continue
        vectors = _run(maker, precision, tried)
        if vectors is None:
            continue
        figures = compare(maker.reference.vectors(), vectors, maker.spread)
        tried.append(cast("Trial", {"form": precision.name, **figures.as_dict()}))
        _log.info("model %s as %s: %s", maker.folder.path, precision.name, figures.as_dict())
        # 8 bit weights are a vector class of their own: their figures are noted, and need not pass.
        if figures.passed or precision.name == "int8":
            streams = maker.streams(precision, vectors, tried)
            maker.write(precision)
            return {
                "form": precision.name,
                "streams": streams,
                "gate": figures.as_dict(),
                "texts": figures.texts if precision.name == "int8" else len(maker.reference.rows),
                "tried": tried,
                "probe": maker.probe(vectors),
            }
    return None


def _run(maker: _Maker, precision: Precision, tried: list[Trial]) -> NDArray[np.float32] | None:
    """Vectors of the probes; `None` where the precision does not run, with the reason in `tried`. Raises OSError."""
    try:
        outcome = maker.run(precision)
    except Exception as error:
        if isinstance(error, OSError):
            raise
        maker.check_room()  # a disk that filled up meanwhile is no fault of the precision
        outcome = f"{type(error).__name__}: {str(error).strip()[-300:]}"
    if not isinstance(outcome, str):
        return outcome
    tried.append({"form": precision.name, "error": outcome})
    _log.info("form %s of model %s does not run: %s", precision.name, maker.folder.path, outcome)
    return None


class _Maker:
    """One model that is being made: what it is held against, and the graphs written so far."""

    def __init__(
        self, folder: ModelFolder, place: Path, share: Share, process: TrialProcess, reference: Reference
    ) -> None:
        self.folder = folder
        self.reference = reference
        self._place = place
        self._share = share
        self._process = process
        self._bulk: dict[int, NDArray[np.float32] | str] = {}  # what is known of so many streams
        self._rows = reference.first

    @cached_property
    def spread(self) -> float | None:
        """Of the numbers of a reranker, by torch; `None` of a model that gives vectors."""
        return spread_of(self.reference.vectors()) if self.folder.is_reranker else None

    @property
    def _probes(self) -> Probes:
        return Probes(self._rows, int(self.folder.config.get("pad_token_id") or 0), self.folder.context_length)

    def run(self, precision: Precision) -> NDArray[np.float32] | str:
        """Vectors of the probes in this precision, in mixed batches as bulk has them; or why there are none."""
        path = self._graph(precision)
        if not path.is_file():
            self.reference.graph(precision.graph, path)
        settings = [Setting(self._share.single(precision))]
        if self._share.streams > 1:
            settings.append(self._bulk_setting(precision, self._share.streams))
        outcomes = try_settings(path, settings, self._probes, process=self._process)
        self._bulk = dict(zip((self._share.streams,), outcomes[1:], strict=False))
        return outcomes[0]

    def streams(self, precision: Precision, vectors: NDArray[np.float32], tried: list[Trial]) -> int:
        """The most batches side by side with which this precision runs and gives `vectors`; 1 is all threads on one.

        What does not run is added to `tried`.
        """
        streams = self._share.streams
        while streams > 1:
            outcome = self._bulk.get(streams)
            if outcome is None:
                setting = self._bulk_setting(precision, streams)
                outcome = try_settings(self._graph(precision), [setting], self._probes)[0]
            if not isinstance(outcome, str):
                some = sorted(index for group in self._probes.groups()[:_STREAM_BATCHES] for index in group)
                least = float(agreement(vectors[some], outcome, self.spread).min())
                if least >= least_agreement(self.spread):
                    return streams
                outcome = f"its answers differ (agreement {least:.4f}) from those of one stream"
            tried.append({"form": f"{precision.name}, {streams} streams", "error": outcome})
            _log.info("model %s as %s: %s", self.folder.path, tried[-1]["form"], outcome)
            streams //= 2
        return 1

    def _bulk_setting(self, precision: Precision, streams: int) -> Setting:
        return Setting(self._share.bulk(precision, streams), streams, _STREAM_BATCHES)

    def check_room(self) -> None:
        _check_room(self.folder, self._place)

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
    measure = "agreement" if "spread" in figures else "cosine"
    return f"{measure} mean {figures['mean']}, least {figures['least']}"
