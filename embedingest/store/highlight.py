"""Which words of a text answer the words of a query, by the stems the text index knows. Knows no ranks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Words", "snippet"]

_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")


class Words:
    """The words of one query, cut and stemmed as the text index of the table does (`details`: its settings)."""

    def __init__(self, query: str, details: Mapping[str, Any]) -> None:
        self._how = {
            "base_tokenizer": details.get("base_tokenizer", "simple"),
            "language": details.get("language", "English"),
            "stem": bool(details.get("stem", True)),
            "remove_stop_words": bool(details.get("remove_stop_words", True)),
        }
        self._asked = self._stems(query)
        self._known: dict[str, bool] = {}

    def _stems(self, text: str) -> set[str]:
        import lancedb

        return {token.text for token in lancedb.tokenize(text, **self._how)}

    def found_in(self, text: str) -> tuple[tuple[int, int], ...]:
        """Half-open character ranges of the words in `text` that the query asks for."""
        spans = ((match.start(), match.end(), match[0]) for match in _WORD.finditer(text))
        return tuple((start, end) for start, end, word in spans if self._asks(word))

    def _asks(self, word: str) -> bool:
        if word not in self._known:
            self._known[word] = bool(self._stems(word) & self._asked)
        return self._known[word]


def snippet(text: str, ranges: tuple[tuple[int, int], ...], *, width: int = 240) -> tuple[int, int]:
    """The stretch of `text`, at most `width` characters, that holds most ranges; cut at blanks where there are any."""
    if len(text) <= width:
        return 0, len(text)
    starts = [start for start, _ in ranges] or [0]
    best = max(starts, key=lambda at: (sum(at <= s and e <= at + width for s, e in ranges), -at))
    start = max(0, min(best - width // 8, len(text) - width))
    end = min(len(text), start + width)
    if start:
        blank = text.find(" ", start, best)
        start = blank + 1 if blank >= 0 else start
    if end < len(text):
        blank = text.rfind(" ", start + width // 2, end)
        end = blank if blank >= 0 else end
    return start, end
