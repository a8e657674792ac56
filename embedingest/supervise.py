"""Several pipelines and a server in one process: started, followed, scheduled, re-read with the least work.

Knows no command line. A pipeline that fails is reported, and the others and the server go on; one that had worked, or
was begun by a configuration that was checked, is tried again until it works.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from embedingest.build.check import check_plugins, check_start
from embedingest.build.live import answering
from embedingest.build.pipelines import open_pipeline
from embedingest.build.remembered import remember
from embedingest.build.serving import check_address, check_served, open_searcher, open_server
from embedingest.build.session import Session
from embedingest.build.stores import followed_tables
from embedingest.build.watched import Fault, Watched, WatchedPipelines
from embedingest.config import parse_schedule
from embedingest.errors import ConfigError, EmbedingestError, FingerprintError
from embedingest.ingest.figures import Figures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from embedingest.config import Config, PipelineConfig, ServerConfig
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import IngestReport, ProgressSink
    from embedingest.server.run import HttpServer

    _Lines = Callable[[str], AbstractContextManager[ProgressSink]]

__all__ = ["Supervisor"]

_log = logging.getLogger(__name__)
_TICK_SECONDS: Final = 0.2
_FIRST_WAIT_SECONDS: Final = 0.5
_LONGEST_WAIT_SECONDS: Final = 60.0


@dataclass(slots=True)
class _Member:
    """One pipeline under way. What fails of a `proven` one is waited for; of another it is a mistake of the set-up."""

    config: PipelineConfig
    watched: Watched
    figures: Figures
    proven: bool = False
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def end(self) -> None:
        self.stop.set()
        if self.thread is not None:
            self.thread.join()

    @property
    def alive(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


class Supervisor:
    """Runs a configuration until `stop` is set, or until no pipeline and no server is left.

    No pipeline ends the server. `on_report` is called with a pipeline's name and each of its reports, from that
    pipeline's thread; `on_message` with everything else worth a line. `file` is what a person calls the configuration,
    for the way out of errors.
    """

    def __init__(
        self,
        config: Config,
        *,
        stop: threading.Event,
        on_report: Callable[[str, IngestReport], None],
        on_message: Callable[[str], None] = _log.info,
        file: str | None = None,
    ) -> None:
        self.config = config
        self._file = file
        self.failures: dict[str, BaseException] = {}
        self._stop = stop
        self._on_report = on_report
        self._on_message = on_message
        self._session = Session(config)
        self._members: dict[str, _Member] = {}
        self._shown = WatchedPipelines()
        self._server: HttpServer | None = None
        self._reread: tuple[Callable[[], Config], str] | None = None

    def ask_to_reread(self, read: Callable[[], Config], file: str = "the configuration") -> None:
        """Have `read` called soon, and the configuration that it returns applied. Safe in a signal handler.

        One that cannot be read, or of which something would not start, is refused as a whole, by the name `file`.
        """
        self._reread = read, file

    def run(self) -> None:
        """Follow everything. Raises the first failure when nothing could be kept running."""
        try:
            self._start()
            while not self._stop.wait(_TICK_SECONDS) and self._alive():
                if self._reread is not None:
                    (read, file), self._reread = self._reread, None
                    self._apply(read, file)
        finally:
            self._end()
        if self.failures and not self._stop.is_set():
            raise next(iter(self.failures.values()))

    def once(self, progress: _Lines, *, allow_deletes: bool = False) -> dict[str, IngestReport]:
        """Converge each pipeline once, one after the other.

        `progress` gives who is told where the pipeline of a name stands; it is left before anything else is told of it.
        """
        reports = {}
        try:
            for name in self.config.pipelines:
                if self._stop.is_set():
                    break
                try:
                    with (
                        progress(name) as sink,
                        open_pipeline(self._session, name, progress=sink, stop=self._stop) as pipeline,
                    ):
                        remember(pipeline, self._session.config)
                        reports[name] = pipeline.converge(allow_deletes=allow_deletes)
                    self._on_report(name, reports[name])
                except EmbedingestError as error:
                    self._name_file(name, error)
                    self._fail(name, error)
        finally:
            self._session.close()
        return reports

    # -- starting and ending

    def _start(self, *, proven: bool = False) -> None:
        self._serve()
        for name in self.config.pipelines:
            self._begin(name, proven=proven)

    def _begin(self, name: str, *, proven: bool) -> None:
        settings, figures = self.config.pipelines[name], Figures()
        watched = Watched(self.config.state, settings.db, settings.table, figures, schedule=settings.schedule)
        member = _Member(settings, watched, figures, proven)
        self._shown.put(name, watched, order=tuple(self.config.pipelines))
        self.failures.pop(name, None)
        member.thread = threading.Thread(target=self._follow, args=(name, member), name=f"pipeline-{name}")
        self._members[name] = member
        member.thread.start()

    def _end(self) -> None:
        for member in self._members.values():
            member.stop.set()
        for name, member in self._members.items():
            member.end()
            self._shown.drop(name)
        self._members = {}
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._session.close()

    def _alive(self) -> bool:
        return self._server is not None or any(member.alive for member in self._members.values())

    def _serve(self) -> None:
        settings = self.config.server
        if settings is None:
            return
        first = next(iter(self.config.pipelines.values()), None)
        searcher = (
            None
            if first is None
            else open_searcher(
                self._session,
                db=first.db,
                table=first.table,
                model=first.model,
                engine=first.engine,
                rerank=first.rerank,
            )
        )
        place = None if first is None else (self.config.state, first.db, first.table)
        stores = followed_tables(self._session)
        self._server = open_server(self._session, settings, searcher, place=place, pipelines=self._shown, stores=stores)
        self._server.start(self._stop)
        self._on_message(f"serving at {self._server.url}")

    # -- one pipeline, in its own thread

    def _follow(self, name: str, member: _Member) -> None:
        """Follow until it is told to stop. A proven pipeline is opened again where it failed, after growing waits."""
        attempts, said = 0, ""
        while not member.stop.is_set():
            try:
                for report in self._reports(name, member):
                    if self.failures.pop(name, None) is not None:
                        self._on_message(f"pipeline `{name}` works again")
                    member.proven, attempts, said = True, 0, ""
                    member.watched.fault = None
                    self._on_report(name, report)
            except Exception as error:  # noqa: BLE001 -- kept, and raised at the end; the other pipelines go on
                self._name_file(name, error)
                again = member.proven and isinstance(error, EmbedingestError)
                member.watched.fault = Fault.of(error, again=again)
                if not again:
                    self._fail(name, error)
                    return
                self.failures[name] = error
                if said != (said := _told(error)):
                    self._on_message(f"pipeline `{name}` waits, and is tried again until it works: {said}")
                member.stop.wait(min(_LONGEST_WAIT_SECONDS, _FIRST_WAIT_SECONDS * 2**attempts))
                attempts = min(attempts + 1, 10)

    def _reports(self, name: str, member: _Member) -> Iterator[IngestReport]:
        with open_pipeline(self._session, name, progress=member.figures, stop=member.stop) as pipeline:
            remember(pipeline, self._session.config)
            if pipeline.paused:
                self._on_message(f"pipeline `{name}`: {pipeline.paused}, and nothing is followed until it is resumed")
            place = {"db": member.config.db, "table": member.config.table, "engine": member.config.engine}
            with answering(self._session, state=self._session.config.state, **place):
                yield from pipeline.follow() if member.config.schedule is None else _scheduled(pipeline, member)

    def _fail(self, name: str, error: BaseException) -> None:
        self.failures[name] = error
        self._on_message(f"pipeline `{name}` stopped: {_told(error)}")

    def _name_file(self, name: str, error: BaseException) -> None:
        """Where the table was made with other settings, the way out is a rebuild with those of the file."""
        if isinstance(error, FingerprintError) and self._file is not None:
            table = f" --table {self.config.pipelines[name].table}" if len(self.config.pipelines) > 1 else ""
            rebuild = f"`embedingest rebuild --config {self._file}{table}`"
            error.remedy = f"set what it was made with, name another `table`, or make it anew: {rebuild}"

    # -- re-reading

    def _apply(self, read: Callable[[], Config], file: str) -> None:
        """Go over to a configuration read anew, touching only what differs. What would not start changes nothing."""
        try:
            new = read()
            self._check(new)
        except Exception as error:  # noqa: BLE001 -- a plug-in that is named may raise anything
            self._on_message(f"{file} is refused, the old settings go on: {_told(error)}")
            return
        if _shared(new) != _shared(self.config):
            self._on_message("engine, models or folders changed: everything starts again")
            self._restart(new)
            return
        old, self.config = self.config, new
        self._session.config = new
        changed = {name for name, settings in old.pipelines.items() if settings != new.pipelines.get(name)}
        ended = {name for name, member in self._members.items() if name in changed or not member.alive}
        for name in ended:
            self._members.pop(name).end()
            self._shown.drop(name)
            self.failures.pop(name, None)
        if old.server != new.server:
            self._serve_anew(old)
        started = [name for name in new.pipelines if name not in self._members]
        for name in started:
            self._begin(name, proven=True)
        kept = len(new.pipelines) - len(started)
        self._on_message(f"configuration applied: {len(changed)} stopped, {len(started)} started, {kept} untouched")

    def _check(self, new: Config) -> None:
        """Raises EmbedingestError for the first thing that differs and would not start."""
        old, anew = self.config, _shared(new) != _shared(self.config)
        tables = {
            (settings.db, settings.table)
            for name, settings in old.pipelines.items()
            if name in self._members and self._members[name].alive
        }
        check_plugins(new)
        with Session(new) as trial:
            for name, settings in new.pipelines.items():
                if anew or settings != old.pipelines.get(name):
                    try:
                        check_start(trial, name, held=(settings.db, settings.table) in tables)
                    except EmbedingestError as error:
                        raise ConfigError(f"pipelines.{name}: {error.message}", remedy=error.remedy) from error
        if new.server is not None and new.server != old.server:
            check_served(new.server)
        if new.server is not None and (old.server is None or _address(new.server) != _address(old.server)):
            check_address(new.server)

    def _restart(self, new: Config) -> None:
        """Everything with a new configuration; with the old one where the new server cannot be opened after all."""
        old = self.config
        self._end()
        self.failures.clear()
        self.config, self._session = new, Session(new)
        try:
            self._start(proven=True)
        except EmbedingestError as error:
            self._on_message(f"the old settings go on: {_told(error)}")
            self._end()
            self.config, self._session = old, Session(old)
            self._start(proven=True)

    def _serve_anew(self, old: Config) -> None:
        """The server with the settings of now; with the `old` ones where it cannot be opened after all."""
        if self._server is not None:
            self._server.stop()
            self._server = None
        try:
            self._serve()
        except EmbedingestError as error:
            self._on_message(f"the old settings of the server go on: {_told(error)}")
            self.config = self._session.config = self.config.model_copy(update={"server": old.server})
            self._serve()


def _told(error: BaseException) -> str:
    """An error and its way out, on one line."""
    if not isinstance(error, EmbedingestError):
        return " ".join(str(error).split()) or type(error).__name__
    return " ".join((error.message if error.remedy is None else f"{error.message}; {error.remedy}").split())


def _address(settings: ServerConfig) -> tuple[str, int]:
    return settings.host, settings.port


def _shared(config: Config) -> Any:
    return config.state, config.plugins, config.engine, config.engines, config.models


def _scheduled(pipeline: Pipeline, member: _Member) -> Iterator[IngestReport]:
    """Converge now and at each appointed time; what other processes ask is answered in between."""
    assert member.config.schedule is not None
    schedule = parse_schedule(member.config.schedule)
    while not member.stop.is_set():
        report = None if pipeline.paused else pipeline.attempt()
        if report is not None:
            yield report
        now = datetime.now().astimezone()
        due = time.monotonic() + (schedule.following(now) - now).total_seconds()
        outside_changes = (0, 0)
        while not member.stop.wait(_TICK_SECONDS) and time.monotonic() < due and not pipeline.outage.due:
            if outside_changes != pipeline.journal.outside_changes():
                outside_changes = pipeline.journal.outside_changes()
                yield from pipeline.serve_requests()
