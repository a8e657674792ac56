"""Words that look like Markdown and are none: a backslash in front of them. Knows lines, not where they came from."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["escaped", "escaped_lines", "fence_for", "label"]

_FENCE_RUN: Final = re.compile("`{3,}")
# At the beginning of a line: a heading, a fence, a quotation, a bullet, a rule, an underline of a heading, a raw block.
_MARK: Final = re.compile(
    r"(?=#{1,6}(?:[ \t]|\Z)|`{3}|~{3}|>|[-+*](?:[ \t]|\Z)|(?:[-*_][ \t]*){3,}\Z|=+[ \t]*\Z|-{2,}[ \t]*\Z|\|"
    r"|<(?:!--|\?|![A-Za-z]|/?(?:pre|script|style|textarea|div|p|table|details)\b))"
)
_LONGEST_LABEL: Final = 120
_NUMBER: Final = re.compile(r"(\d{1,9})([.)])(?=[ \t]|\Z)")


def escaped(line: str) -> str:
    """One line of running text, so that CommonMark reads it as the same words."""
    if not line or line[0].isalpha():
        return line
    number = _NUMBER.match(line)
    if number is not None:
        return f"{number[1]}\\{line[number.end(1) :]}"
    return f"\\{line}" if _MARK.match(line) else line


def escaped_lines(text: str) -> str:
    """The same for every line of a text; blanks at the beginning of a line stay."""
    if "\n" not in text:
        return escaped(text)
    lines = []
    for line in text.split("\n"):
        words = line.lstrip(" \t")
        lines.append(line[: len(line) - len(words)] + escaped(words))
    return "\n".join(lines)


def label(text: str) -> str | None:
    """Words in bold letters that stand alone, a heading of a kind; `None` for what is too long to be one."""
    if (
        not text.strip()
        or "\n" in text
        or len(text) > _LONGEST_LABEL
        or "**" in text
        or len(text.strip("*")) < len(text)
    ):
        return None
    return f"**{text}**"


def fence_for(listing: str) -> str:
    """Backticks to stand around a listing: three, or one more than the longest run of three or more in it."""
    return "`" * (max((len(run) for run in _FENCE_RUN.findall(listing)), default=2) + 1)
