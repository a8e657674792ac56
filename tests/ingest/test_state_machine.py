"""After any sequence of changes, stops, kills and losses the table equals a fresh ingest.

Twenty sequences by default, a hundred and fifty in `make deep`; `EMBEDINGEST_SEQUENCES=5000` tries as many. On a failure
hypothesis prints the shortest sequence it finds. In the deep run mounts come and go too, in a process of its own and
a tenth as many sequences.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from embedingest.ingest.state.journal import Journal
from embedingest.ingest.watch.values import Batch
from tests.depth import much, only_deep
from tests.ingest.crashing import Crash, CrashingEngine, CrashingTable, CrashingWords, Fuse
from tests.ingest.folder_life import MOUNTS, FolderLife
from tests.ingest.fresh import expected
from tests.ingest.test_beside import BOTH, assert_right

SEQUENCES = int(os.environ.get("EMBEDINGEST_SEQUENCES", much(20, 150)))
# A bound that only ends what hangs: hypothesis takes its time for the shortest sequence that fails.
pytestmark = [pytest.mark.slow, pytest.mark.deep, pytest.mark.timeout(600 + 5 * SEQUENCES)]
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]


class FolderMachine(FolderLife):
    """Rules that `converge` bring the table up to the folder; those of `FolderLife` only change files."""

    engine: ClassVar[Any] = CrashingEngine

    def __init__(self) -> None:
        super().__init__()
        self.fuse = Fuse()
        self.ingested = False

    def teardown(self) -> None:
        if hasattr(self, "base"):
            try:
                self.settle(confirm=True)
            finally:
                self.remove()

    def pipeline(self) -> Any:
        self.world.engine = self.engine(self.fuse)
        self.world.wrap = lambda table: CrashingTable(table, self.fuse)
        return self.world.pipeline()

    @property
    def stored(self) -> dict[str, tuple[Any, ...]]:
        """What the table holds; nothing where there is none."""
        return self.world.contents() if self.world.db.joinpath("chunks.lance").exists() else {}

    @property
    def journal_path(self) -> Any:
        return self.world.state / "chunks.sqlite"

    # -- losses

    @rule(how=st.sampled_from(["delete", "truncate", "rubbish"]))
    def lose_journal(self, how: str) -> None:
        if not self.journal_path.exists():
            return
        for beside in self.world.state.glob("chunks.sqlite-*"):
            beside.unlink()
        if how == "delete":
            self.journal_path.unlink()
        else:
            self.journal_path.write_bytes(b"" if how == "truncate" else b"no database at all" * 300)

    @rule()
    def lose_vectors(self) -> None:
        for path in self.world.state.glob("vectors.sqlite*"):
            path.unlink()

    @rule(running=st.booleans())
    def lose_state(self, running: bool) -> None:
        """`rm -rf` of the state folder with the table in it, also under a writer, which then looks at everything."""
        with self.pipeline() if running else contextlib.nullcontext() as pipeline:
            if pipeline is not None:
                pipeline.converge()
            shutil.rmtree(self.world.state, ignore_errors=True)
            if pipeline is not None:
                pipeline.converge([Batch(str(self.world.folder))])
        if running:
            assert self.stored == expected(self.world)
        self.ingested = running

    @rule(tokens=st.sampled_from([32, 48]))
    def change_settings(self, tokens: int) -> None:
        self.world.settings["chunk"] = {"max_tokens": tokens}

    @rule(seconds=st.sampled_from([1.0, 100.0, 10_000.0, -5_000.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.world.now += seconds

    # -- the program

    @rule(point=st.integers(0, 8))
    def crash(self, point: int) -> None:
        """The process ends in the middle of a run."""
        self.fuse.left = point
        pipeline = self.pipeline()
        try:
            pipeline.converge()
        except Crash:
            pass
        finally:
            self.fuse.left = -1
            pipeline.close()

    @rule()
    def stop(self) -> None:
        """The program is asked to stop, and does."""
        self.world.stop.set()
        try:
            report = self.run()
            assert report.stopped or not report.changed_anything()
        finally:
            self.world.stop.clear()

    def run(self, *batches: Batch) -> Any:
        with self.pipeline() as pipeline:
            report = pipeline.converge(batches or None)
            assert not list(pipeline.serve_requests()), "what was asked of another writer"
            return report

    @rule(verb=st.sampled_from(["confirm", "sweep", "forget"]), expired=st.booleans())
    def ask_and_give_up(self, verb: str, expired: bool) -> None:
        """Somebody asks while nobody writes, or so long ago that nobody waits any more: it is never carried out."""
        if not self.journal_path.parent.exists():
            return
        arguments = {"confirm": {}, "sweep": {"allow_deletes": True}, "forget": {"root": "docs"}}[verb]
        before = self.stored
        if expired:
            with self.pipeline() as pipeline:
                key = pipeline.journal.ask(verb, arguments, self.world.now - 1000)
                assert not list(pipeline.serve_requests())
                assert pipeline.journal.request(key).state == "withdrawn"
        else:
            with contextlib.closing(Journal(self.journal_path)) as journal:
                journal.ask(verb, arguments, self.world.now)
            with self.pipeline() as pipeline:
                assert not list(pipeline.serve_requests())
        assert self.stored == before

    @precondition(lambda self: self.ingested and self.touched)
    @rule()
    def converge_by_events(self) -> None:
        """What a watcher would name, and nothing else, is looked at."""
        self.run(Batch(str(self.world.folder), folders=frozenset(self.touched)))
        self.touched.clear()

    @rule(count=st.sampled_from([1, 1, 2, 2, 17, 17, 60, 200]), by_events=st.booleans())
    def move_many(self, count: int, by_events: bool) -> None:
        """A folder of so many documents of its own gets another name: nothing is embedded, nobody is asked."""
        old, new = self.world.folder / "many", self.world.folder / "moved"
        if not os.path.lexists(new):
            an_hour_ago = time.time() - 3600
            for number in range(count):
                path = self.world.write(f"many/part{number % 3}/doc{number}.md", f"The text that moves, {number}.")
                os.utime(path, (an_hour_ago, an_hour_ago))
        else:
            old, new = new, old
        self.settle(confirm=True)
        old.rename(new)
        batch = [Batch(str(self.world.folder), folders=frozenset({"many", "moved"}))] if by_events else []
        report = self.run(*batch)
        assert (report.embedded.texts, report.files.pending_deletes, report.files.deleted) == (0, 0, 0)
        assert report.files.moved
        assert self.stored == expected(self.world)

    @rule(confirm=st.booleans())
    def settle(self, confirm: bool) -> None:
        report = self.run()
        self.touched.clear()
        self.ingested = True
        waiting = report.files.pending_deletes
        if waiting and confirm:
            with self.pipeline() as pipeline:
                report = pipeline.perform("confirm", {})
            assert report.files.pending_deletes == 0
            waiting = 0
        should, has = expected(self.world), self.stored
        if waiting:
            assert should.items() <= has.items()
        else:
            assert has == should
        again = self.run()
        assert again.embedded.texts == 0
        assert not again.changed_anything()


TestFolderMachine = FolderMachine.TestCase
TestFolderMachine.settings = settings(
    max_examples=SEQUENCES,
    stateful_step_count=10,
    deadline=None,
    derandomize=SEQUENCES in {20, 40, 400},  # the suite's own numbers: the same sequences each time
    suppress_health_check=list(HealthCheck),
)


class FolderMachineWithModels(FolderMachine):
    """The same with a sparse and a late model: every row has what they make of its text, whatever happens."""

    pipeline_settings: ClassVar[dict[str, str]] = BOTH

    engine = CrashingWords

    @property
    def stored(self) -> dict[str, tuple[Any, ...]]:
        rows = super().stored
        if rows:
            assert_right(self.world, thorough=False)
        return rows


TestFolderMachineWithModels = FolderMachineWithModels.TestCase
TestFolderMachineWithModels.settings = settings(
    TestFolderMachine.settings, max_examples=max(1, SEQUENCES // 5), derandomize=True
)


@only_deep
@pytest.mark.skipif(MOUNTS, reason="this is the process in which mounts come and go")
def test_the_same_where_mounts_come_and_go() -> None:
    """In a mount namespace of its own, which nobody else sees."""
    if shutil.which("unshare") is None or subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode:
        pytest.skip("no mount namespace can be made here")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "TestFolderMachine"]
    environment = {"EMBEDINGEST_MOUNTS": "1", "EMBEDINGEST_SEQUENCES": str(max(1, SEQUENCES // 10))}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run([*NAMESPACE, *command], capture_output=True, text=True, env={**os.environ, **environment})
    assert done.returncode == 0, done.stdout[-6000:]
