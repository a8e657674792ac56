"""The one door for plug-ins: names to factories. Knows the seams' names, never an implementation.

Built-ins and strangers enter alike, as entry points in five groups. A factory is imported only when it is named,
so a broken plug-in that nobody names harms nobody.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from embedingest.errors import PluginError

__all__ = ["BUILTINS", "GROUPS", "Factory", "Plugin", "find", "load", "plugins"]

Factory = Callable[..., Any]

GROUPS: Final = ("encoders", "engines", "loaders", "chunkers", "sources")
_PREFIX: Final = "embedingest."


def _builtin(group: str, **names: str) -> tuple[EntryPoint, ...]:
    return tuple(EntryPoint(name=n.replace("_", "-"), value=v, group=_PREFIX + group) for n, v in names.items())


BUILTINS: Final[tuple[EntryPoint, ...]] = (
    *_builtin(
        "encoders",
        sentence_transformers="embedingest.engine.sentence_transformers:create",
        hashing="embedingest.engine.hashing:create",
    ),
    *_builtin(
        "loaders",
        text="embedingest.ingest.load.text:create",
        html="embedingest.ingest.load.html:create",
    ),
    *_builtin("chunkers", structured="embedingest.ingest.chunk.structured:create"),
)


@dataclass(frozen=True, slots=True)
class Plugin:
    """One named factory: where it enters and which distribution brought it (`None`: built in)."""

    group: str
    name: str
    value: str
    distribution: str | None
    version: str | None
    entry: EntryPoint

    def load(self) -> Factory:
        """Import the factory. Raises PluginError naming the plug-in, its origin and the mending command."""
        try:
            factory = self.entry.load()
        except Exception as error:
            raise PluginError(
                f"plug-in `{self.name}` ({self.value}, from {self.origin}) failed to load: "
                f"{type(error).__name__}: {error}",
                remedy=self._mend(),
            ) from error
        if not callable(factory):
            raise PluginError(f"plug-in `{self.name}` ({self.value}, from {self.origin}) is not callable")
        return factory  # type: ignore[no-any-return]

    @property
    def origin(self) -> str:
        return "embedingest itself" if self.distribution is None else f"{self.distribution} {self.version}"

    def _mend(self) -> str:
        if self.distribution is None:
            return "reinstall with `pip install --force-reinstall embedingest`"
        return f"`pip install --upgrade {self.distribution}`, or take it out of the configuration"


def plugins(group: str | None = None) -> list[Plugin]:
    """Every plug-in that is built in or installed, without importing any."""
    groups = GROUPS if group is None else (group,)
    found = [_plugin(entry) for entry in BUILTINS if entry.group.removeprefix(_PREFIX) in groups]
    for name in groups:
        found += [_plugin(entry) for entry in entry_points(group=_PREFIX + name)]
    return found


def find(group: str, name: str) -> Plugin:
    """The one plug-in of this name. Raises PluginError when unknown, or claimed twice."""
    builtin = [_plugin(e) for e in BUILTINS if e.group == _PREFIX + group and e.name == name]
    installed = [_plugin(e) for e in entry_points(group=_PREFIX + group, name=name)]
    found = builtin + installed
    if len(found) > 1:
        origins = " and ".join(p.origin for p in found)
        raise PluginError(
            f"{group[:-1]} `{name}` is claimed by {origins}", remedy="uninstall one of them, or rename it"
        )
    if not found:
        known = sorted({p.name for p in plugins(group)})
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"known: {', '.join(known)}"
        raise PluginError(f"unknown {group[:-1]} `{name}`", remedy=f"{hint} `embedingest plugins` lists them")
    return found[0]


def load(group: str, name: str) -> Factory:
    """The factory of this name, imported."""
    return find(group, name).load()


def _plugin(entry: EntryPoint) -> Plugin:
    dist = entry.dist
    return Plugin(
        group=entry.group.removeprefix(_PREFIX),
        name=entry.name,
        value=entry.value,
        distribution=None if dist is None else dist.name,
        version=None if dist is None else dist.version,
        entry=entry,
    )
