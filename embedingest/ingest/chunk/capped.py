"""A sizer with less room than the model has, for what is to stand beside a chunk. Knows no chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.types import Sizer

__all__ = ["CappedSizer"]


@dataclass(frozen=True, slots=True)
class CappedSizer:
    """Another sizer's tokens with a capacity of our own, for chunks smaller than the model's window."""

    sizer: Sizer
    capacity: int

    def count(self, text: str) -> int:
        return self.sizer.count(text)

    def starts(self, text: str) -> Sequence[int]:
        return self.sizer.starts(text)

    def unknown(self, text: str) -> int:
        """How many tokens stand for what the model has no token for; 0 where the other sizer does not know."""
        count = getattr(self.sizer, "unknown", None)
        return 0 if count is None else int(count(text))
