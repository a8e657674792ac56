"""What a run did: the counts of one convergence and its `--json` document. Knows no terminal."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Failure", "FileNotice", "IngestReport", "Notices", "Progress", "ProgressSink", "merge"]

FILE_CLASSES = (
    "seen", "new", "changed", "moved", "deleted", "unchanged", "skipped", "empty", "failed", "pending_deletes",
)  # fmt: skip
CHUNK_CLASSES = ("new", "kept", "refreshed", "deleted", "truncated")
EMBEDDED = ("texts", "tokens", "characters", "reused")


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
    """What is noticed of some files: `counts` tells by kind how many `files` and how much in all (`count`).

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
    """Where a run stands, for whoever draws it. `done` and `total` count files, `total` grows while scanning."""

    stage: str
    done: int
    total: int
    chunks: int
    tokens: int
    seconds: float
    current: str = ""

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / self.seconds if self.seconds > 0 else 0.0


class ProgressSink(Protocol):
    """Is told where a run stands, a few times a second, from the thread that runs it."""

    def __call__(self, progress: Progress, /) -> None: ...


def _zeros(names: Iterable[str]) -> dict[str, int]:
    return dict.fromkeys(names, 0)


@dataclass(slots=True)
class IngestReport:
    """Counts of one run. Each file seen is in one class: new, changed, moved, unchanged, skipped, empty or failed."""

    files: dict[str, int] = field(default_factory=lambda: _zeros(FILE_CLASSES))
    chunks: dict[str, int] = field(default_factory=lambda: _zeros(CHUNK_CLASSES))
    embedded: dict[str, int] = field(default_factory=lambda: _zeros(EMBEDDED))
    failures: list[Failure] = field(default_factory=list)
    notices: Notices = field(default_factory=Notices)
    seconds: dict[str, float] = field(default_factory=dict)
    stopped: bool = False

    @property
    def exit_code(self) -> int:
        """0, or 1 when some documents failed or deletions wait for confirmation."""
        return int(bool(self.files["failed"] or self.failures or self.files["pending_deletes"]))

    def spend(self, stage: str, seconds: float) -> None:
        """Add time to a stage."""
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def changed_anything(self) -> bool:
        """Whether the table was written."""
        return any(self.chunks[name] for name in ("new", "refreshed", "deleted"))

    def did_anything(self) -> bool:
        """Whether some file was new, changed, moved, gone, or failed."""
        names = ("new", "changed", "moved", "deleted", "failed")
        return self.changed_anything() or bool(self.failures) or any(self.files[name] for name in names)

    def to_json(self) -> dict[str, Any]:
        """The document of `ingest --json`."""
        return {
            "files": dict(self.files),
            "chunks": dict(self.chunks),
            "embedded": dict(self.embedded),
            "failures": [failure.to_json() for failure in self.failures],
            **self.notices.to_json(),
            "seconds": {stage: round(spent, 6) for stage, spent in self.seconds.items()},
        }


def merge(reports: Iterable[IngestReport]) -> IngestReport:
    """One report over several runs: work adds up, standing counts are the last run's."""
    total = IngestReport()
    for report in reports:
        for name in ("new", "changed", "moved", "deleted"):
            total.files[name] += report.files[name]
        for name in ("seen", "unchanged", "skipped", "empty", "failed", "pending_deletes"):
            total.files[name] = report.files[name]
        for name in CHUNK_CLASSES:
            total.chunks[name] += report.chunks[name]
        for name in EMBEDDED:
            total.embedded[name] += report.embedded[name]
        for stage, spent in report.seconds.items():
            total.spend(stage, spent)
        total.failures = list(report.failures)
        total.notices = report.notices
        total.stopped = report.stopped
    return total
