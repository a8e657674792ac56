"""Which roots are followed, and under which alias. Knows no files inside them.

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

__all__ = ["Root", "RootSettings", "is_place", "owner", "resolve"]


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
    """One followed folder or file: its alias, its absolute path, and what is taken from it.

    A source that is no folder has a `place` (a URI where it has one), and `path` is the folder that earlier versions
    kept copies of its items in.
    """

    alias: str
    path: Path
    config: RootSettings
    place: str = ""

    @property
    def where(self) -> str:
        """What names it to people and in the journal: its place, or its path."""
        return self.place or os.fspath(self.path)

    def source(self, relative: str) -> str:
        """The source of the file at `relative` under this root."""
        return source_name(self.alias, relative)

    def relative(self, source: str) -> str:
        """The path under this root of one of its sources, POSIX."""
        return Source.parse(source).path

    def holds(self, source: str) -> bool:
        """Whether a source lies under this root."""
        return Source.parse(source).alias == self.alias


def resolve(
    sources: Sequence[RootSettings], known: Mapping[str, str], places: Mapping[str, str] | None = None
) -> tuple[Root, ...]:
    """The roots of a run. `known` are the stored aliases with where they are, `places` those of sources that are no
    folders.

    Raises ConfigError where a path is missing and was never seen, two roots overlap, or an alias is taken.
    """
    roots: list[Root] = []
    for source in sources:
        place = (places or {}).get(source.alias or "", "")
        root = _place(source, place, known) if place else _folder(source, known)
        for other in roots:
            if not (root.place or other.place):
                _refuse_overlap(root.path, other.path, "give only the outer one")
            _refuse_clash(root, other)
        if not root.place:
            _refuse_known(root, known)
        roots.append(root)
    return tuple(roots)


def is_place(where: str) -> bool:
    """Whether a root that lies there is no folder."""
    return not Path(where).is_absolute()


def _folder(source: RootSettings, known: Mapping[str, str]) -> Root:
    path = _absolute(source)
    _require(path, known)
    return Root(_alias(source, path, known), path, source)


def _place(source: RootSettings, place: str, known: Mapping[str, str]) -> Root:
    """A source that is no folder: its alias is all that it is known by, wherever its items lie now."""
    alias, path = source.alias or "", _absolute(source)
    _refuse_name(alias)
    where = known.get(alias, place)
    if not is_place(where) and where != os.fspath(path):
        raise ConfigError(
            f"the alias `{alias}` belongs to {_show(where)}, and {place} would take it",
            remedy="give this one a name of its own with `as`",
        )
    return Root(alias, path, source, place)


def _absolute(source: RootSettings) -> Path:
    return Path(os.path.abspath(source.path.expanduser()))  # noqa: PTH100 -- resolve() would follow links


def _refuse_known(root: Root, known: Mapping[str, str]) -> None:
    for alias, where in known.items():
        if alias != root.alias and not is_place(where):
            _refuse_overlap(root.path, Path(where), f"`embedingest forget {alias}` takes the other out of the table")


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
    _refuse_name(alias)
    if stored not in {None, alias}:
        raise ConfigError(
            f"{_show(path)} is already followed as `{stored}`, not as `{alias}`",
            remedy=f"leave `--as` out, or take it out of the table with `embedingest forget {stored}`",
        )
    where = known.get(alias, os.fspath(path))
    # A folder that moved keeps its rows when it is named: `--as docs` where the old `docs` is no more.
    moved = source.alias is not None and not is_place(where) and not os.path.lexists(where)
    if where != os.fspath(path) and not moved:
        raise ConfigError(
            f"the alias `{alias}` belongs to {_show(where)}, and {_show(path)} would take it",
            remedy="give this one a name of its own with `--as NAME`",
        )
    return alias


def _refuse_name(alias: str) -> None:
    if "/" in alias or "\x00" in alias or alias in {".", ".."}:
        raise ConfigError(f"the alias {alias!r} cannot begin a source", remedy="choose another with `--as NAME`")


def _refuse_clash(root: Root, other: Root) -> None:
    if root.alias == other.alias:
        raise ConfigError(
            f"{_show(other.where)} and {_show(root.where)} would both be called `{root.alias}`",
            remedy="name one of them with `--as NAME`",
        )


def _refuse_overlap(path: Path, other: Path, remedy: str) -> None:
    mine, theirs = Path(os.path.realpath(path)), Path(os.path.realpath(other))
    if mine == theirs or mine in theirs.parents or theirs in mine.parents:
        raise ConfigError(
            f"the roots {_show(other)} and {_show(path)} overlap: their files would be stored twice", remedy=remedy
        )


def _show(path: Path | str) -> str:
    return os.fsencode(path).decode("utf-8", "backslashreplace")
