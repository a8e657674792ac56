"""OpenVINO, imported without its telemetry. The one place that imports it; knows no model."""

from __future__ import annotations

import sys
import threading
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["compile_kept", "core", "load", "runtime_version"]

# One at a time: while it keeps or reads what it compiled, OpenVINO sets the locale of the whole process to "C", then
# back to what it was before. Two at once leave "C" for good: every text file opened without an encoding is ASCII then.
_keeps_compiled = threading.Lock()
_makes_core = threading.Lock()


@lru_cache(maxsize=1)
def load() -> Any:
    """The `openvino` module. Raises ImportError where it has no wheel.

    Importing OpenVINO imports its conversion tools, and importing those reports to its makers over the network.
    Both are kept out: conversion here goes through the frontend itself, and starting is 0.1 s faster.
    """
    modules: dict[str, Any] = sys.modules
    for name in ("openvino_telemetry", "openvino.tools.ovc"):
        modules.setdefault(name, None)  # Python's own way to refuse an import
    import openvino

    return openvino


def core() -> Any:
    """OpenVINO's `Core`: one for the life of the process, never taken down.

    The plug-in for the processor comes and goes with its core. With a core for each model one was taken down on any
    thread that forgot a model last, while others compiled or computed: that may end the process.
    """
    with _makes_core:
        return _core()


@lru_cache(maxsize=1)
def _core() -> Any:
    return load().Core()


def compile_kept(graph: str, options: dict[str, Any]) -> Any:
    """The graph compiled for the processor, kept in or read from the `CACHE_DIR` of `options`; one at a time.

    Raises RuntimeError where it cannot be compiled, or what was kept is damaged.
    """
    with _keeps_compiled:
        return core().compile_model(graph, "CPU", options)


def runtime_version() -> str | None:
    """The installed version without importing it; `None` where there is none."""
    try:
        return version("openvino")
    except PackageNotFoundError:
        return None
