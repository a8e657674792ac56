"""From a model folder to its kept compiled form, opened: found, made where there is none, mended where it is damaged.

Knows the cache and what runs an entry; no text, no queue, and not what stands in for a model that cannot be compiled.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING, cast

from embedingest.engine import cancellation
from embedingest.engine.compiled import cache, runtime
from embedingest.engine.compiled.graphs import Share
from embedingest.engine.compiled.running import BLOBS, Compiled
from embedingest.engine.precision import vector_class
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from embedingest.config import ModelConfig
    from embedingest.engine.compiled.cache import Entry
    from embedingest.engine.compiled.note import CacheKey, CompiledNote, Trial
    from embedingest.engine.compiled.reference import Reference
    from embedingest.engine.compiled.running import Successor
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["UnfitError", "compiled_note", "entry_of", "key_of", "opened"]

_log = logging.getLogger(__name__)


class UnfitError(Exception):
    """Why a model cannot be run compiled. Never reaches a caller: it becomes a warning or a ModelLoadError."""


def compiled_note(
    folder: ModelFolder, settings: ModelConfig, *, threads: int | None = None, streams: int | None = None
) -> CompiledNote | None:
    """The note of a folder's compiled model, with the gate's figures; `None` before its first use."""
    entry = cache.find(key_of(folder, settings, Share.of(threads, streams)))
    if entry is None:
        return None
    return cast("CompiledNote", {name: value for name, value in entry.note.items() if name not in ("probe", "files")})


def key_of(folder: ModelFolder, settings: ModelConfig, share: Share) -> CacheKey:
    """What the compiled form of a folder is made for under these settings."""
    window = min(settings.max_tokens or folder.max_tokens, folder.context_length)
    return cache.key_of(folder, window, settings.precision, vector_class(settings.precision), share)


def opened(folder: ModelFolder, settings: ModelConfig, share: Share, successor: Successor) -> Compiled:
    """The compiled model of a folder, made now if it was never made. Raises UnfitError, ModelLoadError, ImportError.

    What is left of its gate is compared from now on; `successor` opens what takes its place where it fails there.
    """
    if runtime.runtime_version() is None:
        raise UnfitError("OpenVINO is not installed for this platform")
    key = key_of(folder, settings, share)
    reason = ""
    for _ in range(2):
        references: list[Reference] = []
        with _closed(references):
            entry, discard = entry_of(folder, settings, key, share, references)
            if entry.refused is not None:
                raise UnfitError(entry.refused)
            try:
                model = _checked(folder, settings, entry, share)
            except ModelLoadError:
                raise
            except Exception as error:  # noqa: BLE001 -- a damaged graph may fail in any way; it is made again, once
                reason = f"{type(error).__name__}: {error}"
                cache.forget(entry.folder, reason)
                continue
            model.on_close, model.successor = discard, successor
            model.begin_rest(*references)
            references.clear()
            return model
    raise UnfitError(f"its compiled form does not load: {reason}")


@contextlib.contextmanager
def _closed(references: Sequence[Reference]) -> Iterator[None]:
    """Closes those that nobody took."""
    try:
        yield
    finally:
        for reference in references:
            reference.close()


def _checked(folder: ModelFolder, settings: ModelConfig, entry: Entry, share: Share) -> Compiled:
    if not entry.has_blobs:
        with cache.making(entry.note["key"]):  # so that no other process reads half a blob
            entry = _with_blobs(folder, settings, entry, share)
    model = Compiled(folder, settings, entry, share)
    model.check_probe()
    return model


def _with_blobs(folder: ModelFolder, settings: ModelConfig, entry: Entry, share: Share) -> Entry:
    """The entry with OpenVINO's own compiled form, in a kind of it that gives the same vectors when it is read again.

    The kind without weights is smaller, and for some graphs has their constants as they were before compiling.
    """
    for mode in BLOBS:
        entry = cache.amend(entry, {**entry.note, "blobs": mode})
        try:
            for _ in ("written", "read"):
                cancellation.check()
                model = Compiled(folder, settings, entry, share)
                model.check_probe()
                model.check_probe(bulk=True)
        except ValueError as error:
            _log.info("model %s compiled with %s: %s", folder.path, mode, error)
            cache.drop_blobs(entry)
        else:
            break
    return entry


def entry_of(
    folder: ModelFolder,
    settings: ModelConfig,
    key: CacheKey,
    share: Share,
    references: list[Reference],
    failed: Sequence[Trial] = (),
) -> tuple[Entry, Callable[[], None]]:
    """The kept entry of a key, made where there is none, and what removes it if it is this process's own.

    `failed` are forms that are not tried again; `references` gets torch's side where it is still needed. Raises
    UnfitError, ModelLoadError.
    """
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
