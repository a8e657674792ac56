"""Libraries that only some formats need. Knows which package brings each of them."""

from __future__ import annotations

import importlib
from typing import Any

from embedingest.errors import DocumentError

__all__ = ["optional"]


def optional(module: str, package: str, name: str) -> Any:
    """A module that a package brings. Raises DocumentError (`missing_extra`) that names the command to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DocumentError(
            f"{name} needs `{package}`, which is not installed ({error})",
            source=name,
            code="missing_extra",
            remedy=f"pip install '{package}'; what failed for it is read again by the next run",
        ) from error
