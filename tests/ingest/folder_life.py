"""The random life of a folder: files, links and mounts come, change and go. Runs no program over it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.ingest.world import World

__all__ = ["MOUNTS", "PARAGRAPHS", "FolderLife", "folders", "paths"]

MOUNTS: Final = os.environ.get("EMBEDINGEST_MOUNTS") == "1"
"""Whether this process is in a mount namespace of its own, where it may mount what it likes."""

# A real file system, and one without a disk to wait for.
MEMORY = Path("/dev/shm")

FOLDERS = ["", "a", "b", "a/c", "é", *(["a/m"] if MOUNTS else [])]
NAMES = ["x.md", "y.txt", "x' OR 'a'='a", "100%FF.md", "z\udcff.txt"]
PATHS = [f"{folder}/{name}".lstrip("/") for folder in FOLDERS for name in NAMES]
PARAGRAPHS = [
    f"# Part {n}\n\nThe {word} of paragraph {n} speaks of {word} and of little else, as a paragraph should."
    for n, word in enumerate(["apples", "bridges", "clouds", "doors", "engines", "forests", "gates"])
]

paths = st.sampled_from(PATHS)
folders = st.sampled_from([folder for folder in FOLDERS if folder])
texts = st.lists(st.sampled_from(PARAGRAPHS), min_size=0, max_size=5).map("\n\n".join)


class FolderLife(RuleBasedStateMachine):
    """`touched` are the paths, relative to the root, of which a watcher would have told since it was cleared."""

    pipeline_settings: ClassVar[dict[str, str]] = {}

    @initialize(paths=st.lists(st.tuples(paths, texts), max_size=6))
    def begin(self, paths: list[tuple[str, str]]) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="machine-", dir=MEMORY if MEMORY.is_dir() else None))
        self.world = World(self.base, **self.pipeline_settings)
        self.touched: set[str] = set()
        self.links: set[str] = set()
        for path, text in paths:
            self.write(path, text)

    def remove(self) -> None:
        """Leave nothing behind."""
        if MOUNTS:
            self.unmount()
        shutil.rmtree(self.base)

    def _path(self, name: str) -> Path:
        return self.world.folder / name

    def _touch(self, *names: str) -> None:
        """A watcher tells of these, and of what a link among them leads to; links themselves are looked at again."""
        self.touched.update(names)
        root = self.world.folder.resolve()
        for name in names:
            with suppress(OSError, RuntimeError):
                real = self._path(name).resolve()
                if real.is_relative_to(root) and real != root:
                    self.touched.add(str(real.relative_to(root)))
        self.touched |= self.links

    def _clear_way(self, path: Path) -> bool:
        """Make the parent a folder; False where the path itself is one, or its way leads nowhere."""
        try:
            for parent in reversed(path.relative_to(self.world.folder).parents):
                if self._path(str(parent)).is_file():
                    self._path(str(parent)).unlink()
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            return False
        return not path.is_dir()

    @staticmethod
    def _move(old: Path, new: Path) -> None:
        """As `mv`: renamed, or between two mounts copied and removed."""
        try:
            old.rename(new)
        except OSError:
            with suppress(OSError):
                shutil.move(old, new)

    @rule(name=paths, text=texts)
    def write(self, name: str, text: str) -> None:
        if self._clear_way(self._path(name)):
            with suppress(OSError):
                self._path(name).write_text(text)
            self._touch(name)

    @rule(name=paths, text=texts)
    def save_atomically(self, name: str, text: str) -> None:
        if self._clear_way(self._path(name)):
            aside = self.base / "aside"
            aside.write_text(text)
            self._move(aside, self._path(name))
            self._touch(name)

    @rule(name=paths, text=st.sampled_from(PARAGRAPHS))
    def append(self, name: str, text: str) -> None:
        if self._path(name).is_file():
            with self._path(name).open("a") as file:
                file.write("\n\n" + text)
            self._touch(name)

    @rule(name=paths)
    def touch(self, name: str) -> None:
        if self._path(name).is_file():
            when = 10**9 - len(name)
            os.utime(self._path(name), (when, when))
            self._touch(name)

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
            self._touch(name)

    @rule(name=paths)
    def binary(self, name: str) -> None:
        if self._clear_way(self._path(name)):
            with suppress(OSError):
                self._path(name).write_bytes(b"\0\1\2" * 50)
            self._touch(name)

    @rule(name=paths)
    def delete(self, name: str) -> None:
        if self._path(name).is_file() or self._path(name).is_symlink():
            self._touch(name)
            self._path(name).unlink()

    @rule(old=paths, new=paths)
    def rename(self, old: str, new: str) -> None:
        if self._path(old).is_file() and self._path(old) != self._path(new) and self._clear_way(self._path(new)):
            if self._path(old).is_file():
                self._move(self._path(old), self._path(new))
            self._touch(old, new)

    @rule(old=paths, new=paths)
    def copy(self, old: str, new: str) -> None:
        if self._path(old).is_file() and old != new and self._clear_way(self._path(new)):
            with suppress(OSError):  # two names of one file
                shutil.copy2(self._path(old), self._path(new))
            self._touch(old, new)

    @rule(old=folders, new=folders)
    def move_folder(self, old: str, new: str) -> None:
        if self._path(old).is_dir() and not new.startswith(old) and not os.path.lexists(self._path(new)):
            if self._clear_way(self._path(new)):
                self._touch(old)
                with suppress(OSError):  # a mount point stays where it is
                    self._path(old).rename(self._path(new))
            self._touch(old, new)

    @rule(name=folders)
    def delete_folder(self, name: str) -> None:
        if self._path(name).is_dir() and not self._path(name).is_symlink():
            self._touch(name)
            shutil.rmtree(self._path(name), ignore_errors=MOUNTS)

    @rule()
    def empty_the_root(self) -> None:
        for child in list(self.world.folder.iterdir()):
            self._touch(child.name)
            if child.is_dir() and not child.is_symlink():
                shutil.rmtree(child, ignore_errors=MOUNTS)
            else:
                child.unlink()

    @rule(name=paths)
    def change_permissions(self, name: str) -> None:
        if self._path(name).is_file():
            self._path(name).chmod(0o600)
            self._touch(name)

    # -- links and mounts

    @rule(name=st.one_of(paths, folders), to=st.one_of(paths, folders, st.just("")))
    def link(self, name: str, to: str) -> None:
        """A link to a file, a folder, what holds it, or nothing, in place of what was there but a folder."""
        path = self._path(name)
        if self._clear_way(path) and not self._path(to).is_relative_to(path):
            self._touch(name)
            path.unlink(missing_ok=True)
            path.symlink_to(self._path(to))
            self.links.add(name)
            self._touch(name)

    @precondition(lambda _: MOUNTS)
    @rule()
    def mount(self) -> None:
        """Something else is mounted over a folder, and hides what is in it."""
        with suppress(OSError):
            self._path("a/m").mkdir(parents=True, exist_ok=True)
            if self._path("a/m").resolve() == self.world.folder.resolve() / "a/m":
                subprocess.run(["mount", "-t", "tmpfs", "tmpfs", self._path("a/m")], check=True)
            self._touch("a/m")

    @precondition(lambda _: MOUNTS)
    @rule()
    def unmount(self) -> None:
        for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
            point = line.split()[4]
            if point.startswith(str(self.base)):
                subprocess.run(["umount", "--lazy", point], check=True)
        self._touch("a/m")
