"""One file to its chunks: read, choose a loader, load, choose a chunker, cut. Knows no table, no engine, no journal.

This is what a worker process does; called in one's own process it does the same, without limits of time and memory.
Nothing here imports a model.
"""

from __future__ import annotations

import dataclasses
import fnmatch
import time
from typing import TYPE_CHECKING, Any, Final, TypeVar

from blake3 import blake3

from embedingest import registry
from embedingest.errors import ConfigError, DocumentError, DocumentSkipped, EmbedingestError, PluginError
from embedingest.ingest.chunk.choose import chunker_for
from embedingest.ingest.context.front import Front
from embedingest.ingest.extract.bounds import ChunkBounds, bounded_document, bounded_metadata
from embedingest.ingest.extract.counted import CountedDocument
from embedingest.ingest.extract.pictures import picture_chunks
from embedingest.ingest.extract.reading import Job, read_file
from embedingest.ingest.extract.unknown import unknown_tokens
from embedingest.ingest.extract.values import Extracted, ExtractionSettings, Part
from embedingest.ingest.extract.weight import RowsWeight
from embedingest.ingest.identity import base_name
from embedingest.ingest.json_values import printable, spelled
from embedingest.ingest.load.choose import HEAD_BYTES, choose
from embedingest.ingest.load.common.decode import fallen_back
from embedingest.ingest.load.inner import each_document
from embedingest.ingest.notices import add_notices
from embedingest.ingest.scan.sidecar import content_hash_with

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from embedingest.ingest.chunk import Chunker
    from embedingest.ingest.load import Loader
    from embedingest.types import Document

__all__ = ["Extracted", "ExtractionSettings", "Extractor", "Job", "Part", "out_of_memory"]

_Made = TypeVar("_Made")

_MOST_REASON: Final = 500
_MOST_CODE: Final = 64
_LATEST_NS: Final = 2**63 - 1
_NO_OPTIONS: Final[Mapping[str, Any]] = {}


class Extractor:
    """Extracts with one set of settings; loaders and chunkers are made on first use and kept."""

    def __init__(self, settings: ExtractionSettings) -> None:
        self.settings: Final = settings
        self._loaders: dict[str, Loader] = {}
        self._chunkers: dict[str, Chunker] = {}

    def extract(self, job: Job, *, keep_text: bool = False) -> Extracted:
        """The chunks of one file. Raises DocumentError for this file, whatever a loader or chunker raises while it
        works; PluginError and ConfigError for one that cannot be made.
        """
        try:
            return self._extract(job, keep_text=keep_text)
        except DocumentError as error:
            raise _bounded(error, job.source) from error
        except ConfigError:
            raise
        except MemoryError as error:
            raise out_of_memory(job.source) from error
        except RecursionError as error:
            raise DocumentError(f"{job.source} is nested too deeply", source=job.source, code="corrupt") from error
        except Exception as error:
            # A loader or chunker that fails in a way of its own, or of ours, has failed at this file only.
            reason = f"{job.source} could not be read: {type(error).__name__}: {spelled(error)}"
            raise DocumentError(printable(reason, _MOST_REASON), source=job.source, code="corrupt") from error

    def _extract(self, job: Job, *, keep_text: bool) -> Extracted:
        stopwatch = _Stopwatch("read", 0.0 if job.given is None else job.given.seconds)
        read = read_file(job, self.settings.max_bytes, self.settings.sidecars)
        data, sidecar, before = read.data, read.sidecar, read.before
        content_hash = content_hash_with(str(blake3(data).hexdigest()), sidecar)
        stopwatch.lap("read")
        if content_hash == job.known_hash:
            seconds = stopwatch.seconds
            return Extracted(job.source, content_hash, before, read.after, seconds=seconds, racy=read.racy)
        loader_name = choose(job.source, data[:HEAD_BYTES], self.settings.loaders)
        loader = self._loader(loader_name)
        with fallen_back(self.settings.fallback_encoding):
            document = _alone(loader.load, data, job.source)
        said = {} if sidecar is None else dict(sidecar.notices)
        metadata = {} if sidecar is None else bounded_metadata(sidecar.values, said)
        stopwatch.lap("load")
        modified_at_ns = max(-_LATEST_NS, min(_LATEST_NS, before.mtime_ns))
        parts: list[Part] = []
        weight = RowsWeight(job.source, self.settings.max_chunks, self.settings.dimensions, metadata)
        for part in each_document(document, job.source):
            parts.append(self._part(part, content_hash, modified_at_ns, {} if parts else said, keep_text=keep_text))
            weight.add(parts[-1].document, parts[-1].chunks, parts[-1].tokens)
        stopwatch.lap("chunk")
        return Extracted(
            source=job.source,
            content_hash=content_hash,
            before=before,
            after=read.after,
            loader=loader_name,
            loader_version=loader.version,
            parts=tuple(parts),
            metadata=metadata,
            problem="" if sidecar is None else sidecar.problem,
            seconds=stopwatch.seconds,
            weight=weight.bytes,
            racy=read.racy,
        )

    def _part(
        self, document: Document, content_hash: str, modified_at_ns: int, said: Mapping[str, int], *, keep_text: bool
    ) -> Part:
        """`said` counts what was lost of what a sidecar says of this document."""
        document = bounded_document(document)
        chunker_name = self._chunker_name(document)
        chunker = self._chunker(chunker_name)
        notices = {**said, **document.notices}
        notices.update({kind: count + document.notices.get(kind, 0) for kind, count in said.items()})
        front = None if self.settings.front is None else Front(self.settings.front, document, self.settings.sizer)
        sizer, source = self.settings.sizer if front is None else front.sizer, self.settings.tokens
        counted = None if source is None else CountedDocument(document.text, sizer, source, self.settings.prompt)
        pictured = _alone(picture_chunks, document, self.settings.pictures, notices)
        cut = pictured or _alone(chunker.chunk, document, counted or sizer)
        chunks = tuple(map(ChunkBounds(notices).chunk, cut))
        if front is not None and pictured is None:
            chunks = tuple(map(front.put, chunks))
            add_notices(notices, {"context_cut": front.cut})
        tokens = () if counted is None or pictured is not None else tuple(counted.tokens_of(chunks))
        if pictured is None:
            add_notices(notices, {"unknown_tokens": unknown_tokens(document.text, self.settings.sizer)})
        keep_text = keep_text or (self.settings.front is not None and self.settings.front.written)
        facts = dataclasses.replace(
            document,
            text=document.text if keep_text else "",
            spans=document.spans if keep_text else (),
            children=(),
            picture=None,
            notices=notices,
            content_hash=content_hash,
            modified_at_ns=modified_at_ns,
        )
        return Part(facts, chunks, len(document.text), chunker_name, chunker.version, tokens)

    def _chunker_name(self, document: Document) -> str:
        base = base_name(document.source)
        for pattern, name in self.settings.chunkers.items():
            if fnmatch.fnmatchcase(document.source, pattern) or fnmatch.fnmatchcase(base, pattern):
                return name
        return chunker_for(document) if self.settings.chunker == "auto" else self.settings.chunker

    def _loader(self, name: str) -> Loader:
        if name not in self._loaders:
            self._loaders[name] = _create("loaders", name, self.settings.loader_options)
        return self._loaders[name]

    def _chunker(self, name: str) -> Chunker:
        if name not in self._chunkers:
            self._chunkers[name] = _create("chunkers", name, self.settings.chunker_options)
        return self._chunkers[name]


def out_of_memory(source: str) -> DocumentError:
    """The error of a file for which the memory of a worker does not suffice."""
    reason = f"reading {source} took more memory than a worker may use"
    return DocumentError(reason, source=source, code="memory", remedy="raise `load.memory_mib`")


def _bounded(error: DocumentError, source: str) -> DocumentError:
    """The error of a loader as one that the journal can keep, and that another process knows the class of."""
    kind: Any = error.kind
    return (DocumentSkipped if isinstance(error, DocumentSkipped) else DocumentError)(
        printable(spelled(error.message), _MOST_REASON),
        source=printable(spelled(error.source or source), len(source) + _MOST_REASON),
        kind="transient" if kind == "transient" else "machinery" if kind == "machinery" else "permanent",
        code=printable(spelled(error.code), _MOST_CODE),
        remedy=None if error.remedy is None else printable(spelled(error.remedy), _MOST_REASON),
    )


class _Stopwatch:
    """Seconds between calls, by name. What of the `first` was done elsewhere took so many `seconds`."""

    def __init__(self, first: str, seconds: float) -> None:
        self.seconds: dict[str, float] = {first: seconds}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now


def _create(group: str, name: str, options: Mapping[str, Mapping[str, Any]]) -> Any:
    settings, plugin = options.get(name, _NO_OPTIONS), name.partition("#")[0]
    if settings:
        return registry.create(group, plugin, options=settings)
    # Checking settings imports the library that checks them; without settings there is nothing to check.
    factory = registry.load(group, plugin)
    try:
        made = factory()
        version: Any = made.version
    except EmbedingestError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {spelled(error)}"
        raise PluginError(f"{group[:-1]} `{plugin}` could not start: {reason}") from error
    if not isinstance(version, str):
        raise PluginError(f"{group[:-1]} `{plugin}` has a version that is no text")
    return made


def _alone(work: Callable[..., _Made], *arguments: Any) -> _Made:
    """What a loader or chunker makes of one document: an error of ours that it raises is of that document only."""
    try:
        return work(*arguments)
    except DocumentError:
        raise
    except EmbedingestError as error:
        raise ValueError(f"{type(error).__name__}: {error.message}") from error
