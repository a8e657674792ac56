"""LanceDB's module in less time still than `put_off` gives: without classes for catalogues, pandas and checks.

A local table needs none of these some hundred generated classes. While LanceDB is imported they are stand-ins, which
import the real ones as soon as anything is done with them. For a process that soon ends and is ours alone: a program
that uses LanceDB itself gets it as it is. Where a later LanceDB does not go along, the ordinary import takes its place.
"""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, Union

from embedingest.store.database import load

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["load_lean"]

_log = logging.getLogger(__name__)

_MODELS: Final = "lance_namespace_urllib3_client.models"
_UNWANTED: Final = "pandas"
_CHECKER: Final = (
    "overrides"  # compares the signatures of methods as they are defined; of Python 3.12 on it is not asked
)
_MACHINE_CODE: Final = "lancedb._lancedb"  # is taken in once


def load_lean() -> bool:
    """Import `lancedb`, if nobody did, with stand-ins; whether none of them was needed. Raises what its import does."""
    if any(name in sys.modules for name in ("lancedb", "lance_namespace", _MODELS)):
        return False
    finder = _Finder()
    try:
        with finder.installed():
            load()
    except Exception as error:  # noqa: BLE001 -- a later version may do anything; the ordinary import says what is wrong
        _log.info("LanceDB is imported as it is: %s", error)
        _forget("lancedb", "lance_namespace")
        load()
        return False
    return not finder.needed


class _Finder(MetaPathFinder, Loader):
    """Finds stand-ins in place of the classes' modules and of what checks methods, and no pandas.

    `needed` are names that were asked for.

    Arrow looks for pandas when it is imported, to know its types, and once more when somebody asks for them.
    """

    def __init__(self) -> None:
        self.needed: list[str] = []

    @contextmanager
    def installed(self) -> Iterator[None]:
        """While inside, what is imported may be a stand-in."""
        sys.meta_path.insert(0, self)
        try:
            yield
        finally:
            self.remove()

    def remove(self) -> None:
        """From here on everything is imported as it is."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for name, module in list(sys.modules.items()):
            if isinstance(module, (_StandInModule, _NoChecker)):
                del sys.modules[name]

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        del path, target  # of the signature
        if name == _UNWANTED:
            raise ModuleNotFoundError(f"{name} is not looked for now", name=name)
        wanted = name == _CHECKER or f"{name}.".startswith(f"{_MODELS}.")
        return ModuleSpec(name, self, is_package=True) if wanted else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _NoChecker(spec.name) if spec.name == _CHECKER else _StandInModule(spec.name, self)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


class _NoChecker(ModuleType):
    """The names of `overrides`, doing as little as those of Python itself."""

    EnforceOverrides = object

    @staticmethod
    def override(method: Any) -> Any:
        return method


class _StandInModule(ModuleType):
    """A module that has a stand-in of every name."""

    def __init__(self, name: str, finder: _Finder) -> None:
        super().__init__(name)
        self._finder = finder

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return _StandIn(self.__name__, name, self._finder)


class _StandIn:
    """A class that is imported once anything is done with it."""

    def __init__(self, module: str, name: str, finder: _Finder) -> None:
        self._place = module, name
        self._finder = finder

    def _real(self) -> Any:
        module, name = self._place
        self._finder.needed.append(name)
        self._finder.remove()
        return getattr(import_module(module), name)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return self._real()(*arguments, **keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what `typing` asks of whatever stands in an annotation
            raise AttributeError(name)
        return getattr(self._real(), name)

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (self._real(),)

    def __instancecheck__(self, instance: object) -> bool:
        return isinstance(instance, self._real())

    def __subclasscheck__(self, subclass: type) -> bool:
        return issubclass(subclass, self._real())

    def __or__(self, other: Any) -> Any:
        return Union[self, other]  # noqa: UP007 -- what `|` means between classes

    def __ror__(self, other: Any) -> Any:
        return Union[other, self]  # noqa: UP007 -- what `|` means between classes


def _forget(*packages: str) -> None:
    """Have these packages imported anew."""
    for name in list(sys.modules):
        if name != _MACHINE_CODE and any(f"{name}.".startswith(f"{package}.") for package in packages):
            del sys.modules[name]
