"""The files of a run beside its table: what it is, and the outcome of each part. Found again after a crash.

`<table>__run/<run>/manifest.json` says what made it, and stands until it is over; `part-000017.json` beside it is
written by the node that made the part, before anybody hears of it. Knows nothing of how parts are made or committed.
"""

from __future__ import annotations

import itertools
import json
import logging
import re
import secrets
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.cluster.values import result_from_json, result_to_json
from embedingest.ingest.identity import canonical_json, hash_fields
from embedingest.store.fragments import committed_parts, written_alone
from embedingest.store.run_files import open_run_files
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.cluster.values import PartResult
    from embedingest.ingest.rows.recipe import Recipe
    from embedingest.store.run_files import RunFiles

__all__ = ["Outcomes", "Run", "RunTable", "begun", "made_by", "unfinished"]

_log = logging.getLogger(__name__)
_MANIFEST: Final = "manifest.json"
_PART: Final = re.compile(r"part-(\d{6,})\.json")
_HANDED_OUT: Final = 10_000
"""More parts than nodes had when a run was broken off: what still comes of them is mistaken for no other's."""

_USABLE_SECONDS: Final = 5 * 86_400.0
"""Files that no version of a table knows may be removed by whoever tends it after seven days."""

_SETTINGS: Final = {"load", "chunk", "context", "metadata", "metadata_rules"}


class RunTable(NamedTuple):
    """The table that a run writes, by the URI of its database and its name."""

    db: str
    name: str

    def run_files(self, run: str = "") -> RunFiles:
        """The files of a run; without its name, the folder of all runs."""
        return open_run_files(self.db, f"{self.name}__run/{run}".rstrip("/"))


def made_by(recipe: Recipe) -> str:
    """What decides the rows of a run: parts of a run that was made by anything else are of no use."""
    settings = recipe.config.model_dump(mode="json", include=_SETTINGS)
    return hash_fields(__version__, recipe.models, recipe.prompt, recipe.choice, canonical_json(settings))


class Outcomes:
    """What parts of one run came to, kept where the next run finds it; all of it raises StoreError."""

    def __init__(self, table: RunTable, run: str) -> None:
        self._files = table.run_files(run)

    def get(self, part: int) -> PartResult | None:
        """What became of a part; what cannot be read was not written to its end."""
        data = self._files.read(_name(part))
        try:
            return None if data is None else result_from_json(data)
        except ValueError:
            return None

    def keep(self, result: PartResult) -> PartResult:
        """Keep an outcome, unless there is one of this part: that is then the answer."""
        if self._files.put_if_absent(_name(result.number), result_to_json(result)):
            return result
        return self.get(result.number) or result

    def numbers(self) -> list[int]:
        """The parts that came to an end."""
        return [int(match[1]) for name in self._files.names() if (match := _PART.fullmatch(name))]

    def __iter__(self) -> Iterator[PartResult]:
        return (result for number in self.numbers() if (result := self.get(number)) is not None)


def _name(part: int) -> str:
    return f"part-{part:06d}.json"


class Run:
    """One run into one table. `since` is the version that it began with, `version` the newest that is known."""

    def __init__(self, table: RunTable, run: str, since: int, version: int, *, first: int = 0) -> None:
        self.table: Final = table
        self.id: Final = run
        self.since: Final = since
        self.version = version
        self.outcomes: Final = Outcomes(table, run)
        self._numbers = itertools.count(first)

    def next_number(self) -> int:
        """A number that no part of the run has."""
        return next(self._numbers)

    def end(self) -> None:
        """All that came to an end is committed: the next run is another."""
        _remove(self.table, self.id)


def begun(table: RunTable, version: int, made: str) -> Run:
    """A new run into a table of this version, named where the next one looks for it."""
    run = Run(table, f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{secrets.token_hex(4)}", version, version)
    manifest = {"run": run.id, "since": version, "made": made, "embedingest": __version__, "begun": time.time()}
    table.run_files(run.id).put_if_absent(_MANIFEST, json.dumps(manifest).encode())
    return run


def unfinished(table: RunTable, version: int, made: str) -> Run | None:
    """The latest run that was broken off, where it was made by the same, and nobody else wrote the table since.

    What is left of others is removed: fragments of them that no version has go when the table is cleaned.
    """
    found: Run | None = None
    for name in reversed(table.run_files().folders()):
        since = _since(table, name, made) if found is None else 0
        if 0 < since <= version and written_alone(table.db, table.name, name, since):
            _log.info("run %s into table `%s` was broken off, and goes on", name, table.name)
            used = {*Outcomes(table, name).numbers(), *committed_parts(table.db, table.name, name, since)}
            found = Run(table, name, since, version, first=max(used, default=-1) + 1 + _HANDED_OUT)
        else:
            _remove(table, name)
    return found


def _since(table: RunTable, run: str, made: str) -> int:
    """The version that a run began with; 0 where it was made by something else, is old, or that cannot be told."""
    data = table.run_files(run).read(_MANIFEST)
    try:
        manifest = {} if data is None else json.loads(data)
        usable = manifest["made"] == made and time.time() - float(manifest["begun"]) < _USABLE_SECONDS
        return int(manifest["since"]) if usable else 0
    except (ValueError, TypeError, KeyError):
        return 0


def _remove(table: RunTable, run: str) -> None:
    """Remove the files of a run, its manifest last."""
    files = table.run_files(run)
    for name in (*(name for name in files.names() if name != _MANIFEST), _MANIFEST):
        files.delete(name)
