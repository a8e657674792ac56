"""Libraries that only some formats need. Knows which extra brings each of them."""

from __future__ import annotations

import importlib
from typing import Any

from embedingest.errors import DocumentError

__all__ = ["optional"]


def optional(module: str, extra: str, name: str) -> Any:
    """A module of an extra. Raises DocumentError (`missing_extra`) that names the command which installs it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise DocumentError(
            f"{name} needs the extra `{extra}`, which is not installed ({error})",
            source=name,
            code="missing_extra",
            remedy=f"pip install 'embedingest[{extra}]'",
        ) from error
