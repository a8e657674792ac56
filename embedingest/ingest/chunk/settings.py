"""The settings every chunker has, checked once. Knows no documents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from embedingest.types import Sizer

__all__ = ["ChunkSettings"]


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """Sizes in tokens of the model in use.

    `max_tokens` lowers the sizer's capacity. `overlap_tokens` repeats about so many tokens of the chunk before.
    With `heading_prefix` the heading path is embedded in front of each chunk, within the capacity. `trim=False`
    keeps the blanks around chunks, so that they join to the text.
    """

    max_tokens: int | None = None
    overlap_tokens: int = 0
    heading_prefix: bool = False
    trim: bool = True

    def __post_init__(self) -> None:
        if self.max_tokens is not None and self.max_tokens < 1:
            raise ConfigError(f"max_tokens ({self.max_tokens}) must be at least 1")
        if self.overlap_tokens < 0 or (self.max_tokens is not None and self.overlap_tokens * 2 > self.max_tokens):
            raise ConfigError(
                f"overlap_tokens ({self.overlap_tokens}) must lie between 0 and half of max_tokens ({self.max_tokens})"
            )

    def room(self, sizer: Sizer) -> int:
        """Tokens a chunk may have, its prefix included."""
        return sizer.capacity if self.max_tokens is None else min(self.max_tokens, sizer.capacity)

    def prefix(self, path: tuple[str, ...], sizer: Sizer) -> str:
        """The heading path as a line of its own; outer headings give way where it would take a third of the room."""
        if not self.heading_prefix:
            return ""
        for first in range(len(path)):
            prefix = " > ".join(path[first:]) + "\n\n"
            if sizer.count(prefix) * 3 <= self.room(sizer):
                return prefix
        return ""
