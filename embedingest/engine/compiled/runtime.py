"""OpenVINO, imported without its telemetry. The one place that imports it; knows no model."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["load", "runtime_version"]


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


def runtime_version() -> str | None:
    """The installed version without importing it; `None` where there is none."""
    try:
        return version("openvino")
    except PackageNotFoundError:
        return None
