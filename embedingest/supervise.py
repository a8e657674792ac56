"""Several pipelines and a server in one process: started, followed, scheduled, re-read with the least work.

Knows no command line. A pipeline that fails is reported and the others go on.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from embedingest.build.extend import extended, mirrors_of
from embedingest.build.pipelines import open_pipeline
from embedingest.build.remembered import remember
from embedingest.build.serving import open_searcher, open_server
from embedingest.build.session import Session
from embedingest.config import DEFAULT, parse_schedule
from embedingest.engine.engine import hosts as engine_hosts
from embedingest.errors import EmbedingestError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from embedingest.config import Config, PipelineConfig
    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.report import IngestReport
    from embedingest.server.run import HttpServer

__all__ = ["Supervisor", "hosts"]

_log = logging.getLogger(__name__)
_TICK_SECONDS: Final = 0.2


def hosts(session: Session) -> dict[str, str]:
    """The hosts that a run will talk to, each with the key that is the reason. Opens no connection."""
    config, reasons = session.config, {}
    for name in dict.fromkeys(pipeline.engine for pipeline in config.pipelines.values()):
        if config.engine_of(name).engine != "local":
            for host in engine_hosts(session.engine_of(name)):
                reasons[str(host)] = "engine" if name == DEFAULT else f"engines.{name}"
    for name, pipeline in config.pipelines.items():
        for mirror in mirrors_of(extended(pipeline, (), config.state)):
            for host in mirror.source.hosts:
                reasons[str(host)] = f"pipelines.{name}.sources"
            mirror.source.close()
        if "://" in pipeline.db and not pipeline.db.startswith("file:"):
            parts = urlsplit(pipeline.db)
            reasons[f"{parts.scheme}://{parts.netloc}"] = f"pipelines.{name}.db"
    return reasons


@dataclass(slots=True)
class _Member:
    """One pipeline under way."""

    config: PipelineConfig
    stop: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def end(self) -> None:
        self.stop.set()
        if self.thread is not None:
            self.thread.join()


class Supervisor:
    """Runs a configuration until `stop` is set, or until no pipeline and no server is left.

    `on_report` is called with a pipeline's name and each of its reports, from that pipeline's thread; `on_message` with
    everything else worth a line.
    """

    def __init__(
        self,
        config: Config,
        *,
        stop: threading.Event,
        on_report: Callable[[str, IngestReport], None],
        on_message: Callable[[str], None] = _log.info,
    ) -> None:
        self.config = config
        self.failures: dict[str, BaseException] = {}
        self._stop = stop
        self._on_report = on_report
        self._on_message = on_message
        self._session = Session(config)
        self._members: dict[str, _Member] = {}
        self._server: HttpServer | None = None
        self._reread: Callable[[], Config] | None = None

    def ask_to_reread(self, read: Callable[[], Config]) -> None:
        """Have `read` called soon, and the configuration that it returns applied. Safe in a signal handler."""
        self._reread = read

    def run(self) -> None:
        """Follow everything. Raises the first failure when nothing could be kept running."""
        try:
            self._start()
            while not self._stop.wait(_TICK_SECONDS) and self._alive():
                if self._reread is not None:
                    read, self._reread = self._reread, None
                    self._apply(read)
        finally:
            self._end()
        if self.failures and not self._stop.is_set():
            raise next(iter(self.failures.values()))

    def once(self, *, allow_deletes: bool = False) -> dict[str, IngestReport]:
        """Converge each pipeline once, one after the other."""
        reports = {}
        try:
            for name in self.config.pipelines:
                if self._stop.is_set():
                    break
                try:
                    with open_pipeline(self._session, name, stop=self._stop) as pipeline:
                        remember(pipeline, self._session.config)
                        reports[name] = pipeline.converge(allow_deletes=allow_deletes)
                        self._on_report(name, reports[name])
                except EmbedingestError as error:
                    self._fail(name, error)
        finally:
            self._session.close()
        return reports

    # -- starting and ending

    def _start(self) -> None:
        self._serve()
        for name in self.config.pipelines:
            self._begin(name)

    def _begin(self, name: str) -> None:
        member = _Member(self.config.pipelines[name])
        self.failures.pop(name, None)
        member.thread = threading.Thread(target=self._follow, args=(name, member), name=f"pipeline-{name}")
        self._members[name] = member
        member.thread.start()

    def _end(self) -> None:
        for member in self._members.values():
            member.stop.set()
        for member in self._members.values():
            member.end()
        self._members = {}
        if self._server is not None:
            self._server.stop()
            self._server = None
        self._session.close()

    def _alive(self) -> bool:
        threads = [member.thread for member in self._members.values()]
        following = any(thread is not None and thread.is_alive() for thread in threads)
        return following or (self._server is not None and not self.config.pipelines)

    def _serve(self) -> None:
        settings = self.config.server
        if settings is None:
            return
        first = next(iter(self.config.pipelines.values()), None)
        searcher = (
            None
            if first is None
            else open_searcher(self._session, db=first.db, table=first.table, model=first.model, engine=first.engine)
        )
        self._server = open_server(self._session, settings, searcher)
        self._server.start(self._stop)
        self._on_message(f"serving at {self._server.url}")

    # -- one pipeline, in its own thread

    def _follow(self, name: str, member: _Member) -> None:
        try:
            with open_pipeline(self._session, name, stop=member.stop) as pipeline:
                remember(pipeline, self._session.config)
                reports = pipeline.follow() if member.config.schedule is None else _scheduled(pipeline, member)
                for report in reports:
                    self._on_report(name, report)
        except Exception as error:  # noqa: BLE001 -- kept, and raised at the end; the other pipelines go on
            self._fail(name, error)

    def _fail(self, name: str, error: BaseException) -> None:
        self.failures[name] = error
        self._on_message(f"pipeline `{name}` stopped: {' '.join(str(error).split())}")

    # -- re-reading

    def _apply(self, read: Callable[[], Config]) -> None:
        """Go over to a configuration read anew, touching only what differs. A broken one changes nothing."""
        try:
            new = read()
        except EmbedingestError as error:
            self._on_message(f"the configuration is refused, the old one goes on: {error}")
            return
        if _shared(new) != _shared(self.config):
            self._on_message("engine, models or folders changed: everything starts again")
            self._end()
            self.config, self._session = new, Session(new)
            self._start()
            return
        old, self.config = self.config, new
        self._session.config = new
        changed = {name for name, settings in old.pipelines.items() if settings != new.pipelines.get(name)}
        for name in changed:
            self._members.pop(name).end()
        if old.server != new.server and self._server is not None:
            self._server.stop()
            self._server = None
        if old.server != new.server:
            self._serve()
        started = [name for name in new.pipelines if name not in self._members]
        for name in started:
            self._begin(name)
        kept = len(new.pipelines) - len(started)
        self._on_message(f"configuration applied: {len(changed)} stopped, {len(started)} started, {kept} untouched")


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
        outside_changes = -1
        while not member.stop.wait(_TICK_SECONDS) and time.monotonic() < due and not pipeline.outage.due:
            if outside_changes != pipeline.journal.outside_changes():
                outside_changes = pipeline.journal.outside_changes()
                yield from pipeline.serve_requests()
