"""Which words of a text answer the words of a query, by the stems the text index knows. Knows no ranks."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.store.values import TextSettings

__all__ = ["Words", "snippet"]

_WORD: Final = re.compile(r"\w+(?:['’]\w+)*")


class Words:
    """The words of one query, cut and stemmed as the text index of the table does (`settings`)."""

    def __init__(self, query: str, settings: TextSettings) -> None:
        self._settings = settings
        self._query_stems = self._stems(query)
        self._matches: dict[str, bool] = {}

    def _stems(self, text: str) -> set[str]:
        import lancedb

        tokens = lancedb.tokenize(
            text,
            base_tokenizer=self._settings.tokenizer,
            language=self._settings.language,
            stem=self._settings.stem,
            remove_stop_words=self._settings.stop_words,
        )
        return {token.text for token in tokens}

    def found_in(self, text: str) -> tuple[tuple[int, int], ...]:
        """Half-open character ranges of the words in `text` that the query asks for."""
        spans = ((match.start(), match.end(), match[0]) for match in _WORD.finditer(text))
        return tuple((start, end) for start, end, word in spans if self._is_asked_for(word))

    def _is_asked_for(self, word: str) -> bool:
        if word not in self._matches:
            self._matches[word] = bool(self._stems(word) & self._query_stems)
        return self._matches[word]


def snippet(text: str, ranges: Sequence[tuple[int, int]], *, width: int = 240) -> tuple[int, int]:
    """The stretch of `text`, at most `width` characters, that holds most ranges; cut at blanks where there are any.

    No range begins in another.
    """
    if len(text) <= width:
        return 0, len(text)
    starts, ends = sorted(start for start, _ in ranges) or [0], sorted(end for _, end in ranges)
    held = [bisect_right(ends, at + width) - place for place, at in enumerate(starts)]
    best = starts[held.index(max(held))]
    start = max(0, min(best - width // 8, len(text) - width))
    end = min(len(text), start + width)
    if start:
        blank = text.find(" ", start, best)
        start = blank + 1 if blank >= 0 else start
    if end < len(text):
        blank = text.rfind(" ", start + width // 2, end)
        end = blank if blank >= 0 else end
    return start, end
