"""The version of the package. Imports nothing, so that every room may know it."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.2.0"
