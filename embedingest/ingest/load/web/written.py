"""The tags of a page as its source has them: which there are, and how deep they lie in each other. Parses no page."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Final

__all__ = ["SHALLOW", "Written"]

_TAG: Final = re.compile(r"<(/?[a-zA-Z][^<>]*+>?)")
_NAME: Final = re.compile(r"\0(/?[a-zA-Z][a-zA-Z0-9-]*+)")
_OPEN_QUOTE: Final = re.compile(r"""=\s*+(?:"[^"\0]*+(?:\0|\Z)|'[^'\0]*+(?:\0|\Z))""")
_WHOLE: Final = re.compile(r"""<[a-zA-Z](?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+""")
_MOST_OPEN: Final = 50  # each is looked for in the whole source
_LONG: Final = 400
_CAPITALS: Final = ("P", "DIV", "BODY", "LI", "TD", "H1")
SHALLOW: Final = frozenset(
    [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
        "p", "li", "dt", "dd", "td", "th", "tr", "option", "thead", "tbody",
    ]
)  # fmt: skip
"""Elements that HTML closes by itself, or that hold nothing: they never make a page deep."""


class Written:
    """Start and end tags of a source, also those in scripts and comments, which are none.

    `names` are those of the tags, in small letters; `text` has every tag, each once.
    """

    def __init__(self, source: str) -> None:
        self._tags: Final = _TAG.findall(source.replace("\0", " "))
        kinds = set(self._tags)
        joined = "\0".join(kinds)
        self._names: Final = dict(zip(kinds, _NAME.findall(f"\0{joined}"), strict=True))
        self.names: Final = set(map(str.lower, self._names.values()))
        is_open = _OPEN_QUOTE.search(joined) is not None  # a sign in quotes was taken for the end of a tag
        self.text: Final = "\0".join([joined, *_whole(source, kinds)]) if is_open else joined
        are_closed = not kinds or (joined[-1] == ">" and joined.count(">\0") == len(kinds) - 1)
        self.is_plain: Final = are_closed and not is_open and max(map(len, kinds), default=0) <= _LONG
        """No tag is long, or goes on behind a sign that begins or ends tags."""

    def has_capitals(self) -> bool:
        """Whether names of blocks are written in capital letters."""
        return any(name.startswith(_CAPITALS) for name in self._names.values())

    def is_deeper(self, depth: int) -> bool:
        """Whether more tags than this are open at a time, less those of elements that make no page deep."""
        if len(self._tags) < depth:
            return False
        steps = {tag: _step(name) if tag[-1] == ">" else 0 for tag, name in self._names.items()}
        sums = list(accumulate(map(steps.__getitem__, self._tags)))
        if max(sums) - min(0, *sums) <= depth:
            return False
        at = 0
        for step in map(steps.__getitem__, self._tags):
            at = max(0, at + step)
            if at > depth:
                return True
        return False


def _whole(source: str, kinds: set[str]) -> list[str]:
    """The tags that go on behind a sign in quotes, to their ends; the source, where these are many."""
    found: list[str] = []
    for kind in filter(_OPEN_QUOTE.search, kinds):
        at = source.find(f"<{kind}")
        while at >= 0:
            if len(found) == _MOST_OPEN:
                return [source]
            match = _WHOLE.match(source, at)
            found += [] if match is None else [match[0]]
            at = source.find(f"<{kind}", at + 1)
    return found


def _step(name: str) -> int:
    return 0 if name.lstrip("/") in SHALLOW else -1 if name[0] == "/" else 1
