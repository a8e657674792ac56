"""What of a style hides an element, in pages and drawings. Knows no element."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["HIDES", "declared"]

HIDES: Final = frozenset({("display", "none"), ("visibility", "hidden"), ("visibility", "collapse")})
"""The two properties that hide, and with which values."""

_SAID: Final = re.compile(r"(?<![\w-])(display|visibility)\s*+:\s*+([a-z-]{1,30})(\s*+!\s*+important)?", re.IGNORECASE)


def declared(style: str) -> Iterator[tuple[str, bool, bool]]:
    """What a style says of the two properties that hide: which, whether it hides, whether that is important."""
    for match in _SAID.finditer(style):
        named = match[1].lower()
        yield named, (named, match[2].lower()) in HIDES, bool(match[3])
