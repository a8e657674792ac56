"""A kept compiled model that is run: requests for single texts and for bulk, the probe at load, the rest of its gate.

What encoders and scorers stand on. Knows rows of numbers; no text, no queue, and not how it was made.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

import numpy as np

from embedingest.engine.compiled import cache, runtime
from embedingest.engine.compiled.graphs import infer
from embedingest.engine.compiled.mapped import give_back
from embedingest.engine.gate import agreement
from embedingest.engine.precision import PRECISIONS
from embedingest.errors import EngineClosedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.cache import Entry
    from embedingest.engine.compiled.graphs import Share
    from embedingest.engine.compiled.note import Trial
    from embedingest.engine.compiled.reference import Reference
    from embedingest.engine.compiled.rest import Rest
    from embedingest.engine.encoder import Encoder
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.gate import Figures
    from embedingest.engine.scorer import Scorer

__all__ = ["BLOBS", "Compiled", "Successor"]

_log = logging.getLogger(__name__)

BLOBS: Final = ("OPTIMIZE_SIZE", "OPTIMIZE_SPEED")
"""OpenVINO's names of how it keeps its compiled form: without the weights, and with them."""

_BULK_AFTER_TOKENS: Final = 4096  # once batches have had so many tokens, the streams for bulk are compiled
_LEAST_PROBE_COSINE: Final = 0.999  # of the vector in the note to the same text's at load
_LEAST_PROBE_SCORE: Final = 0.99  # as `agreement` has it


class Successor(Protocol):
    """Opens what takes the place of a model that was found unfit."""

    def __call__(self, tried: list[Trial] | None, /) -> Encoder | Scorer:
        """`tried` says of the forms what is known by now; `None` where another process found it out."""
        ...


class Compiled:
    """A kept entry run by OpenVINO on the CPU.

    A single text runs on all cores at once. Bulk runs in several streams of one core each, compiled when the first bulk
    comes; where the model runs in one alone, as a single text does.
    """

    def __init__(self, folder: ModelFolder, settings: ModelConfig, entry: Entry, share: Share) -> None:
        self.entry = entry
        self.parallel = entry.note["streams"]
        self.on_close: Callable[[], None] = lambda: None
        self.successor: Successor | None = None
        self.instead: Any = None
        """The encoder or scorer that took its place."""
        self._folder, self._settings, self._share = folder, settings, share
        self._pad = int(folder.config.get("pad_token_id") or 0)
        self._precision = PRECISIONS[entry.note["form"]]
        self._lock = threading.Lock()
        self._latency: queue.SimpleQueue[Any] | None = self._compile(1, share.single(self._precision))
        self._bulk: queue.SimpleQueue[Any] | None = None
        self._batched_tokens = 0
        self._rest: Rest | None = None

    @property
    def runtime(self) -> dict[str, str]:
        """How it runs, for people."""
        if self.instead is not None:
            return dict(self.instead.runtime)
        gate = self.entry.note["gate"]
        measure = "score" if "spread" in gate else "cosine"
        return {
            "runtime": f"openvino {runtime.runtime_version()}",
            "precision": self._precision.name,
            "device": "cpu",
            "threads": str(self._share.threads),
            "streams": str(self.parallel),
            f"{measure}_texts": str(gate["texts"]),
            f"{measure}_mean": f"{gate['mean']:.6f}",
            f"{measure}_least": f"{gate['least']:.6f}",
        }

    def vectors(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Raw vectors of token rows (special tokens included), float32 (N, D). Raises EngineClosedError once closed."""
        requests = self._requests(len(rows), sum(map(len, rows)))
        request = requests.get()
        try:
            return infer(request, rows, pad=self._pad, most=self._folder.context_length)
        finally:
            requests.put(request)

    def check_probe(self, *, bulk: bool = False) -> None:
        """Compute the vector of the note's probe again. Raises ValueError when it comes out differently."""
        is_streams = bulk and self.parallel > 1
        self._check(self._bulk_requests() if is_streams else self._single())

    def _check(self, requests: queue.SimpleQueue[Any]) -> None:
        probe = self.entry.note["probe"]
        request = requests.get()
        again = infer(request, [probe["ids"]], pad=self._pad, most=self._folder.context_length)
        requests.put(request)
        # The first inference packs the weights as the processor wants them; from then on the file's are not read.
        give_back(self.entry.graph.with_suffix(".bin").resolve())
        spread = self.entry.note["gate"].get("spread")
        found = float(agreement(np.array([probe["vector"]], dtype=np.float32), again, spread)[0])
        if not found >= (_LEAST_PROBE_COSINE if spread is None else _LEAST_PROBE_SCORE):
            raise ValueError(f"its answers changed (agreement {found:.4f} with the remembered one)")

    def warm_up(self) -> None:
        """Compile for bulk too, now."""
        self._requests(2, _BULK_AFTER_TOKENS)

    def begin_rest(self, reference: Reference | None = None) -> None:
        """Compare the texts of the gate that are left, beside the work; a failure there puts the next form in place."""
        gate = self.entry.note["gate"]
        if gate["texts"] < self.entry.note.get("texts", gate["texts"]):
            from embedingest.engine.compiled.rest import Rest

            self._rest = Rest(self._folder, self._settings, self._share, self.entry, self._settle, reference)

    def wait_for_rest(self) -> None:
        """Until all texts of the gate were compared."""
        if self._rest is not None:
            self._rest.wait()

    def _settle(self, figures: Figures | None) -> None:
        form, tried = self._precision.name, None
        if figures is None:
            _log.warning("model %s as %s was found unfit by another process: the next form", self._folder.path, form)
        else:
            trial = cast("Trial", {"form": form, **figures.as_dict()})
            tried = [trial if other["form"] == form else other for other in self.entry.note["tried"]]
            if figures.passed:
                self.entry = cache.amend(self.entry, {"gate": figures.as_dict(), "tried": tried})
                return
            what = "vectors" if figures.spread is None else "scores"
            _log.warning(
                "model %s as %s gave %s that differ too much in some of %d texts (agreement down to %.4f); the next "
                "form takes its place, and what was made of them since its first use should be made anew",
                self._folder.path, form, what, figures.texts, figures.least,
            )  # fmt: skip
            cache.forget(self.entry.folder, f"{form} fails the gate")
        self.instead = None if self.successor is None else self.successor(tried)

    def close(self) -> None:
        """Give the weights back. A batch that is computed at this moment still ends well; a later one is refused."""
        if self._rest is not None:
            self._rest.stop()
        if self.instead is not None:
            self.instead.close()
        with self._lock:  # else streams that are compiled at this moment would stay
            self._latency = self._bulk = None
        self.on_close()

    def _single(self) -> queue.SimpleQueue[Any]:
        if (requests := self._latency) is None:
            raise EngineClosedError("the model was unloaded")
        return requests

    def _requests(self, texts: int, tokens: int) -> queue.SimpleQueue[Any]:
        single = self._single()
        if texts == 1 or self.parallel == 1:
            return single
        if (bulk := self._bulk) is not None:
            return bulk
        with self._lock:
            self._batched_tokens += tokens
            if self._batched_tokens < _BULK_AFTER_TOKENS:
                return single
            if self._bulk is None:
                self._bulk = self._streams(self._single())
            return self._bulk

    def _streams(self, single: queue.SimpleQueue[Any]) -> queue.SimpleQueue[Any]:
        try:
            streams = self._bulk_requests()
            self._check(streams)
            return streams
        except (RuntimeError, ValueError) as error:  # the entry was pruned since: slower is better than not at all
            _log.warning("bulk work runs without streams: %s", str(error).strip())
            return single

    def _bulk_requests(self) -> queue.SimpleQueue[Any]:
        return self._compile(self.parallel, self._share.bulk(self._precision, self.parallel))

    def _compile(self, requests: int, options: dict[str, Any]) -> queue.SimpleQueue[Any]:
        # The blob beside the graph spares the next process the compiling.
        blobs = {"CACHE_DIR": str(self.entry.folder / "blobs"), "CACHE_MODE": self.entry.note.get("blobs", BLOBS[0])}
        try:
            compiled = runtime.compile_kept(str(self.entry.graph), {**options, **blobs})
        except RuntimeError as error:  # a read-only or full cache, a damaged blob: only the next start is slower
            _log.info("compiling %s without keeping the result: %s", self.entry.graph, str(error).strip())
            compiled = runtime.compile_kept(str(self.entry.graph), {**options, "CACHE_DIR": ""})
        pool: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(requests):
            pool.put(compiled.create_infer_request())
        return pool
