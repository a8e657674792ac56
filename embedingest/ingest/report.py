"""What a run did: the counts of one convergence and its `--json` document. Knows no terminal."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "REPORTED",
    "ChunkCounts",
    "EmbedCounts",
    "Failure",
    "FileCounts",
    "FileNotice",
    "IngestReport",
    "Notices",
    "Progress",
    "ProgressSink",
    "SnapshotDeed",
]

REPORTED: Final = {"reported": True}
"""Goes with a log record (`extra`) of what the report of the run tells as well: who prints that need not show both."""


@dataclass(slots=True)
class _Counts:
    """Counters by name; `to_json` has all of them, in the order of their fields."""

    def add(self, name: str, count: int = 1) -> None:
        """Count `count` more of `name`. Raises AttributeError where there is no such counter."""
        setattr(self, name, getattr(self, name) + count)

    def to_json(self) -> dict[str, int]:
        return {counter.name: getattr(self, counter.name) for counter in fields(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, int]) -> Self:
        """What `to_json` wrote; counters that the document lacks are 0."""
        return cls(**{counter.name: document.get(counter.name, 0) for counter in fields(cls)})


@dataclass(slots=True)
class FileCounts(_Counts):
    """Files by what became of them.

    Each file `seen` is in one class: new, changed, moved, unchanged, skipped, empty or failed. `deleted` files are
    gone from the table, `pending_deletes` wait for a person.
    """

    seen: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    deleted: int = 0
    unchanged: int = 0
    skipped: int = 0
    empty: int = 0
    failed: int = 0
    pending_deletes: int = 0


@dataclass(slots=True)
class ChunkCounts(_Counts):
    """Rows by what became of them; `truncated` are those whose text the engine cut to fit the model."""

    new: int = 0
    kept: int = 0
    refreshed: int = 0
    deleted: int = 0
    truncated: int = 0


@dataclass(slots=True)
class EmbedCounts(_Counts):
    """Texts that were embedded, with their tokens and characters; `reused` are vectors that were known already."""

    texts: int = 0
    tokens: int = 0
    characters: int = 0
    reused: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """One document that could not be ingested, or one folder that could not be read."""

    source: str
    kind: str
    error: str

    def to_json(self) -> dict[str, str]:
        return {"source": self.source, "kind": self.kind, "error": self.error}


@dataclass(frozen=True, slots=True)
class FileNotice:
    """What of one file is not in the table, or not as it stands in the file; `count` of them, of one kind."""

    source: str
    kind: str
    count: int
    detail: str

    def to_json(self) -> dict[str, Any]:
        return {"source": self.source, "kind": self.kind, "count": self.count, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Notices:
    """What is noticed of some files: `counts` has by kind how many `files` and how much in all (`count`).

    `named` has the first files of each kind, in order of kind and source.
    """

    named: list[FileNotice] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"notices": [notice.to_json() for notice in self.named], "notice_counts": self.counts}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` wrote, from a document that may lack it."""
        named = [FileNotice(**notice) for notice in document.get("notices", ())]
        return cls(named, dict(document.get("notice_counts", {})))


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands. `done` and `total` count files, `total` grows while scanning; `seconds` since it began.

    `bytes_done` of `bytes_total` are those of the same files; of a file that is under way, the share whose vectors are
    there counts as done. `seconds_left` is how long it takes until all of them are in the table, `None` while that
    cannot be told.
    """

    stage: str
    done: int
    total: int
    chunks: int
    tokens: int
    seconds: float
    bytes_done: int = 0
    bytes_total: int = 0
    seconds_left: float | None = None

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds > 0 else 0.0

    @property
    def share(self) -> float:
        """How much of it is done, from 0 to 1: by bytes, so that a large file counts as many small ones do."""
        done, total = (self.bytes_done, self.bytes_total) if self.bytes_total else (self.done, self.total)
        return min(1.0, done / total) if total else 1.0


class ProgressSink(Protocol):
    """Called with where a run stands, some ten times a second, from the thread that runs it."""

    def __call__(self, progress: Progress, /) -> None: ...


@dataclass(frozen=True, slots=True)
class SnapshotDeed:
    """What was done with the snapshot `name`: made, restored or dropped. `rows` are those that it has, or had."""

    did: str
    name: str
    rows: int

    def to_json(self) -> dict[str, Any]:
        return {"did": self.did, "name": self.name, "rows": self.rows}


@dataclass(slots=True)
class IngestReport:
    """What one run did. `seconds` is the time by stage, `stopped` whether the run was asked to end early, `nodes` how
    many engines were at work.

    `snapshot` is set where all that was asked for concerns one, and then nothing was run.
    """

    files: FileCounts = field(default_factory=FileCounts)
    chunks: ChunkCounts = field(default_factory=ChunkCounts)
    embedded: EmbedCounts = field(default_factory=EmbedCounts)
    failures: list[Failure] = field(default_factory=list)
    notices: Notices = field(default_factory=Notices)
    seconds: dict[str, float] = field(default_factory=dict)
    stopped: bool = False
    nodes: int = 1
    snapshot: SnapshotDeed | None = None

    @property
    def exit_code(self) -> int:
        """0, or 1 when some documents failed or deletions wait for confirmation."""
        return int(bool(self.files.failed or self.failures or self.files.pending_deletes))

    def spend(self, stage: str, seconds: float) -> None:
        """Add time to a stage."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def changed_anything(self) -> bool:
        """Whether the table was written."""
        return bool(self.chunks.new or self.chunks.refreshed or self.chunks.deleted)

    def did_anything(self) -> bool:
        """Whether some file was new, changed, moved, gone, or failed."""
        files = self.files
        moved_on = files.new or files.changed or files.moved or files.deleted or files.failed
        return self.changed_anything() or bool(self.failures or moved_on)

    def to_json(self) -> dict[str, Any]:
        """The document of `ingest --json`; of `tag NAME` and `restore NAME` it also has `snapshot`, of a run that was
        ended early `stopped`.
        """
        document: dict[str, Any] = {
            "files": self.files.to_json(),
            "chunks": self.chunks.to_json(),
            "embedded": self.embedded.to_json(),
            "failures": [failure.to_json() for failure in self.failures],
            **self.notices.to_json(),
            "seconds": {stage: round(spent, 6) for stage, spent in self.seconds.items()},
        }
        if self.stopped:
            document["stopped"] = True
        if self.nodes > 1:
            document["nodes"] = self.nodes
        if self.snapshot is not None:
            document["snapshot"] = self.snapshot.to_json()
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` wrote, from a document that may lack parts of it."""
        return cls(
            FileCounts.from_json(document.get("files", {})),
            ChunkCounts.from_json(document.get("chunks", {})),
            EmbedCounts.from_json(document.get("embedded", {})),
            [Failure(**failure) for failure in document.get("failures", ())],
            Notices.from_json(document),
            dict(document.get("seconds", {})),
            stopped=bool(document.get("stopped", False)),
            nodes=int(document.get("nodes", 1)),
            snapshot=SnapshotDeed(**document["snapshot"]) if "snapshot" in document else None,
        )
