"""Items of lists with their numbers or labels, through any nesting. Knows no other commands."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LISTS", "Items"]

LISTS: Final = frozenset(
    ["enumerate", "itemize", "description", "compactenum", "compactitem", "compactdesc", "inparaenum", "inparaitem"]
)
"""Environments of lists."""

_TOKEN: Final = re.compile(
    r"(?:(?<![ \t])[ \t]+)?\\(?:(begin|end)\{("
    + "|".join(sorted(LISTS))
    + r")\*?\}|item\b[ \t]*(?:\[([^\]]{0,400})\])?[ \t]*)"
)

_BULLET: Final = re.compile(r"[-–—*+•·>○▪ {}]{1,20}")  # a label that is a bullet of another kind


class Items:
    """Counts the items of the lists that are open, from one stretch of a source to the next."""

    def __init__(self) -> None:
        self._open: list[tuple[str, int]] = []

    def marked(self, text: str) -> str:
        """The text with a bullet, a number or its label in the place of each item's command."""
        return _TOKEN.sub(self._mark, text)

    def _mark(self, match: re.Match[str]) -> str:
        if match[1] == "begin":
            self._open.append((match[2], 0))
            return match[0]
        if match[1]:
            if self._open:
                self._open.pop()
            return match[0]
        begins = match.start() == 0 or match.string[match.start() - 1] == "\n"
        kind, number = self._open[-1] if self._open else ("", 0)
        mark = "-"
        if match[3] is not None and (not match[3].strip() or _BULLET.fullmatch(match[3])):
            mark = "-"
        elif match[3] is not None:
            mark = f"- {match[3]}" if "enum" in kind or "item" in kind else f"- {match[3]}:"
        elif "enum" in kind:
            self._open[-1] = (kind, number + 1)
            mark = f"{number + 1}."
        return ("" if begins else "\n") + f"{mark} "
