"""Enters our embedding function into LanceDB's registry as soon as both are imported, in either order.

`import embedingest` imports no LanceDB for it: a finder waits for `lancedb.embeddings`, and leaves once it came.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

__all__ = ["register_with_lancedb"]

_AWAITED: Final = "lancedb.embeddings"
_OURS: Final = "embedingest.integrations.lancedb"


class _Afterwards(Loader):
    """Loads a module as its own loader does, then imports ours."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        import_module(_OURS)


class _Finder(MetaPathFinder):
    """Finds the awaited module once, for `_Afterwards`; everything else is left to the other finders."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,  # noqa: ARG002 -- the import system's signature
        target: ModuleType | None = None,  # noqa: ARG002
    ) -> ModuleSpec | None:
        if fullname != _AWAITED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Afterwards(spec.loader)
        return spec


def register_with_lancedb() -> None:
    """Make `lancedb.embeddings.get_registry().get("embedingest")` find our function, now or once it is imported."""
    if _AWAITED in sys.modules:
        import_module(_OURS)
    elif not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
