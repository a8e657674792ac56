"""The rules that a git work tree has outside the folders a scan enters: those above a root, and a person's own."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final, NamedTuple

from embedingest.ingest.scan.files import facts_at
from embedingest.ingest.scan.git_config import git_setting, path_of_home, user_config_folder

__all__ = ["OuterFile", "outer_facts", "outer_files"]

_LONGEST_POINTER: Final = 8_192


class OuterFile(NamedTuple):
    """A file of rules: `prefix` is the absolute path of the folder that they count from, with a slash at its end."""

    prefix: str
    folder: str
    name: str


def outer_files(root: str) -> list[OuterFile]:
    """What git reads outside `root` for a root that lies in a work tree, there or not, the last word last.

    In this order: the file that `core.excludesFile` names, `.git/info/exclude`, and the `.gitignore` of each folder
    above the root.
    """
    above, top = _above(Path(root).absolute())
    if top is None:
        return []
    prefix, git_folder = _with_slash(top), _git_folder(top)
    common = _common_folder(git_folder)
    personal = git_setting("core", "excludesfile", os.path.join(common, "config"))
    path = path_of_home(personal, str(top)) if personal is not None else os.path.join(user_config_folder(), "ignore")
    files = [OuterFile(prefix, *os.path.split(path))] if path else []
    files.append(OuterFile(prefix, os.path.join(common, "info"), "exclude"))
    return [*files, *(OuterFile(_with_slash(folder), str(folder), ".gitignore") for folder in reversed(above))]


def outer_facts(root: str) -> tuple[object, ...]:
    """A value that differs once what `outer_files` names, or what is in it, has changed. Takes a few `stat` calls."""
    return tuple((file, facts) for file in outer_files(root) if (facts := _facts(file)) is not None)


def _above(root: Path) -> tuple[list[Path], Path | None]:
    """The folders above a root up to the top of its work tree, and that; None where it lies in none."""
    above: list[Path] = []
    for folder in (root, *root.parents):
        if folder != root:
            above.append(folder)
        if os.path.lexists(folder / ".git"):
            return above, folder
    return above, None


def _git_folder(top: Path) -> str:
    """`.git`, or where it points to: in a linked work tree and in a submodule it is a file."""
    entry = top / ".git"
    pointer = _first_line(str(entry)) if entry.is_file() else ""
    return os.path.join(top, pointer.removeprefix("gitdir:").strip()) if pointer.startswith("gitdir:") else str(entry)


def _common_folder(git_folder: str) -> str:
    """Of a linked work tree, the folder of the repository that it belongs to."""
    pointer = _first_line(os.path.join(git_folder, "commondir"))
    return os.path.normpath(os.path.join(git_folder, pointer)) if pointer else git_folder


def _first_line(path: str) -> str:
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return os.fsdecode(file.read(_LONGEST_POINTER).split(b"\n")[0]).strip()
    return ""


def _with_slash(folder: Path) -> str:
    return f"{folder}".rstrip("/") + "/"


def _facts(file: OuterFile) -> object:
    try:
        return facts_at(file.folder or "/", file.name, follow=True)
    except OSError as error:
        return error.errno
