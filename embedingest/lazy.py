"""Public names that are imported when they are first asked for. Knows no name; the front doors hand it theirs."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

TYPE_CHECKING = False  # not from `typing`, whose import takes longer than all of this
if TYPE_CHECKING:
    import inspect
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = ["lazy_names", "make_callable"]


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
        # Found without this function from now on; a sub-package of the name came with that import, and stays.
        return vars(sys.modules[package]).setdefault(name, value)

    def module_dir() -> list[str]:
        return sorted([*modules, *besides])

    return module_getattr, module_dir


def make_callable(package: str, name: str, modules: Mapping[str, str]) -> None:
    """Let the sub-package `name` of `package` be called as the public function of the same name.

    Python sets a sub-package as an attribute of its package as soon as anything in it is imported, so a function of
    that name would be hidden. The sub-package stays what it is; a call of it is handed on to the function.
    """

    class CallablePackage(ModuleType):
        # No doc string here: `help` shows that of the function.

        @property
        def __doc__(self) -> str | None:  # type: ignore[override]
            return _function(name, modules).__doc__

        @property
        def __wrapped__(self) -> Callable[..., Any]:
            return _function(name, modules)

        def __reduce__(self) -> tuple[Any, ...]:
            """Another process, for which this is pickled, gets the function."""
            return _function, (name, dict(modules))

        def __call__(self, *arguments: Any, **keywords: Any) -> Any:
            return _function(name, modules)(*arguments, **keywords)

        @property
        def __signature__(self) -> inspect.Signature:
            import inspect

            return inspect.signature(_function(name, modules))

    class Door(ModuleType):
        """The package: it makes the sub-package callable in the moment of its import."""

        def __setattr__(self, attribute: str, value: Any) -> None:
            if attribute == name and isinstance(value, ModuleType):
                value.__class__ = CallablePackage
            super().__setattr__(attribute, value)

    sys.modules[package].__class__ = Door


def _function(name: str, modules: Mapping[str, str]) -> Callable[..., Any]:
    function: Callable[..., Any] = getattr(import_module(f"embedingest.{modules[name]}"), name)
    return function
