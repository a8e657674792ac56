"""Which folders are followed, and under which alias. Knows no files inside them.

An alias is the first part of every source, so it is unique, stored, and refused for another folder while it is in use.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from embedingest.errors import ConfigError
from embedingest.ingest.identity import Source, escape, source_name

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

__all__ = ["Root", "RootSettings", "owner", "resolve"]


class RootSettings(Protocol):
    """What the settings say of a root; `SourceConfig` is one."""

    @property
    def path(self) -> Path: ...

    @property
    def alias(self) -> str | None: ...

    @property
    def include(self) -> Sequence[str]: ...

    @property
    def exclude(self) -> Sequence[str]: ...

    @property
    def gitignore(self) -> bool: ...

    @property
    def hidden(self) -> bool: ...

    @property
    def follow_symlinks(self) -> Literal["never", "inside", "always"]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Root:
    """One followed folder or file: its alias, its absolute path, and what is taken from it."""

    alias: str
    path: Path
    config: RootSettings

    def source(self, relative: str) -> str:
        """The source of the file at `relative` under this root."""
        return source_name(self.alias, relative)

    def relative(self, source: str) -> str:
        """The path under this root of one of its sources, POSIX."""
        return Source.parse(source).path

    def holds(self, source: str) -> bool:
        """Whether a source lies under this root."""
        return Source.parse(source).alias == self.alias


def resolve(sources: Sequence[RootSettings], known: Mapping[str, str]) -> tuple[Root, ...]:
    """The roots of a run. `known` are the stored aliases with their paths.

    Raises ConfigError where a path is missing and was never seen, two roots overlap, or an alias is taken.
    """
    roots: list[Root] = []
    for source in sources:
        path = Path(os.path.abspath(source.path.expanduser()))  # noqa: PTH100 -- resolve() would follow links
        _require(path, known)
        root = Root(_alias(source, path, known), path, source)
        for other in roots:
            _refuse_overlap(root.path, other.path, "give only the outer one")
            _refuse_clash(root, other)
        for alias, where in known.items():
            if alias != root.alias:
                _refuse_overlap(
                    root.path, Path(where), f"`embedingest forget {alias}` takes the other out of the table"
                )
        roots.append(root)
    return tuple(roots)


def owner(source: str, aliases: Collection[str]) -> str | None:
    """The alias among `aliases` that a source lies under."""
    alias = Source.parse(source).alias
    return alias if alias in aliases else None


def _require(path: Path, known: Mapping[str, str]) -> None:
    if not os.path.lexists(path) and os.fspath(path) not in known.values():
        raise ConfigError(
            f"no such folder: {_show(path)}", remedy="check the path; a folder that was followed before may be absent"
        )


def _alias(source: RootSettings, path: Path, known: Mapping[str, str]) -> str:
    stored = next((alias for alias, where in known.items() if where == os.fspath(path)), None)
    alias = source.alias or stored or escape(path.name) or "root"
    if "/" in alias or "\x00" in alias or alias in {".", ".."}:
        raise ConfigError(f"the alias {alias!r} cannot begin a source", remedy="choose another with `--as NAME`")
    if stored not in {None, alias}:
        raise ConfigError(
            f"{_show(path)} is already followed as `{stored}`, not as `{alias}`",
            remedy=f"leave `--as` out, or take it out of the table with `embedingest forget {stored}`",
        )
    where = known.get(alias, os.fspath(path))
    # A folder that moved keeps its rows when it is named: `--as docs` where the old `docs` is no more.
    moved = source.alias is not None and not os.path.lexists(where)
    if where != os.fspath(path) and not moved:
        raise ConfigError(
            f"the alias `{alias}` belongs to {_show(Path(where))}, and {_show(path)} would take it",
            remedy="give this one a name of its own with `--as NAME`",
        )
    return alias


def _refuse_clash(root: Root, other: Root) -> None:
    if root.alias == other.alias:
        raise ConfigError(
            f"{_show(other.path)} and {_show(root.path)} would both be called `{root.alias}`",
            remedy="name one of them with `--as NAME`",
        )


def _refuse_overlap(path: Path, other: Path, remedy: str) -> None:
    mine, theirs = Path(os.path.realpath(path)), Path(os.path.realpath(other))
    if mine == theirs or mine in theirs.parents or theirs in mine.parents:
        raise ConfigError(
            f"the roots {_show(other)} and {_show(path)} overlap: their files would be stored twice", remedy=remedy
        )


def _show(path: Path) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
