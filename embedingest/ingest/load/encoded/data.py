"""Pictures, fonts and maps that stand in a text as data: `data:` addresses and base64, which are no words."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_minified", "without_data"]

# What may not stand before it is said behind `data:`, so that a search goes from one such word to the next.
_ADDRESS: Final = re.compile(
    r"data:(?<![A-Za-z0-9]data:)[A-Za-z0-9.+/-]{0,100}(?:;[A-Za-z0-9.=_-]{1,60}){0,4},[^\s\"'()<>\\`]{48,}"
)
_RUN: Final = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{1000,}={0,2}")
_LINES: Final = re.compile(r"(?m)^(?:[A-Za-z0-9+/]{56,80}\n){8,}(?:[A-Za-z0-9+/]{1,80}={0,2}$)?")
_BLOCK: Final = 228
"""Characters. The shortest of the runs and lines above is twice as long, so it fills a block wherever it begins."""

_OTHER_BLOCKS: Final = re.compile(rf"(?s)(?:(?![A-Za-z0-9+/\n]{{{_BLOCK}}}).{{{_BLOCK}}})*+")
_LONG_LINE: Final = 1000
_SMALL: Final = 4000


def without_data(text: str) -> tuple[str, int]:
    """The text without data, every line in its place, and how many stretches of it were left out.

    Base64 is told from other long runs of letters (genes, numbers) by small and capital letters and digits.
    """
    count = 0

    def left_out(match: re.Match[str]) -> str:
        nonlocal count
        found = match[0]
        if not found.startswith("data:") and not _is_mixed(found):
            return found
        count += 1
        return "\n" * found.count("\n")

    if "data:" in text:
        text = _ADDRESS.sub(left_out, text)
    if _has_block(text):
        text = _LINES.sub(left_out, _RUN.sub(left_out, text))
    return text, count


def _has_block(text: str) -> bool:
    """Whether a block of a text holds nothing but letters of base64 and ends of lines; looks at few others closely."""
    match = _OTHER_BLOCKS.match(text)
    return match is None or match.end() + _BLOCK <= len(text)


def is_minified(text: str) -> bool:
    """Whether most of a source text stands in lines that no person writes."""
    if len(text) < _SMALL:
        return False
    return sum(len(line) for line in text.split("\n") if len(line) > _LONG_LINE) * 2 > len(text)


def _is_mixed(run: str) -> bool:
    sample = run[:2000]
    return any(c.islower() for c in sample) and any(c.isupper() for c in sample) and any(c.isdigit() for c in sample)
