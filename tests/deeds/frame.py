"""What all deeds share: a small library that is followed while something is done to it, and what must hold afterwards.

A deed is a module of this folder: `do(it)` does it, with `it` a `Stage`. It may have `before(it)` (what there is before
the program starts; a library of six documents without it), `holds(it)` (what must hold beside the table's equality)
and `SETTINGS` of the pipeline. Whatever was done, the table must come to equal a fresh ingest, in every column but
the time of the ingest.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import stat
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from embedingest.errors import TableMissingError
from embedingest.store.token import version_token
from tests.faults.following import Following
from tests.ingest.fresh import expected
from tests.ingest.world import World
from tests.waiting import until_passes

HERE = Path(__file__).parent
NO_DEEDS = {"frame", "__init__"}
NAMES = sorted(
    path.stem for path in HERE.glob("*.py") if path.stem not in NO_DEEDS and not path.stem.startswith("test_")
)
EVERY = 1 if os.environ.get("EMBEDINGEST_DEEDS") == "all" else 16
"""Each way plays every sixteenth deed, unless `EMBEDINGEST_DEEDS=all` asks for each of them."""
BY_EVENTS, BY_POLLING = NAMES[::EVERY], NAMES[EVERY // 2 :: EVERY]
MARK = "zz-mark.md"
MEMORY = Path("/dev/shm")
UNIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="the deeds use links, pipes and names of Unix")
# They mostly wait.
AT_ONCE = 8
HOUR_SECONDS = 3600

GIT_SETTINGS = [
    *("-c", "user.name=me", "-c", "user.email=me@here"),
    *("-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"),
]
LIBRARY = {
    "plan.md": "# Plan\n\nThe bridge is to be built before the river rises in spring.",
    "notes/apes.md": "# Apes\n\nThe ape sleeps in the tallest tree of the forest.",
    "notes/bees.md": "# Bees\n\nThe bee carries what it finds to the hive at noon.",
    "notes/deep/cows.txt": "The cow stands in the rain and waits for the evening.",
    "work/dogs.md": "# Dogs\n\nThe dog guards the gate when the family is away.",
    "work/eels.rst": "Eels\n====\n\nThe eel swims far out into the sea to spawn.",
}


def rest(path):
    """Make a file one that was written an hour ago."""
    an_hour_ago = time.time() - HOUR_SECONDS
    os.utime(path, (an_hour_ago, an_hour_ago))


class Starting(Following):
    """Up as soon as its first look is over, or it has nothing to look for."""

    def texts(self):
        try:
            return super().texts()
        except TableMissingError:
            return set()

    def __enter__(self):
        self._thread.start()
        self.until(lambda: self.reports or (self.pipeline is not None and self.pipeline.paused))
        return self


class Stage:
    """One deed's library, followed by events or by polling."""

    def __init__(self, base, *, polling, settings):
        self.world = World(base, **settings)
        self.folder = self.world.folder
        self.watch = {"polling": polling, "sweep_seconds": 3600, **settings.get("watch", {})}
        self.following = None
        self.before = {}

    # -- for deeds

    def path(self, name):
        return self.folder / name

    def write(self, name, text):
        return self.world.write(name, text)

    def rested(self, name, text):
        """Written an hour ago."""
        path = self.write(name, text)
        rest(path)
        return path

    def library(self):
        for name, text in LIBRARY.items():
            self.rested(name, text)

    def git(self, *words):
        subprocess.run(["git", *GIT_SETTINGS, *words], cwd=self.folder, check=True, capture_output=True)

    def work_tree(self):
        """The library, committed on the branch `main`."""
        self.library()
        self.git("init")
        self.git("add", ".")
        self.git("commit", "-m", "first")

    @property
    def embedded(self):
        """The texts that were embedded since the deed began, without the mark."""
        return [text for text in self.world.engine.texts if not text.startswith("mark ")]

    def pending(self):
        return self.following.pending()

    def ask(self, verb, **arguments):
        self.following.ask(verb, **arguments)

    def until(self, condition):
        self.following.until(condition)

    def seen(self, *names):
        """Wait until these files stand in the table as they are now."""
        texts = [self.path(name).read_text().strip().splitlines()[-1] for name in names]
        self.until(lambda: all(any(text in stored for stored in self.following.texts()) for text in texts))

    def gone(self, *names):
        """Wait until these documents are in the table no more."""
        self.until(lambda: not {f"docs/{name}" for name in names} & self.following.sources())

    @contextlib.contextmanager
    def away(self):
        """The program ends; what is done meanwhile it finds when it starts again."""
        self._end()
        try:
            yield
        finally:
            self._start()

    # -- for the frame

    def _start(self):
        self.following = Starting(self.world, **self.watch)
        self.following.__enter__()

    def _end(self):
        following, self.following = self.following, None
        if following is not None:
            following.__exit__(None, None, None)

    def play(self, deed):
        """Start, do it, and see that all of it holds."""
        getattr(deed, "before", Stage.library)(self)
        self._rest()
        try:
            self._start()
            self.world.engine.texts.clear()
            self.before = self.world.contents()
            deed.do(self)
            self.settle()
            if hasattr(deed, "holds"):
                deed.holds(self)
        finally:
            self._end()
        assert not difference(self.world.contents(), expected(self.world)), "it was equal, and is not any more"

    def _rest(self):
        """What there is before the deed was there long before: a watch begins with all of it, and waits for none."""
        for folder, _, names in os.walk(self.world.base):
            for path in (Path(folder, name) for name in names):
                if stat.S_ISREG(path.lstat().st_mode) and 0 <= time.time() - path.lstat().st_mtime < HOUR_SECONDS:
                    rest(path)

    def settle(self):
        """Until the table equals a fresh ingest, with a mark that was made after the deed."""
        if self.folder.is_dir():
            self.write(MARK, f"mark {time.monotonic_ns()}")
        should, token = expected(self.world), None

        def equal():
            nonlocal token
            if self.following._error is not None:
                raise self.following._error
            now = version_token(self.world.db, "chunks")
            assert now != token, told
            found = difference(self.contents(), should)
            told[:] = [found]
            # An unchanged table need not be read again.
            token = now if found else None
            assert not found, told

        told = []
        until_passes(equal, seconds=30)

    def contents(self):
        """What the table holds now; nothing where there is none."""
        try:
            return self.world.contents(still=False)
        except TableMissingError:
            return {}


def difference(has, should):
    """Sources of which rows are missing or too many, by what is wrong with them."""
    missing = sorted({should[key][0].source for key in should.keys() - has.keys()})
    surplus = sorted({has[key][0].source for key in has.keys() - should.keys()})
    other = {
        has[key][0].source: [
            f"{name}: {getattr(has[key][0], name)!r} for {getattr(should[key][0], name)!r}"
            for name in has[key][0].__dataclass_fields__
            if getattr(has[key][0], name) != getattr(should[key][0], name)
        ]
        for key in has.keys() & should.keys()
        if has[key] != should[key]
    }
    told = {"missing": missing, "surplus": surplus, "other": other}
    return {name: sources for name, sources in told.items() if sources}


def play(name, *, polling):
    """Do one deed in a folder of its own."""
    deed = importlib.import_module(f"tests.deeds.{name}")
    memory = MEMORY if MEMORY.is_dir() and not getattr(deed, "DISK", False) else None
    with tempfile.TemporaryDirectory(prefix=f"deed-{name}-", dir=memory) as base:
        Stage(Path(base), polling=polling, settings=dict(getattr(deed, "SETTINGS", {}))).play(deed)


@pytest.fixture(scope="module")
def played(request):
    """The deeds of this module that were asked for, done side by side: a future for each name."""
    names = [item.callspec.params["name"] for item in request.session.items if item.module is request.module]
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield {name: pool.submit(play, name, polling=request.module.POLLING) for name in names}
    finally:
        pool.shutdown(cancel_futures=True)
