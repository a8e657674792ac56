"""Libraries that torch's side imports for training and scores, and that no forward pass calls, left out of a process.

Half of its start goes into them. Only for processes of our own: what is left out is left out for good.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["leave_out"]

_LEFT_OUT: Final = ("sklearn", "scipy", "pandas", "datasets")


def leave_out() -> None:
    """From now on they are imported as modules without content. Imports torch."""
    sys.meta_path.insert(0, _Finder())
    import torch

    # One process alone compiles nothing: then transformers imports neither what spreads tensors nor the compiler.
    torch.distributed.is_available = lambda: False


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002
        target: types.ModuleType | None = None,  # noqa: ARG002
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] not in _LEFT_OUT:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Empty(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        pass


class _Empty(types.ModuleType):
    """Has every name, as a class (for annotations and `isinstance`) of which there can be no instance."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (_LeftOut,), {"__module__": self.__name__})


class _LeftOut:
    def __init__(self, *_: object, **__: object) -> None:
        raise ImportError(f"{type(self).__module__}.{type(self).__name__} is left out of this process")
