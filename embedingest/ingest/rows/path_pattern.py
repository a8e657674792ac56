"""Patterns that take words out of a path, such as `{client}/{year}/**`, matched in time linear in the path.

The names of files are other people's text, so no expression here may seek a second place for what it has found. Of
several ways to read a path the one counts in which the first words are as long as can be. Read from its end, that is
the one in which each piece stands at the first place where it fits, so the path is matched backwards and nothing is
ever tried again (atomic groups).
"""

from __future__ import annotations

import re
from typing import Final

from embedingest.errors import ConfigError

__all__ = ["PathPattern"]

_PIECES: Final = re.compile(r"(\{[^{}]*\}|\*)")
_GLUED: Final = re.compile(r"(\{[^{}]*\}|\*\*/?|\*)")
_MOST_FREE: Final = 2
"""Wildcards of a pattern whose `**` touches other text: each is tried at every place, for every place of the other."""


class PathPattern:
    """`{word}` and `*` are within one part of a path, `**` is any number of parts. Raises ConfigError."""

    def __init__(self, pattern: str) -> None:
        pattern = pattern.strip("/")
        parts = pattern.split("/")
        self._backwards: Final = not any("**" in part and part.strip("*") for part in parts)
        written = _backwards(parts) if self._backwards else _forwards(pattern)
        self._expression: Final = re.compile(written, re.DOTALL)

    def words(self, path: str) -> dict[str, str] | None:
        """The words in braces; `None` where the pattern does not match."""
        if not self._backwards:
            match = self._expression.fullmatch(path)
            return None if match is None else match.groupdict()
        match = self._expression.fullmatch(path[::-1])
        return None if match is None else {name: word[::-1] for name, word in match.groupdict().items()}


def _backwards(parts: list[str]) -> str:
    """The expression of the reversed path: rows of parts with `**` between, each at the first place where it fits."""
    rows: list[list[str]] = [[]]
    for part in reversed(parts):
        if len(part) > 1 and not part.strip("*"):
            rows.append([])
        else:
            rows[-1].append(_part(part))
    if len(rows) == 1:
        return "/".join(rows[0])
    ends, *inner, begins = rows
    written = "/".join(ends or ["[^/]+"])  # a `**` at the end of the pattern holds one part at least
    for row in filter(None, inner):
        written += f"/(?>(?:[^/]+/)*?{'/'.join(row)})"
    return written + (f"/(?:.*/)?{'/'.join(begins)}" if begins else "(?:/.*)?")


def _part(part: str) -> str:
    """One whole part of a path, backwards, in one way only."""
    first, *others = [piece if _is_wild(piece) else re.escape(piece[::-1]) for piece in reversed(_PIECES.split(part))]
    written = first
    pairs = list(zip(others[::2], others[1::2], strict=True))
    for wild, text in pairs[:-1]:
        written += f"(?>{_wild(wild, least='?')}{text})"
    for wild, text in pairs[-1:]:
        written += _wild(wild) + text
    return f"(?>{written}(?![^/]))"


def _is_wild(piece: str) -> bool:
    return piece == "*" or (piece[:1] == "{" and piece[-1:] == "}")


def _wild(piece: str, *, least: str = "") -> str:
    """As much as there is, or with a question mark in `least` as little as can be."""
    return f"[^/]*{least}" if piece == "*" else f"(?P<{piece[1:-1]}>[^/]+{least})"


def _forwards(pattern: str) -> str:
    """With a `**` that touches other text, as in `{client}/**.md`: no part is whole, so there are few wildcards."""
    written: list[str] = []
    for piece in _GLUED.split(pattern):
        if piece.startswith("**"):
            written.append("(?:.*/)?" if piece.endswith("/") else ".*")
        else:
            written.append(_wild(piece) if _is_wild(piece) else re.escape(piece))
    free = pattern.count("**") + sum(_free(part) for part in pattern.replace("**", "").split("/"))
    if free > _MOST_FREE:
        raise ConfigError(
            f"`{pattern}` has {free} wildcards that may end anywhere; where a `**` touches text, "
            f"{_MOST_FREE} can at most",
            remedy="write `**` as a part of its own, as in `{client}/**/*.md`",
        )
    return "".join(written)


def _free(part: str) -> int:
    """How many wildcards share a part with something; one that is the whole part ends where the part does."""
    wild = _PIECES.findall(part)
    return 0 if [part] == wild else len(wild)
