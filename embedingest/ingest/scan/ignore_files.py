"""The ignore files that apply inside a folder: those above the root, then those of each folder on the way down."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from embedingest.ingest.scan.ignore import IGNORE_FILES, Patterns, read_ignore_file
from embedingest.ingest.scan.listing import SkippedPath, unreadable
from embedingest.ingest.scan.work_tree import outer_facts, outer_files

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
        """The rules outside a root that lies within a git work tree, as git honours them."""
        if not self._enabled:
            return ()
        chain: Chain = ()
        for prefix, folder, name in outer_files(self._root):
            if not os.path.isfile(os.path.join(folder, name)):
                continue
            try:
                patterns = read_ignore_file(folder, name)
            except OSError as error:
                return unreadable("", error, f"`{name}` outside the root cannot be read")
            # An absolute prefix: `exclude` takes it off the absolute path instead of the relative one.
            chain = (*chain, (prefix, patterns)) if patterns else chain
        return chain

    def outer_facts(self) -> tuple[object, ...]:
        """A value that differs once the rules of `above_root` have changed."""
        return outer_facts(self._root) if self._enabled else ()

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
