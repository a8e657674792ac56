"""A Router of sentence-transformers (once called Asym): which of its routes takes queries, documents, and other texts.

Knows its settings file; knows no other module, no weights and no text.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.settings_files import REMEDY, kind_of, read_object
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


__all__ = ["ROUTERS", "Router", "read_router"]

ROUTERS: Final = ("Router", "Asym")
"""The kinds of module that send texts of different roles through different modules."""

_FILES: Final = ("router_config.json", "config.json")  # now, and in older folders
_TEXT: Final = "text"  # the modality of all that is embedded here
_OTHER_NAMES: Final[Mapping[str, Sequence[str]]] = {"document": ("passage", "corpus", "doc")}


@dataclass(frozen=True, slots=True)
class Router:
    """The routes of a Router, each with the names of its modules, and the rules that choose among them.

    `kinds` has the full type of each module by its name, which is its folder too.
    """

    file: Path
    kinds: Mapping[str, str]
    routes: Mapping[str, tuple[str, ...]]
    rules: Mapping[tuple[str | None, str | None], str]
    default: str | None

    def modules(self, role: str) -> tuple[str, ...] | None:
        """Names of the modules that take texts of a role (`""`: of none), `None` where no route does.

        As sentence-transformers chooses: the rules, then a route called as the role, then one for text, then, where no
        role is given, the default. A role that has none by these is looked for under its other names; where there is
        one route alone, that takes it.
        """
        for task in (role or None, *_OTHER_NAMES.get(role, ())):
            for rule in ((task, _TEXT), (task, None), (None, _TEXT), (None, None)):
                if rule in self.rules:
                    return self.routes[self.rules[rule]]
            for route in (task, _TEXT):
                if route is not None and route in self.routes:
                    return self.routes[route]
        if len(self.routes) == 1:
            return next(iter(self.routes.values()))
        return None if role or self.default is None else self.routes[self.default]


def read_router(folder: Path) -> Router:
    """The settings of the Router in a folder. Raises ModelLoadError: missing, damaged, a route of unknown modules."""
    file = next((folder / name for name in _FILES if (folder / name).is_file()), folder / _FILES[0])
    content = read_object(file)
    kinds, structure = _named(file, content, "types"), _named(file, content, "structure")
    parameters = _named(file, content, "parameters", optional=True)
    routes: dict[str, tuple[str, ...]] = {}
    for name, listed in structure.items():
        if not isinstance(listed, list) or not all(isinstance(module, str) and module in kinds for module in listed):
            reason = f"{file} lists modules of route `{name[:60]}` that its `types` do not have"
            raise ModelLoadError(reason, remedy=REMEDY)
        routes[name] = tuple(listed)
    if not routes:
        raise ModelLoadError(f"{file} has no routes (`structure`)", remedy=REMEDY)
    if not all(isinstance(kind, str) for kind in kinds.values()):
        raise ModelLoadError(f"{file} has a module without a kind (`types`)", remedy=REMEDY)
    default = parameters.get("default_route")
    if default is None and parameters.get("allow_empty_key", True):
        default = next(iter(routes))
    rules = _rules(file, parameters)
    for route in (*rules.values(), *(() if default is None else (default,))):
        if not isinstance(route, str) or route not in routes:
            raise ModelLoadError(f"{file} names route `{str(route)[:60]}`; it has {', '.join(routes)}", remedy=REMEDY)
    return Router(file, kinds, routes, rules, default)


def _named(file: Path, content: Mapping[str, Any], key: str, *, optional: bool = False) -> dict[str, Any]:
    value = content.get(key, {} if optional else None)
    if not isinstance(value, dict):
        raise ModelLoadError(f"{file} has {kind_of(value)} as `{key}`, where names are due", remedy=REMEDY)
    return value


def _rules(file: Path, parameters: Mapping[str, Any]) -> dict[tuple[str | None, str | None], str]:
    """The rules for text: by role and modality, each `None` for any. Those of other modalities are left out."""
    mappings = parameters.get("route_mappings") or {}
    if not isinstance(mappings, dict):
        raise ModelLoadError(f"{file} has {kind_of(mappings)} as `route_mappings`, where names are due", remedy=REMEDY)
    rules: dict[tuple[str | None, str | None], str] = {}
    for written, route in mappings.items():
        try:
            pair = ast.literal_eval(written)  # a pair as Python writes it; what is none is skipped there too
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(pair, tuple) and len(pair) == 2 and pair[1] in (_TEXT, None) and isinstance(pair[0], str | None):
            rules[pair] = route
    return rules
