"""The ignore files that apply inside a folder: those above the root, then those of each folder on the way down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from embedingest.ingest.scan.ignore import IGNORE_FILES, Patterns, read_ignore_file
from embedingest.ingest.scan.listing import SkippedPath, unreadable

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Chain", "IgnoreFiles"]

Chain: TypeAlias = tuple[tuple[str, Patterns], ...]
"""Ignore files that apply to a folder: (prefix of the folder each lies in, its patterns), the deepest last."""


class IgnoreFiles:
    """Reads the ignore files of one root, or none of them where they are not `enabled`.

    Who cannot read a rule may not guess it, since what it hides could be secret: an ignore file that cannot be read
    gives a SkippedPath, and nothing below its folder is taken.
    """

    def __init__(self, root: str, *, enabled: bool) -> None:
        self._root: Final = root
        self._enabled: Final = enabled
        self._absolute: Final = str(Path(root).absolute()).rstrip("/")

    def above_root(self) -> Chain | SkippedPath:
        """The ignore files above a root that lies within a git work tree, as git honours them."""
        if not self._enabled:
            return ()
        root = Path(self._root).absolute()
        top = next((folder for folder in (root, *root.parents) if os.path.exists(folder / ".git")), root)
        outer = [folder for folder in root.parents if folder.is_relative_to(top)]
        try:
            # An absolute prefix: `exclude` takes it off the absolute path instead of the relative one.
            return tuple(
                (f"{folder}/", read_ignore_file(str(folder), ".gitignore"))
                for folder in reversed(outer)
                if os.path.isfile(folder / ".gitignore")
            )
        except OSError as error:
            return unreadable("", error, "a `.gitignore` above the root cannot be read")

    def inside(self, folder: str, chain: Chain, names: Collection[str] | None = None) -> Chain | SkippedPath:
        """The chain with the ignore files of `folder` added, which are looked for unless `names` lists the folder."""
        if not self._enabled:
            return chain
        prefix = f"{folder}/" if folder else ""
        for name in IGNORE_FILES:
            if names is not None and name not in names:
                continue
            try:
                patterns = read_ignore_file(self._root, prefix + name)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
            except OSError as error:
                return unreadable(folder, error, f"`{name}` cannot be read")
            chain = (*chain, (prefix, patterns)) if patterns else chain
        return chain

    def exclude(self, path: str, chain: Chain) -> bool:
        """Whether the deepest ignore file with a word on this path leaves it out; a folder's path ends with a slash."""
        for prefix, patterns in reversed(chain):
            inner = path[len(prefix) :] if prefix[:1] != "/" else f"{self._absolute}/{path}"[len(prefix) :]
            verdict = patterns.verdict(inner)
            if verdict is not None:
                return verdict
        return False
