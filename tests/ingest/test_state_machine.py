"""After any sequence of changes, stops, kills and losses the table equals a fresh ingest.

Two hundred sequences by default; `EMBEDINGEST_SEQUENCES=5000` tries as many. On a failure hypothesis prints the
shortest sequence it finds.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from embedingest.errors import DocumentError
from embedingest.ingest.extract.extractor import Extractor, Job
from embedingest.ingest.rows.build import wanted_rows
from embedingest.ingest.rows.recipe import Recipe
from embedingest.ingest.scan.folders import Folders
from embedingest.ingest.scan.listing import FoundFile
from embedingest.ingest.scan.roots import resolve
from embedingest.ingest.watch.values import Batch
from embedingest.store.values import Changes
from tests.ingest.world import ENGINE, World

pytestmark = pytest.mark.slow

SEQUENCES = int(os.environ.get("EMBEDINGEST_SEQUENCES", "200"))
ROOT = Path(__file__).parents[2]
# A real file system, and one without a disk to wait for.
MEMORY = Path("/dev/shm")

FOLDERS = ["", "a", "b", "a/c", "é"]
NAMES = ["x.md", "y.txt", "x' OR 'a'='a", "100%FF.md", "z\udcff.txt"]
PATHS = [f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in NAMES]
PARAGRAPHS = [
    f"# Part {n}\n\nThe {word} of paragraph {n} speaks of {word} and of little else, as a paragraph should."
    for n, word in enumerate(["apples", "bridges", "clouds", "doors", "engines", "forests", "gates"])
]

paths = st.sampled_from(PATHS)
folders = st.sampled_from([folder for folder in FOLDERS if folder])
texts = st.lists(st.sampled_from(PARAGRAPHS), min_size=0, max_size=5).map("\n\n".join)


class Crash(BaseException):
    """The process ends here."""


class Fuse:
    """Raises Crash at the n-th point that is passed, and at every later one."""

    def __init__(self) -> None:
        self.left = -1

    def __call__(self) -> None:
        if self.left == 0:
            raise Crash
        self.left -= self.left > 0


class CrashingTable:
    """The real table, which may stop between any two of its steps."""

    def __init__(self, table: Any, fuse: Fuse) -> None:
        self._table = table
        self._fuse = fuse

    def commit(self, changes: Changes) -> None:
        steps = [
            Changes(add=changes.add, vectors=changes.vectors),
            Changes(refresh=changes.refresh),
            Changes(delete=changes.delete),
        ]
        for step in steps:
            self._fuse()
            if step:
                self._table.commit(step)
        self._fuse()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._table, name)


class CrashingEngine:
    """The real engine, during whose calls the process may end."""

    def __init__(self, fuse: Fuse) -> None:
        self._fuse = fuse

    def __call__(self) -> Any:
        return self

    def embed(self, texts: Any, **options: Any) -> Any:
        self._fuse()
        return ENGINE.embed(texts, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(ENGINE, name)


def expected(world: World) -> dict[str, tuple[Any, ...]]:
    """What a fresh ingest gives, computed without table, journal or plan."""
    config = world.config
    recipe = Recipe(config, ENGINE.describe("hashing"))
    extractor = Extractor(recipe.setup(ENGINE.sizer("hashing", prompt="")))
    rows, texts = [], {}
    folders = Folders(resolve(config.sources, {}), [world.state], config.metadata_rules.sidecar)
    for root in folders.roots:
        for item in folders.scanner(root).scan():
            if not isinstance(item, FoundFile):
                continue
            with contextlib.suppress(DocumentError):
                job = Job(
                    str(root.path), item.relative, root.source(item.relative),
                    link=item.link, links=root.config.follow_symlinks,
                )  # fmt: skip
                made = wanted_rows(extractor.extract(job), recipe)
                rows += made.rows
                texts.update(made.texts)
    keys = list(texts)
    vectors = ENGINE.embed([texts[key] for key in keys], model="hashing", prompt="").vectors
    rounded = {key: tuple(np.round(vectors[place].astype(float), 3)) for place, key in enumerate(keys)}
    return {row.id: (row, rounded[row.text_hash]) for row in rows}


class FolderMachine(RuleBasedStateMachine):
    """Random life of a folder. `converge` rules bring the table up to it; the rest only changes files or state."""

    @initialize(paths=st.lists(st.tuples(paths, texts), max_size=6))
    def begin(self, paths: list[tuple[str, str]]) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="machine-", dir=MEMORY if MEMORY.is_dir() else None))
        self.world = World(self.base)
        self.fuse = Fuse()
        self.world.engine = CrashingEngine(self.fuse)
        self.world.wrap = lambda table: CrashingTable(table, self.fuse)
        self.touched: set[str] = set()
        self.ingested = False
        for path, text in paths:
            self.write(path, text)

    def teardown(self) -> None:
        if hasattr(self, "base"):
            try:
                self.settle(confirm=True)
            finally:
                shutil.rmtree(self.base)

    # -- life in the folder

    def _path(self, name: str) -> Path:
        return self.world.folder / name

    def _clear_way(self, path: Path) -> bool:
        """Make the parent a folder; False where the path itself is one."""
        for parent in reversed(path.relative_to(self.world.folder).parents):
            if self._path(str(parent)).is_file():
                self._path(str(parent)).unlink()
        path.parent.mkdir(parents=True, exist_ok=True)
        return not path.is_dir()

    @rule(name=paths, text=texts)
    def write(self, name: str, text: str) -> None:
        if self._clear_way(self._path(name)):
            self._path(name).write_text(text)
            self.touched.add(name)

    @rule(name=paths, text=texts)
    def save_atomically(self, name: str, text: str) -> None:
        if self._clear_way(self._path(name)):
            aside = self.base / "aside"
            aside.write_text(text)
            aside.replace(self._path(name))
            self.touched.add(name)

    @rule(name=paths, text=st.sampled_from(PARAGRAPHS))
    def append(self, name: str, text: str) -> None:
        if self._path(name).is_file():
            with self._path(name).open("a") as file:
                file.write("\n\n" + text)
            self.touched.add(name)

    @rule(name=paths)
    def touch(self, name: str) -> None:
        if self._path(name).is_file():
            when = 10**9 - len(name)
            os.utime(self._path(name), (when, when))
            self.touched.add(name)

    @rule(name=paths, other=paths)
    def edit_keeping_times(self, name: str, other: str) -> None:
        """The same size and the same mtime (`touch -r`): only the ctime tells."""
        path = self._path(name)
        if path.is_file() and path.stat().st_size:
            stat = path.stat()
            data = bytearray(path.read_bytes())
            data[-1] = ord("a") + len(other) % 26
            path.write_bytes(bytes(data))
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            self.touched.add(name)

    @rule(name=paths)
    def binary(self, name: str) -> None:
        if self._clear_way(self._path(name)):
            self._path(name).write_bytes(b"\0\1\2" * 50)
            self.touched.add(name)

    @rule(name=paths)
    def delete(self, name: str) -> None:
        if self._path(name).is_file():
            self._path(name).unlink()
            self.touched.add(name)

    @rule(old=paths, new=paths)
    def rename(self, old: str, new: str) -> None:
        if self._path(old).is_file() and self._path(old) != self._path(new) and self._clear_way(self._path(new)):
            if self._path(old).is_file():
                self._path(old).rename(self._path(new))
            self.touched |= {old, new}

    @rule(old=paths, new=paths)
    def copy(self, old: str, new: str) -> None:
        if self._path(old).is_file() and old != new and self._clear_way(self._path(new)):
            if self._path(old).is_file():
                shutil.copy2(self._path(old), self._path(new))
            self.touched |= {old, new}

    @rule(old=folders, new=folders)
    def move_folder(self, old: str, new: str) -> None:
        if self._path(old).is_dir() and not new.startswith(old) and not self._path(new).exists():
            self._path(new).parent.mkdir(parents=True, exist_ok=True)
            self._path(old).rename(self._path(new))
            self.touched |= {old, new}

    @rule(name=folders)
    def delete_folder(self, name: str) -> None:
        if self._path(name).is_dir():
            shutil.rmtree(self._path(name))
            self.touched.add(name)

    @rule()
    def empty_the_root(self) -> None:
        for child in list(self.world.folder.iterdir()):
            shutil.rmtree(child) if child.is_dir() else child.unlink()
            self.touched.add(child.name)

    @rule(name=paths)
    def change_permissions(self, name: str) -> None:
        if self._path(name).is_file():
            self._path(name).chmod(0o600)
            self.touched.add(name)

    # -- losses

    @rule(how=st.sampled_from(["delete", "truncate", "rubbish"]))
    def lose_journal(self, how: str) -> None:
        path = self.world.state / "chunks.sqlite"
        if not path.exists():
            return
        for beside in path.parent.glob("chunks.sqlite-*"):
            beside.unlink()
        if how == "delete":
            path.unlink()
        else:
            path.write_bytes(b"" if how == "truncate" else b"no database at all" * 300)

    @rule()
    def lose_vectors(self) -> None:
        for path in self.world.state.glob("vectors.sqlite*"):
            path.unlink()

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
        pipeline = self.world.pipeline()
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
            report = self.world_run()
            assert report.stopped or not report.changed_anything()
        finally:
            self.world.stop.clear()

    def world_run(self, **options: Any) -> Any:
        with self.world.pipeline() as pipeline:
            return pipeline.converge(**options)

    @precondition(lambda self: self.ingested and self.touched)
    @rule()
    def converge_by_events(self) -> None:
        """What a watcher would name, and nothing else, is looked at."""
        batch = Batch(str(self.world.folder), folders=frozenset(self.touched))
        self.world_run(batches=[batch])
        self.touched.clear()

    @rule(confirm=st.booleans())
    def settle(self, confirm: bool) -> None:
        report = self.world_run()
        self.touched.clear()
        self.ingested = True
        waiting = report.files.pending_deletes
        if waiting and confirm:
            with self.world.pipeline() as pipeline:
                report = pipeline.perform("confirm", {})
            assert report.files.pending_deletes == 0
            waiting = 0
        should = expected(self.world)
        has = self.world.contents() if self.world.db.joinpath("chunks.lance").exists() else {}
        if waiting:
            assert should.items() <= has.items()
        else:
            assert has == should
        again = self.world_run()
        assert again.embedded.texts == 0
        assert not again.changed_anything()


TestFolderMachine = FolderMachine.TestCase
TestFolderMachine.settings = settings(
    max_examples=SEQUENCES,
    stateful_step_count=10,
    deadline=None,
    derandomize=SEQUENCES == 200,
    suppress_health_check=list(HealthCheck),
)
