"""What a convergence asks of the walk that brings files into the table, whoever does it. A seam, without code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from embedingest.ingest.run.progress import Stands

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.scan.roots import Root

__all__ = ["FileWalk", "Stopped", "WalkMaker"]


class Stopped(Exception):  # noqa: N818 -- asked for, not an error
    """The run was asked to stop."""


class FileWalk(Stands, Protocol):
    """Brings table and journal to what the files say that are added; `Walk` does it in this process.

    `vanished` are files that went away since they were found, `failed` the sources of those that could not be ingested.
    """

    vanished: list[Candidate]
    failed: list[str]

    def add(self, candidates: Sequence[Candidate]) -> None:
        """Take up files."""
        ...

    def run(self, inbox: Callable[[], None]) -> None:
        """Until nothing is left to do. `inbox` is called often and may `add`.

        Raises Stopped, EngineError, StoreError.
        """
        ...

    def rest(self) -> None:
        """Take up nothing more: what is under way is brought to its end and written, and then the walk is over."""
        ...

    def doubt(self, root: Root, folders: Collection[str], found: Collection[str]) -> None:
        """Rules of these folders changed, and only `found` is left there."""
        ...

    def expect_gone(self, sources: Iterable[str]) -> dict[str, int]:
        """These sources are no longer there. Answers the sizes in bytes of those that have rows."""
        ...

    def awaits(self, size: int) -> bool:
        """Whether a file of so many bytes waits to be read, or is under way."""
        ...

    @property
    def backlog(self) -> bool:
        """Whether files wait to be read."""
        ...

    @property
    def expects_texts(self) -> bool:
        """Whether this process will likely embed texts soon."""
        ...

    @property
    def urgent(self) -> bool:
        """Whether files that somebody waits for are under way."""
        ...

    @property
    def moved(self) -> Collection[str]:
        """Sources that are gone, and whose content was found again under another."""
        ...

    @property
    def noticed(self) -> Collection[str]:
        """Sources of files with notices, some more than are named at most."""
        ...

    @property
    def total(self) -> int:
        """How many files were taken up."""
        ...


class WalkMaker(Protocol):
    """Makes the walk of one run; with `watched`, what changed last is urgent."""

    def __call__(self, resources: Resources, report: IngestReport, *, watched: bool) -> FileWalk: ...
