"""Commands to the writer of a table: carried out here, or by the process that writes it. Waits for the outcome."""

from __future__ import annotations

import time
from contextlib import contextmanager
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.cli._exit_codes import ExitCode
from embedingest.cli._interrupt import stop_on_signals
from embedingest.cli._output import print_json, print_note
from embedingest.cli._progress import progress_line
from embedingest.cli._reports import print_report
from embedingest.cli._typed import typed
from embedingest.errors import ConfigError, LockedError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from embedingest.cli._interrupt import StopEvent
    from embedingest.config import Config
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import IngestReport

__all__ = ["note_unknown", "perform_or_request", "refuse_unknown"]

_POLL_SECONDS: Final = 0.1
_LOCK_SECONDS: Final = 1.0
"""How often a command that waits for another process tries to take the lock itself."""
_LEASE_SECONDS: Final = 5.0
"""The same for a lease, where each try asks the store."""


class _Wish(NamedTuple):
    """What is wanted of whoever may write the table; `path` is its journal, `recall` gives the settings as of now."""

    config: Config
    recall: Callable[[], Config]
    path: Path
    verb: str
    arguments: dict[str, Any]
    lock_seconds: float


def note_unknown(named: Sequence[str], known: Collection[str], reason: str) -> None:
    """Say of each document that was named and is not among those that it concerns, so that a typo is seen."""
    for source in named:
        if source not in known:
            near = get_close_matches(source, known, n=1)
            print_note(f"{source}: {reason}" + (f"; did you mean {near[0]}?" if near else "; see `embedingest status`"))


def refuse_unknown(state: Path, db: str, table: str, named: Sequence[str]) -> None:
    """Nothing is done where no name is known, as `forget` does nothing then. Raises ConfigError."""
    from embedingest.build.inspect import knows_none

    if named and knows_none(state, db, table, named):
        what = f"`{named[0]}` is no document" if len(named) == 1 else f"none of the {len(named)} names is a document"
        raise ConfigError(
            f"{what} of the table", remedy=f"`{typed('status', state, db, table)}` lists what failed and what waits"
        )


def perform_or_request(
    state: Path, db: str, table: str, verb: str, arguments: dict[str, Any], *, as_json: bool = False
) -> int:
    """Carry out `verb` here, or, where another process writes the table, request it there and wait for the answer.

    Where that process ends first, it is carried out here after all; where this one is told to stop first, the request
    is withdrawn. Returns the exit code. The settings are those the table was last written with. Raises
    EmbedingestError where the request failed.
    """
    from embedingest.build.journals import journal_path
    from embedingest.build.remembered import recall
    from embedingest.store.uri import local_folder

    lock_seconds = _LEASE_SECONDS if local_folder(db) is None else _LOCK_SECONDS
    settings = partial(recall, state, db, table)
    place = state, db, table
    wish = _Wish(settings(), settings, journal_path(state, db, table), verb, arguments, lock_seconds)
    with stop_on_signals() as stop:
        try:
            report = _performed(wish, stop, as_json=as_json)
        except LockedError as error:
            print_note(f"{error.message}; asking it to {verb}, and waiting", style="dim")
            answer = _awaited(wish, stop, as_json=as_json)
            return stop.exit_code(ExitCode.DONE if answer is None else _print_answer(answer, place, as_json=as_json))
    print_report(report, as_json=as_json, place=place)
    return stop.exit_code(report.exit_code)


def _performed(wish: _Wish, stop: StopEvent, *, as_json: bool) -> IngestReport:
    with _writer(wish, stop, as_json=as_json) as pipeline:
        return pipeline.perform(wish.verb, wish.arguments)


@contextmanager
def _writer(wish: _Wish, stop: StopEvent, *, as_json: bool) -> Iterator[Pipeline]:
    """The pipeline, open, with the settings of now: who held the lock before may have forgotten a root, or named one.

    Raises LockedError.
    """
    from embedingest.build.session import Session

    config = wish.config
    with progress_line(as_json=as_json) as progress:
        while True:
            with Session(config) as session:
                pipeline = session.pipeline(progress=progress, stop=stop)
                pipeline.open()
                before, config = config, _settings_now(wish, config)
                if config == before:
                    yield pipeline
                    return


def _settings_now(wish: _Wish, before: Config) -> Config:
    try:
        return wish.recall()
    except StoreError:  # lost with the journal meanwhile
        return before


def _awaited(wish: _Wish, stop: StopEvent, *, as_json: bool) -> Mapping[str, Any] | None:
    """The answer to a request, or to what was done here once the lock was free; `None` where `stop` came first."""
    from embedingest.ingest.question import Question

    question = Question(wish.path, wish.verb, wish.arguments)
    next_try = time.monotonic() + wish.lock_seconds
    try:
        while not stop.wait(_POLL_SECONDS):
            if (answer := question.answer()) is not None:
                return answer
            if time.monotonic() < next_try:
                continue
            try:
                with _writer(wish, stop, as_json=as_json) as pipeline:
                    # Its last deed may have been to answer.
                    answer = question.answer(ask=False)
                    return answer if answer is not None else pipeline.perform(wish.verb, wish.arguments).to_json()
            except LockedError:
                next_try = time.monotonic() + wish.lock_seconds
        if not question.withdrawn():
            print_note(f"the process that writes the table has begun to {wish.verb} and goes on", style="yellow")
    finally:
        question.close()
    return None


def _print_answer(answer: Mapping[str, Any], place: tuple[Path, str, str], *, as_json: bool) -> int:
    from embedingest.ingest.report import IngestReport

    report = IngestReport.from_json(answer)
    if as_json:
        print_json(answer)
    else:
        print_report(report, as_json=False, place=place)
    return report.exit_code
