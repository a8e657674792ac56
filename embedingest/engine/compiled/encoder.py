"""The path on a CPU: the model compiled by OpenVINO. Once made it starts without torch.

Made once by way of torch, held against torch's own fp32 forward at the gate, kept in the user's cache. Where it cannot
be made or fails the gate, torch serves. Knows no queue and no text.
"""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from embedingest.engine import hardware
from embedingest.engine.compiled import cache, runtime
from embedingest.engine.compiled.graphs import BATCH_TOKENS, infer, run_options
from embedingest.engine.folder.encoder import FolderEncoder
from embedingest.engine.precision import FORMS, vector_class
from embedingest.engine.vectors import cosines
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.cache import Entry
    from embedingest.engine.encoder import Encoder, TokenIds
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["CompiledEncoder", "create", "taken"]

log = logging.getLogger(__name__)

_BULK_AFTER = 4096  # tokens in batches after which a process is taken to be doing bulk work
_LEAST_MEMORY_COSINE = 0.999  # of the remembered vector to the one computed at load


class UnfitError(Exception):
    """Told as a reason, never to a caller: this model cannot be run compiled."""


def create(
    folder: ModelFolder, settings: ModelConfig, *, threads: int | None = None, streams: int | None = None
) -> Encoder:
    """The compiled encoder of a folder, made now if it was never made; torch's where that cannot be.

    `threads` bounds the cores, `streams` how many batches run side by side. Raises ModelLoadError.
    """
    try:
        return _compiled(folder, settings, threads, streams)
    except (UnfitError, ImportError) as error:
        if settings.precision == "int8":
            # torch would give vectors of another class under the same name.
            raise ModelLoadError(
                f"model {folder.path} cannot run in int8: {error}", remedy="use `precision: auto`"
            ) from error
        log.warning("torch runs model %s: %s", folder.path, error)
    from embedingest.engine.torch.encoder import create as torch_create

    return torch_create(folder, settings)


def taken(folder: ModelFolder, settings: ModelConfig) -> dict[str, Any] | None:
    """What was made of a folder under these settings, with the gate's figures; `None` before the first use."""
    entry = cache.find(_key(folder, settings))
    return None if entry is None else {k: v for k, v in entry.note.items() if k not in ("probe", "files")}


def _key(folder: ModelFolder, settings: ModelConfig) -> dict[str, Any]:
    window = min(settings.max_tokens or folder.max_tokens, folder.context_length)
    return cache.key_of(folder, window, settings.precision, vector_class(settings.precision))


def _compiled(folder: ModelFolder, settings: ModelConfig, threads: int | None, streams: int | None) -> CompiledEncoder:
    if runtime.runtime_version() is None:
        raise UnfitError("OpenVINO is not installed for this platform")
    key = _key(folder, settings)
    reason = ""
    for _ in range(2):
        entry, discard = _entry(folder, settings, key)
        if entry.refused is not None:
            raise UnfitError(entry.refused)
        try:
            encoder = _opened(folder, settings, entry, threads, streams)
        except Exception as error:  # noqa: BLE001 -- a damaged graph may fail in any way; it is made again, once
            reason = f"{type(error).__name__}: {error}"
            cache.forget(entry.folder, reason)
        else:
            encoder.on_close = discard
            return encoder
    raise UnfitError(f"its compiled form does not load: {reason}")


def _opened(
    folder: ModelFolder, settings: ModelConfig, entry: Entry, threads: int | None, streams: int | None
) -> CompiledEncoder:
    if entry.has_blobs:
        encoder = CompiledEncoder(folder, settings, entry, threads=threads, streams=streams)
    else:
        with cache.making(entry.note["key"]):  # so that no other process reads half a blob
            encoder = CompiledEncoder(folder, settings, entry, threads=threads, streams=streams)
            encoder.warm_up()
    encoder.check_memory()
    return encoder


def _entry(folder: ModelFolder, settings: ModelConfig, key: dict[str, Any]) -> tuple[Entry, Callable[[], None]]:
    if (found := cache.find(key)) is not None:
        return found, lambda: None
    from embedingest.engine.compiled.make import make

    with cache.making(key):
        if (found := cache.find(key)) is not None:  # another process was first
            return found, lambda: None
        try:
            return cache.keep(key, lambda place: make(folder, settings, place))
        except OSError as error:
            raise UnfitError(f"there is no room for its compiled form: {error}") from error


class CompiledEncoder(FolderEncoder):
    """A model folder run by OpenVINO on the CPU.

    A single text runs on all cores at once; bulk runs in several streams of one core each, compiled when the first
    bulk work comes.
    """

    batch_tokens = BATCH_TOKENS

    def __init__(
        self,
        folder: ModelFolder,
        settings: ModelConfig,
        entry: Entry,
        *,
        threads: int | None = None,
        streams: int | None = None,
    ) -> None:
        super().__init__(folder, settings)
        self.vector_class = vector_class(settings.precision)
        self.entry = entry
        self.on_close: Callable[[], None] = lambda: None
        self._form = FORMS[entry.note["form"]]
        self._threads = threads or hardware.cores()
        self.parallel = streams or min(self._threads, 8)
        self._core = runtime.load().Core()
        self._lock = threading.Lock()
        self._latency = self._compile(1, run_options(self._form, threads))
        self._bulk: queue.SimpleQueue[Any] | None = None
        self._seen = 0

    @property
    def runtime(self) -> dict[str, str]:
        gate = self.entry.note["gate"]
        return {
            "runtime": f"openvino {runtime.runtime_version()}",
            "precision": self._form.name,
            "device": "cpu",
            "threads": str(self._threads),
            "streams": str(self.parallel),
            "cosine_mean": f"{gate['mean']:.6f}",
            "cosine_least": f"{gate['least']:.6f}",
        }

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Raw vectors, float32 (N, D)."""
        rows = self.with_specials(batch)
        requests = self._requests(len(rows), sum(map(len, rows)))
        request = requests.get()
        try:
            return infer(request, rows, pad=self._pad, most=self.context_length)
        finally:
            requests.put(request)

    def check_memory(self) -> None:
        """Compute a remembered vector again. Raises ValueError when it comes out differently."""
        probe = self.entry.note["probe"]
        request = self._latency.get()
        again = infer(request, [probe["ids"]], pad=self._pad, most=self.context_length)
        self._latency.put(request)
        cosine = float(cosines(again, np.array([probe["vector"]], dtype=np.float32))[0])
        if not cosine >= _LEAST_MEMORY_COSINE:
            raise ValueError(f"its vectors changed (cosine {cosine:.4f} to the remembered one)")

    def warm_up(self) -> None:
        """Compile for bulk work too, now."""
        self._requests(2, _BULK_AFTER)

    def close(self) -> None:
        """Give the weights back."""
        self._latency = queue.SimpleQueue()
        self._bulk = None
        self.on_close()

    def _requests(self, texts: int, tokens: int) -> queue.SimpleQueue[Any]:
        if texts == 1:
            return self._latency
        if self._bulk is None:
            with self._lock:
                self._seen += tokens
                if self._seen < _BULK_AFTER:
                    return self._latency
                if self._bulk is None:
                    self._bulk = self._streams()
        return self._bulk

    def _streams(self) -> queue.SimpleQueue[Any]:
        hints = {"PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": self.parallel}
        try:
            return self._compile(self.parallel, run_options(self._form, self._threads, **hints))
        except RuntimeError as error:  # the entry was taken away since: slower is better than not at all
            log.warning("bulk work runs without streams: %s", str(error).strip())
            return self._latency

    def _compile(self, requests: int, options: dict[str, Any]) -> queue.SimpleQueue[Any]:
        # The blob beside the graph spares the next process the compiling; it holds no second copy of the weights.
        blobs = {"CACHE_DIR": str(self.entry.folder / "blobs"), "CACHE_MODE": "OPTIMIZE_SIZE"}
        try:
            compiled = self._core.compile_model(str(self.entry.graph), "CPU", {**options, **blobs})
        except RuntimeError as error:  # a read-only or full cache, a damaged blob: only the next start is slower
            log.info("compiling %s without keeping the result: %s", self.entry.graph, str(error).strip())
            compiled = self._core.compile_model(str(self.entry.graph), "CPU", {**options, "CACHE_DIR": ""})
        pool: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(requests):
            pool.put(compiled.create_infer_request())
        return pool
