"""A pipeline that follows its folder in a thread, and a way to wait until it has caught up."""

from __future__ import annotations

import contextlib
import threading
import time

from embedingest.errors import TableMissingError
from embedingest.ingest.state.journal import Journal
from tests.waiting import until

SETTLE_MS = 50


class Following:
    """The world's pipeline under `follow`. Use as a context manager; what it raised is raised on leaving."""

    def __init__(self, world, **watch):
        world.settings["watch"] = {"settle_ms": SETTLE_MS, "poll_ms": 50, **watch}
        self.world = world
        self.reports = []
        self.notices = []
        self.pipeline = None
        self._last = time.monotonic()
        self._error = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        there = [path for path in self.world.folder.rglob("*.md") if ".git" not in path.parts]
        self.until(lambda: self.reports and len(self.sources()) >= len(there))
        return self

    def __exit__(self, *_):
        self.world.stop.set()
        self._thread.join()
        self.world.stop.clear()
        if self._error is not None:
            raise self._error

    def _run(self):
        try:
            with self.world.pipeline() as self.pipeline:
                for report in self.pipeline.follow(on_notice=self.notices.append):
                    self.reports.append(report)
                    self._last = time.monotonic()
        except BaseException as error:
            self._error = error

    def until(self, condition):
        until(lambda: self._error or condition())
        if self._error is not None:
            raise self._error

    def sources(self):
        """What is in the table now; nothing while there is none."""
        try:
            return self.world.sources_in_table()
        except TableMissingError:
            return set()

    def pending(self):
        """What the journal says waits for confirmation, as another process reads it."""
        with contextlib.closing(Journal(self.pipeline.journal.path)) as journal:
            return set(journal.pending())

    def ask(self, verb, **arguments):
        """Ask the writer, as another process does, and wait for the answer."""
        with contextlib.closing(Journal(self.pipeline.journal.path)) as journal:
            key = journal.ask(verb, arguments, time.time())
            self.until(lambda: journal.request(key).state not in {"waiting", "taken"})

    def until_quiet(self, quiet=0.6):
        """Until nothing has happened for a while, and a change made now has been seen."""
        self.until(lambda: time.monotonic() - self._last > quiet)
        mark = self.world.write("mark.md", f"mark {time.monotonic_ns()}")
        self.until(lambda: mark.read_text() in self.texts())
        mark.unlink()
        self.until(lambda: "docs/mark.md" not in self.sources())

    def texts(self):
        """Every text in the table now."""
        with contextlib.closing(self.world.table()) as table:
            names = list(table.source_states())
            return {row.text for rows in table.rows(names).values() for row in rows}
