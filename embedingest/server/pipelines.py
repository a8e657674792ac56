"""What the routes ask of the pipelines that are followed. A seam: who follows, and how, is known in `build/` alone."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import orjson

from embedingest.errors import EmbedingestError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Deed",
    "Histogram",
    "PipelineFigures",
    "PipelineRefusalError",
    "PipelineState",
    "PipelinesView",
    "document_of",
]

PipelineState = Literal["working", "at rest", "paused", "failed", "not followed"]
"""`failed`: it ended with an error, or waits to be tried again. `not followed`: nobody writes the table now."""


class PipelineRefusalError(EmbedingestError):
    """What was asked of a pipeline cannot be done as things stand: the status is 409."""


class Histogram(NamedTuple):
    """Samples in seconds: how many are at most each of `bounds` and above the one before; last those above all.

    `seconds` is the sum of all samples.
    """

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class PipelineFigures:
    """One pipeline in numbers. What is `counted`, `commits`, `freshness` and `journal_errors` are since this process
    began to follow it, and only grow; all else is as of now.

    `files` are those that the journal knows, by state (`done`, `empty`, `skipped`, `failed`, `unverified`), `waiting`
    those that are found to be new or changed and are not in the table yet. `counted` has `chunks_new`, `chunks_kept`,
    `chunks_deleted`, `texts`, `tokens`, `reused` (vectors that were known) and files by what became of them
    (`files_new`, `files_changed`, `files_moved`, `files_deleted`, `files_failed`). `commits` are the seconds of each
    commit, `freshness` those from a save (the file's time) to its commit, of files that were saved since. `table` has
    `rows`, `bytes`, `fragments`, `unindexed_rows` and `indexed_rows` as noted at the last commit, where that was ever.
    `silent` is for how many seconds its thread gave no sign, `None` where it is not followed in this process.
    """

    state: PipelineState
    error: str | None = None
    files: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    pending_deletes: int = 0
    chunks_per_second: float = 0.0
    tokens_per_second: float = 0.0
    seconds_left: float | None = None
    last_commit: float | None = None
    counted: Mapping[str, int] = field(default_factory=dict)
    commits: Histogram | None = None
    freshness: Histogram | None = None
    journal_errors: Mapping[str, int] = field(default_factory=dict)
    table: Mapping[str, float] = field(default_factory=dict)
    silent: float | None = None


class Deed(Protocol):
    """Something that was asked of a pipeline's writer. Each method is called on a thread, one at a time."""

    def look(self) -> Mapping[str, Any] | None:
        """The answer, once there is one. Says that somebody still waits. Raises what failed."""
        ...

    def withdraw(self) -> None:
        """Nobody waits any more: what was not begun is not done. Frees what the deed holds."""
        ...


class PipelinesView(Protocol):
    """The pipelines that are followed here, or whose journal is read here. Called on threads.

    No method opens a table or waits for a run, and each costs some milliseconds at most.
    """

    def names(self) -> Sequence[str]:
        """Their names, in the order of the configuration."""
        ...

    def figures(self, name: str) -> PipelineFigures:
        """One pipeline in numbers. Raises KeyError where there is none of that name (any more)."""
        ...

    def status(self, name: str) -> Mapping[str, Any]:
        """One pipeline for people: keys as in `status --json` where that has them. The same as long as nothing happens.

        Raises KeyError.
        """
        ...

    def act(self, name: str, verb: str, **what: Any) -> Deed:
        """Ask its writer to `retry`, `confirm`, `pause` or `resume`, as commands do.

        Raises KeyError, PipelineRefusalError where nobody is there to do it or it is not what was seen, ConfigError.
        """
        ...


def document_of(view: PipelinesView | None) -> bytes:
    """The document of `/ui/data/pipelines`: `{"pipelines": […]}`."""
    document: dict[str, list[Mapping[str, Any]]] = {"pipelines": []}
    if view is not None:
        for name in view.names():
            with suppress(KeyError):  # it is followed no more since its name was told
                document["pipelines"].append(view.status(name))
    try:
        return orjson.dumps(document)
    except TypeError:  # a folder may have a name that is no text
        return json.dumps(document).encode()
