"""The path on a CPU: the model compiled by OpenVINO. Once made it starts without torch.

Made once by way of torch, held against torch's own fp32 forward at the gate, kept in the user's cache. Where it cannot
be made or fails the gate, torch serves. Knows no queue and no text.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from embedingest.engine import cancellation
from embedingest.engine.compiled import cache, runtime
from embedingest.engine.compiled.graphs import BATCH_TOKENS, Share, infer
from embedingest.engine.compiled.mapped import give_back
from embedingest.engine.folder.encoder import FolderEncoder
from embedingest.engine.precision import PRECISIONS, vector_class
from embedingest.engine.static import create as static
from embedingest.engine.vectors import cosines
from embedingest.errors import EngineClosedError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.cache import Entry
    from embedingest.engine.compiled.note import CacheKey, CompiledNote, Trial
    from embedingest.engine.compiled.reference import Reference
    from embedingest.engine.compiled.rest import Rest
    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.gate import Figures

__all__ = ["CompiledEncoder", "compiled_note", "create"]

_log = logging.getLogger(__name__)

_BULK_AFTER_TOKENS: Final = 4096  # once batches have had so many tokens, the streams for bulk are compiled
_BLOBS: Final = ("OPTIMIZE_SIZE", "OPTIMIZE_SPEED")  # OpenVINO's: without the weights, and with them
_LEAST_PROBE_COSINE: Final = 0.999  # of the vector in the note to the same text's at load


class UnfitError(Exception):
    """Why a model cannot be run compiled. Never reaches a caller: it becomes a warning or a ModelLoadError."""


def create(
    folder: ModelFolder, settings: ModelConfig, *, threads: int | None = None, streams: int | None = None
) -> Encoder:
    """The compiled encoder of a folder, made now if it was never made; torch's where that cannot be.

    `threads` bounds the cores, `streams` how many batches run side by side. Raises ModelLoadError.
    """
    if folder.is_static:  # nothing to compile
        return static(folder, settings)
    try:
        return _compiled(folder, settings, Share.of(threads, streams))
    except (UnfitError, ImportError) as error:
        if settings.precision == "int8":
            # torch would give vectors of another class under the same name.
            raise ModelLoadError(
                f"model {folder.path} cannot run in int8: {error}", remedy="use `precision: auto`"
            ) from error
        _log.warning("torch runs model %s: %s", folder.path, error)
    cancellation.check()
    from embedingest.engine.torch.encoder import create as torch_create

    return torch_create(folder, settings)


def compiled_note(
    folder: ModelFolder, settings: ModelConfig, *, threads: int | None = None, streams: int | None = None
) -> CompiledNote | None:
    """The note of a folder's compiled model, with the gate's figures; `None` before its first use."""
    entry = cache.find(_key(folder, settings, Share.of(threads, streams)))
    if entry is None:
        return None
    return cast("CompiledNote", {name: value for name, value in entry.note.items() if name not in ("probe", "files")})


def _key(folder: ModelFolder, settings: ModelConfig, share: Share) -> CacheKey:
    window = min(settings.max_tokens or folder.max_tokens, folder.context_length)
    return cache.key_of(folder, window, settings.precision, vector_class(settings.precision), share)


def _compiled(folder: ModelFolder, settings: ModelConfig, share: Share) -> CompiledEncoder:
    if runtime.runtime_version() is None:
        raise UnfitError("OpenVINO is not installed for this platform")
    key = _key(folder, settings, share)
    reason = ""
    for _ in range(2):
        references: list[Reference] = []
        with _closed(references):
            entry, discard = _entry(folder, settings, key, share, references)
            if entry.refused is not None:
                raise UnfitError(entry.refused)
            try:
                encoder = _opened(folder, settings, entry, share)
            except ModelLoadError:
                raise
            except Exception as error:  # noqa: BLE001 -- a damaged graph may fail in any way; it is made again, once
                reason = f"{type(error).__name__}: {error}"
                cache.forget(entry.folder, reason)
                continue
            encoder.on_close = discard
            encoder.begin_rest(*references)
            references.clear()
            return encoder
    raise UnfitError(f"its compiled form does not load: {reason}")


@contextlib.contextmanager
def _closed(references: Sequence[Reference]) -> Iterator[None]:
    """Closes those that nobody took."""
    try:
        yield
    finally:
        for reference in references:
            reference.close()


def _opened(folder: ModelFolder, settings: ModelConfig, entry: Entry, share: Share) -> CompiledEncoder:
    if not entry.has_blobs:
        with cache.making(entry.note["key"]):  # so that no other process reads half a blob
            entry = _with_blobs(folder, settings, entry, share)
    encoder = CompiledEncoder(folder, settings, entry, share)
    encoder.check_probe()
    return encoder


def _with_blobs(folder: ModelFolder, settings: ModelConfig, entry: Entry, share: Share) -> Entry:
    """The entry with OpenVINO's own compiled form, in a kind of it that gives the same vectors when it is read again.

    The kind without weights is smaller, and for some graphs has their constants as they were before compiling.
    """
    for mode in _BLOBS:
        entry = cache.amend(entry, {**entry.note, "blobs": mode})
        try:
            for _ in ("written", "read"):
                cancellation.check()
                encoder = CompiledEncoder(folder, settings, entry, share)
                encoder.check_probe()
                encoder.check_probe(bulk=True)
        except ValueError as error:
            _log.info("model %s compiled with %s: %s", folder.path, mode, error)
            cache.drop_blobs(entry)
        else:
            break
    return entry


def _entry(
    folder: ModelFolder,
    settings: ModelConfig,
    key: CacheKey,
    share: Share,
    references: list[Reference],
    failed: Sequence[Trial] = (),
) -> tuple[Entry, Callable[[], None]]:
    if (entry := cache.find(key)) is not None:
        return entry, lambda: None
    with cache.making(key):
        if (entry := cache.find(key)) is not None:  # another process was first
            return entry, lambda: None
        from embedingest.engine.compiled.make import make

        try:
            return cache.keep(
                key, lambda place: make(folder, settings, place, share, failed=failed, on_reference=references.append)
            )
        except OSError as error:
            raise UnfitError(f"there is no room for its compiled form: {error}") from error


class CompiledEncoder(FolderEncoder):
    """A model folder run by OpenVINO on the CPU.

    A single text runs on all cores at once. Bulk runs in several streams of one core each, compiled when the first bulk
    comes; where the model runs in one alone, as a single text does.
    """

    batch_tokens = BATCH_TOKENS

    def __init__(self, folder: ModelFolder, settings: ModelConfig, entry: Entry, share: Share) -> None:
        super().__init__(folder, settings)
        self.vector_class = vector_class(settings.precision)
        self.entry = entry
        self.on_close: Callable[[], None] = lambda: None
        self._precision = PRECISIONS[entry.note["form"]]
        self._share = share
        self.parallel = entry.note["streams"]
        self._lock = threading.Lock()
        self._latency: queue.SimpleQueue[Any] | None = self._compile(1, share.single(self._precision))
        self._bulk: queue.SimpleQueue[Any] | None = None
        self._batched_tokens = 0
        self._settings = settings
        self._rest: Rest | None = None
        self._instead: Encoder | None = None

    @property
    def runtime(self) -> dict[str, str]:
        if self._instead is not None:
            return self._instead.runtime
        gate = self.entry.note["gate"]
        return {
            "runtime": f"openvino {runtime.runtime_version()}",
            "precision": self._precision.name,
            "device": "cpu",
            "threads": str(self._share.threads),
            "streams": str(self.parallel),
            "cosine_texts": str(gate["texts"]),
            "cosine_mean": f"{gate['mean']:.6f}",
            "cosine_least": f"{gate['least']:.6f}",
        }

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Raw vectors, float32 (N, D)."""
        if self._instead is not None:
            return self._instead.encode(batch)
        return self.vectors(self.with_specials(batch))

    def vectors(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Raw vectors of token rows (special tokens included), float32 (N, D). Raises EngineClosedError once closed."""
        requests = self._requests(len(rows), sum(map(len, rows)))
        request = requests.get()
        try:
            return infer(request, rows, pad=self._pad, most=self.context_length)
        finally:
            requests.put(request)

    def check_probe(self, *, bulk: bool = False) -> None:
        """Compute the vector of the note's probe again. Raises ValueError when it comes out differently."""
        is_streams = bulk and self.parallel > 1
        self._check(self._bulk_requests() if is_streams else self._single())

    def _check(self, requests: queue.SimpleQueue[Any]) -> None:
        probe = self.entry.note["probe"]
        request = requests.get()
        again = infer(request, [probe["ids"]], pad=self._pad, most=self.context_length)
        requests.put(request)
        # The first inference packs the weights as the processor wants them; from then on the file's are not read.
        give_back(self.entry.graph.with_suffix(".bin").resolve())
        cosine = float(cosines(again, np.array([probe["vector"]], dtype=np.float32))[0])
        if not cosine >= _LEAST_PROBE_COSINE:
            raise ValueError(f"its vectors changed (cosine {cosine:.4f} to the remembered one)")

    def warm_up(self) -> None:
        """Compile for bulk too, now."""
        self._requests(2, _BULK_AFTER_TOKENS)

    def begin_rest(self, reference: Reference | None = None) -> None:
        """Compare the texts of the gate that are left, beside the work; a failure there puts the next form in place."""
        gate = self.entry.note["gate"]
        if gate["texts"] < self.entry.note.get("texts", gate["texts"]):
            from embedingest.engine.compiled.rest import Rest

            self._rest = Rest(self.folder, self._settings, self._share, self.entry, self._settle, reference)

    def wait_for_rest(self) -> None:
        """Until all texts of the gate were compared."""
        if self._rest is not None:
            self._rest.wait()

    def _settle(self, figures: Figures | None) -> None:
        form = self._precision.name
        if figures is None:
            _log.warning("model %s as %s was found unfit by another process: the next form", self.folder.path, form)
        else:
            trial = cast("Trial", {"form": form, **figures.as_dict()})
            tried = [trial if other["form"] == form else other for other in self.entry.note["tried"]]
            if figures.passed:
                self.entry = cache.amend(self.entry, {"gate": figures.as_dict(), "tried": tried})
                return
            _log.warning(
                "model %s as %s gave vectors that differ too much in some of %d texts (least cosine %.4f); the next "
                "form takes its place, and what was embedded since its first use should be embedded anew",
                self.folder.path, form, figures.texts, figures.least,
            )  # fmt: skip
            cache.forget(self.entry.folder, f"{form} fails the gate")
            _entry(self.folder, self._settings, self.entry.note["key"], self._share, [], tried)
        self._instead = create(self.folder, self._settings, threads=self._share.limit, streams=self._share.streams)

    def close(self) -> None:
        """Give the weights back. A batch that is computed at this moment still ends well; a later one is refused."""
        if self._rest is not None:
            self._rest.stop()
        if self._instead is not None:
            self._instead.close()
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
        blobs = {"CACHE_DIR": str(self.entry.folder / "blobs"), "CACHE_MODE": self.entry.note.get("blobs", _BLOBS[0])}
        try:
            compiled = runtime.compile_kept(str(self.entry.graph), {**options, **blobs})
        except RuntimeError as error:  # a read-only or full cache, a damaged blob: only the next start is slower
            _log.info("compiling %s without keeping the result: %s", self.entry.graph, str(error).strip())
            compiled = runtime.compile_kept(str(self.entry.graph), {**options, "CACHE_DIR": ""})
        pool: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(requests):
            pool.put(compiled.create_infer_request())
        return pool
