"""Several pipelines and a server in one process: started, followed, scheduled, re-read with the least work.

Knows no command line. A pipeline that fails is said and the others go on.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from embedingest.build.pipelines import open_pipeline
from embedingest.build.remembered import remember
from embedingest.build.serving import open_searcher, open_server
from embedingest.build.session import Session
from embedingest.config import parse_schedule
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
_TICK_SECONDS = 0.2


def hosts(session: Session) -> dict[str, str]:
    """The hosts that a run will talk to, each with the key that is the reason. Opens no connection."""
    config, found = session.config, {}
    for name in dict.fromkeys(pipeline.engine for pipeline in config.pipelines.values()):
        if config.engine_of(name).engine != "local":
            for host in engine_hosts(session.engine_of(name)):
                found[str(host)] = "engine" if name == "default" else f"engines.{name}"
    for name, pipeline in config.pipelines.items():
        from embedingest.build.extend import extended, mirrors_of

        for mirror in mirrors_of(extended(pipeline, (), config.state)):
            for host in mirror.source.hosts:
                found[str(host)] = f"pipelines.{name}.sources"
            mirror.source.close()
        if "://" in pipeline.db and not pipeline.db.startswith("file:"):
            parts = urlsplit(pipeline.db)
            found[f"{parts.scheme}://{parts.netloc}"] = f"pipelines.{name}.db"
    return found


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

    `tell` hears of every report, from the pipelines' own threads; `said` of everything else worth a line.
    """

    def __init__(
        self,
        config: Config,
        *,
        stop: threading.Event,
        tell: Callable[[str, IngestReport], None],
        said: Callable[[str], None] = _log.info,
    ) -> None:
        self.config = config
        self.failures: dict[str, BaseException] = {}
        self._stop = stop
        self._tell = tell
        self._said = said
        self._workshop = Session(config)
        self._members: dict[str, _Member] = {}
        self._server: HttpServer | None = None
        self._reread: Callable[[], Config] | None = None

    def ask_to_reread(self, read: Callable[[], Config]) -> None:
        """Have `read` called, and what it gives applied, soon. Safe in a signal handler."""
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
                    with open_pipeline(self._workshop, name, stop=self._stop) as pipeline:
                        remember(pipeline, self._workshop.config)
                        reports[name] = pipeline.converge(allow_deletes=allow_deletes)
                        self._tell(name, reports[name])
                except EmbedingestError as error:
                    self._fail(name, error)
        finally:
            self._workshop.close()
        return reports

    # Starting and ending

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
        self._workshop.close()

    def _alive(self) -> bool:
        following = any(m.thread is not None and m.thread.is_alive() for m in self._members.values())
        return following or (self._server is not None and not self.config.pipelines)

    def _serve(self) -> None:
        settings = self.config.server
        if settings is None:
            return
        first = next(iter(self.config.pipelines.values()), None)
        searcher = (
            None
            if first is None
            else open_searcher(self._workshop, db=first.db, table=first.table, model=first.model, engine=first.engine)
        )
        self._server = open_server(self._workshop, settings, searcher)
        self._server.start()
        self._said(f"serving at {self._server.url}")

    # One pipeline, in its own thread

    def _follow(self, name: str, member: _Member) -> None:
        try:
            with open_pipeline(self._workshop, name, stop=member.stop) as pipeline:
                remember(pipeline, self._workshop.config)
                reports = pipeline.follow() if member.config.schedule is None else _scheduled(pipeline, member)
                for report in reports:
                    self._tell(name, report)
        except Exception as error:  # noqa: BLE001 -- kept, and raised at the end; the other pipelines go on
            self._fail(name, error)

    def _fail(self, name: str, error: BaseException) -> None:
        self.failures[name] = error
        self._said(f"pipeline `{name}` stopped: {error}")

    # Re-reading

    def _apply(self, read: Callable[[], Config]) -> None:
        """Go over to a configuration read anew, touching only what differs. A broken one changes nothing."""
        try:
            new = read()
        except EmbedingestError as error:
            self._said(f"the configuration is refused, the old one goes on: {error}")
            return
        if _shared(new) != _shared(self.config):
            self._said("engine, models or folders changed: everything starts again")
            self._end()
            self.config, self._workshop = new, Session(new)
            self._start()
            return
        old, self.config = self.config, new
        self._workshop.config = new
        changed = {n for n in old.pipelines if old.pipelines[n] != new.pipelines.get(n)}
        for name in changed:
            self._members.pop(name).end()
        if old.server != new.server and self._server is not None:
            self._server.stop()
            self._server = None
        if old.server != new.server:
            self._serve()
        begun = [name for name in new.pipelines if name not in self._members]
        for name in begun:
            self._begin(name)
        kept = len(new.pipelines) - len(begun)
        self._said(f"configuration applied: {len(changed)} stopped, {len(begun)} started, {kept} untouched")


def _shared(config: Config) -> Any:
    return config.state, config.plugins, config.engine, config.engines, config.models


def _scheduled(pipeline: Pipeline, member: _Member) -> Iterator[IngestReport]:
    """Converge now and at each appointed time; what other processes ask is answered in between."""
    assert member.config.schedule is not None
    schedule = parse_schedule(member.config.schedule)
    while not member.stop.is_set():
        report = pipeline.attempt()
        if report is not None:
            yield report
        now = datetime.now().astimezone()
        due = time.monotonic() + (schedule.following(now) - now).total_seconds()
        asked = -1
        while not member.stop.wait(_TICK_SECONDS) and time.monotonic() < due and not pipeline.outage.due:
            if asked != pipeline.journal.outside_changes():
                asked = pipeline.journal.outside_changes()
                yield from pipeline.serve_requests()
