"""What travels between the driver of a run and its nodes: parts, and what became of their files. Opens nothing.

A part goes out pickled, its outcome comes back as JSON: the same bytes stand in the run's files, where the next run
finds them after a crash.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from embedingest.ingest.state.file_state import FileState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.ingest.run.survey import Candidate

__all__ = ["Fate", "FileResult", "Part", "PartFile", "PartProgress", "PartResult", "result_from_json", "result_to_json"]

Fate = Literal["stored", "vanished", "put_back"]
"""What became of a file of a part: it is in the fragments, or is known to have failed or to be left out (`stored`); it
went away (`vanished`); it has a text that another part computes, and comes again (`put_back`).
"""

_VERSION: Final = 1


class PartFile(NamedTuple):
    """One file of a part, and what the journal knew of it."""

    candidate: Candidate
    before: FileState | None


class Part(NamedTuple):
    """Files that one node brings into fragments, as a whole or not at all.

    `number` is unique in a run; halves of a part have numbers of their own. Stored rows and vectors are looked up in
    `version` of the table. `again`: it, or what it is a half of, was tried before; then its node embeds nothing of
    another beside it, so that whatever ends the node is in this part.
    """

    number: int
    version: int
    files: tuple[PartFile, ...]
    again: bool = False


class FileResult(NamedTuple):
    """What became of one file.

    `state` is what the journal is to say of it, `None` unless it is `stored`. `outcome` names its counter in the
    report, empty likewise; the others are its chunks, as a report counts them.
    """

    source: str
    state: FileState | None
    fate: Fate
    outcome: str = ""
    new: int = 0
    kept: int = 0
    refreshed: int = 0
    deleted: int = 0
    truncated: int = 0


class PartResult(NamedTuple):
    """What became of a part: uncommitted fragments with its rows, as Lance writes them in JSON, and ids to delete.

    `fragments` hold `rows` rows in all, those of new chunks and of refreshed ones; `delete_ids` are ids whose rows in
    earlier versions go when the fragments come. `texts`, `tokens` and `characters` were embedded, `reused` vectors were
    known. `seconds` is the time by stage.
    """

    number: int
    files: tuple[FileResult, ...]
    fragments: tuple[str, ...] = ()
    delete_ids: tuple[str, ...] = ()
    rows: int = 0
    texts: int = 0
    tokens: int = 0
    characters: int = 0
    reused: int = 0
    seconds: Mapping[str, float] = {}


class PartProgress(NamedTuple):
    """How far a part is that is under way: its files that are whole, their chunks and bytes, the tokens embedded."""

    part: int
    files: int = 0
    chunks: int = 0
    bytes: int = 0
    tokens: int = 0


def result_to_json(result: PartResult) -> bytes:
    """The outcome of a part as a file of the run."""
    files = [(*file[:1], _state_to_json(file.state), *file[2:]) for file in result.files]
    document = {**result._asdict(), "files": files, "seconds": dict(result.seconds), "format": _VERSION}
    return json.dumps(document, separators=(",", ":")).encode("ascii")  # escaped: names may be no Unicode


def result_from_json(data: bytes) -> PartResult:
    """What `result_to_json` wrote. Raises ValueError for anything else."""
    try:
        document = json.loads(data)
        if document.pop("format") != _VERSION:
            raise ValueError("the outcome of a part has another format")
        files = tuple(FileResult(source, _state_from_json(state), *rest) for source, state, *rest in document["files"])
        lists = {name: tuple(document[name]) for name in ("fragments", "delete_ids")}
        return PartResult(**{**document, **lists, "files": files})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"this is not the outcome of a part: {error}") from error


def _state_to_json(state: FileState | None) -> list[Any] | None:
    return None if state is None else [*state[:-1], dict(state.notices)]


def _state_from_json(values: list[Any] | None) -> FileState | None:
    if values is None:
        return None
    state = FileState(*values)
    return state._replace(children=tuple(state.children))
