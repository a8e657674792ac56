"""A package that gathers more than is wanted of it runs its `__init__` when a name of it is asked for. Knows none."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec
from typing import Any

__all__ = ["put_off"]


def put_off(package: str) -> None:
    """Let submodules be imported without the `__init__` of `package`. Nothing where it is imported, or not there."""
    spec = None if package in sys.modules else find_spec(package)
    if spec is None or spec.loader is None:
        return
    module, loader = module_from_spec(spec), spec.loader

    def run_and_get(name: str) -> Any:
        if vars(module).pop("__getattr__", None) is not None:
            loader.exec_module(module)
        return getattr(module, name)

    vars(module)["__getattr__"] = run_and_get  # PEP 562
    sys.modules.setdefault(package, module)
