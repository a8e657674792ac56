"""Words that stand aside while commands are replaced: formulas, listings in a line, tables. Runs no TeX."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["Asides"]

_MARK: Final = re.compile("(?:(?<=\n)([ ]{1,60}))?\ue080(\\d+)\ue081")
_LINE: Final = re.compile(r"\n(?!\n)")
# The delimiter is any sign; what stands in it is bounded, since one that nothing closes would be looked for again.
_VERB: Final = re.compile(
    r"(?<!\\)\\(?:(?:verb|lstinline(?:\[[^\]\n]{0,400}\])?|mintinline\{[a-z+-]{1,40}\})\*?"
    r"(?:([^\sa-zA-Z*{])([^\n]{0,400}?)\1|\{([^{}\n]{0,400})\}))"
)


class Asides:
    """Takes words out of a text, leaving marks, and puts them back."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def put(self, words: str) -> str:
        """The mark that stands for these words, in which marks give way to what they stand for."""
        self._kept.append(self.restored(words))
        return f"\ue080{len(self._kept) - 1}\ue081"

    def restored(self, text: str) -> str:
        """The text with the words in the place of their marks, further lines as far to the right as the first."""
        return _MARK.sub(lambda match: self._words(match[1] or "", int(match[2])), text)

    def _words(self, blanks: str, number: int) -> str:
        words = blanks + self._kept[number]
        return _LINE.sub(f"\n{blanks}", words) if blanks else words

    def verbatim(self, source: str, *, marked: bool = False) -> str:
        r"""The source with a mark for each `\verb|words|`; what would be read as a mark goes, if none is `marked`."""
        if not marked:
            source = source.replace("\ue080", "").replace("\ue081", "")
        return _VERB.sub(lambda match: self.put(match[2] or match[3] or ""), source)
