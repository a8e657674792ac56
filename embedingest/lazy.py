"""Public names that are imported when they are first asked for. Knows no name; the front doors hand it theirs."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["lazy_names"]


def lazy_names(
    package: str, modules: Mapping[str, str], *, besides: tuple[str, ...] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` (PEP 562) of a module whose names live in other modules.

    `modules` has the module below `embedingest` for each name; `besides` are public names that `package` has itself.
    """

    def module_getattr(name: str) -> Any:
        home = modules.get(name)
        if home is None:
            raise AttributeError(f"module `{package}` has no public name `{name}`")
        value = getattr(import_module(f"embedingest.{home}"), name)
        setattr(sys.modules[package], name, value)  # found without this function from now on
        return value

    def module_dir() -> list[str]:
        return sorted([*modules, *besides])

    return module_getattr, module_dir
