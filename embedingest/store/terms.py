"""The weighted terms of a text as NumPy has them. Knows no table."""

from __future__ import annotations

from typing import Final

import numpy as np

__all__ = ["TERM"]

TERM: Final = np.dtype([("token", "<i4"), ("weight", "<f4")])
"""One term of a text: its number in the model's vocabulary, and how much it weighs."""
