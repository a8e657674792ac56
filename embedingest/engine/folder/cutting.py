"""Where a long text may be cut so that its pieces have exactly the tokens of the whole. Knows tokenizers, no models.

A tokenizer takes some hundred bytes for each token that it finds, and all of a text at once. In pieces a text of any
length costs little, and one that is cut to a window is read only as far as the window reaches.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tokenizers import Tokenizer

__all__ = ["Cutter"]

_CJK: Final = (
    "\u4e00-\u9fff\u3400-\u4dbf\U00020000-\U0002a6df\U0002a700-\U0002b73f\U0002b740-\U0002b81f\U0002b920-\U0002ceaf"
    "\uf900-\ufaff\U0002f800-\U0002fa1f"
)
_PUNCTUATION: Final = r"!-/:-@\[-`{-~"
_IGNORED: Final = r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff"

_BETWEEN_WORDS: Final = re.compile(r"(?<=[A-Za-z0-9])(?= [A-Za-z0-9])")
_BERT_CUT: Final = re.compile(rf"(?=[ \t\n\r])|(?<=[{_CJK}])(?=[{_CJK}])|(?<=[{_PUNCTUATION}])(?=[{_PUNCTUATION}])")
_PROBES: Final = (
    "alpha beta gamma",
    "One, two. (three) four x1 y2 Z3 and 4 5 6",
    "d\u00e9j\u00e0 vu na\u00efve caf\u00e9 a b \u65e5\u672c c d",
    "  lead and trail  twice  more ",
)


class Cutter:
    """The places where one tokenizer's texts may be cut, found by its kind or by trying; maybe there are none."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        longest_word = _longest_word(tokenizer)
        self._cut: re.Pattern[str] | None = _BETWEEN_WORDS if longest_word is None else _BERT_CUT
        added = [token.content for token in tokenizer.get_added_tokens_decoder().values()]
        if any(self._cut.search(f"a{content}a") for content in added) or not _holds(tokenizer, self._cut):
            self._cut = None
        self._runs = None if longest_word is None else _long_runs(longest_word)
        self._kept = 0 if longest_word is None else longest_word + 1

    @property
    def parts_at_blanks(self) -> bool:
        """Whether a text may be cut at every space, tab and end of a line, and those are in no token."""
        return self._cut is _BERT_CUT

    def pieces(self, text: str, size: int) -> Iterator[str]:
        """The text in pieces of about `size` characters, larger where there is no place to cut."""
        if self._cut is None:
            yield text
            return
        carried: list[str] = []
        position = 0
        while len(text) - position > size:
            stop = position + size
            if self._kept and not carried and text[position:stop].isspace():
                position = stop  # blanks are in no token, however many they are
                continue
            match = None if self._is_word(text[stop : stop + size]) else self._cut.search(text, stop, stop + size)
            end = stop if match is None else match.start()
            carried.append(text[position:end] if match is not None else self._shortened(text[position:end]))
            position = end
            if match is not None:
                yield "".join(carried)
                carried.clear()
        yield "".join(carried) + text[position:]

    def _is_word(self, part: str) -> bool:
        """Whether a part is surely inside one word: the expressions would look at each of its letters."""
        return bool(self._kept) and part.isascii() and part.isalnum()

    def _shortened(self, part: str) -> str:
        """The same to the tokenizer: a run that makes a word too long does so when it is shorter, too."""
        if self._is_word(part):
            return part[: self._kept]
        return part if self._runs is None else self._runs.sub(r"\g<word>\g<marks>\g<nothing>\g<blanks>", part)


def _longest_word(tokenizer: Tokenizer) -> int | None:
    """The letters of the longest word that a tokenizer as BERT's has tokens for; `None` for any other kind."""
    kinds = [type(part).__name__ for part in (tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.model)]
    if kinds != ["BertNormalizer", "BertPreTokenizer", "WordPiece"]:
        return None
    normalizer, model = tokenizer.normalizer, tokenizer.model
    is_known = normalizer.clean_text and normalizer.handle_chinese_chars
    return int(model.max_input_chars_per_word) if is_known else None


def _long_runs(longest_word: int) -> re.Pattern[str]:
    """Runs of what is in no token once there is so much of it; the groups are what is kept of each."""
    kept = longest_word + 1
    kinds = {
        "word": rf"(?:[^\W_{_CJK}][\u0300-\u036f]{{0,9}}+)",
        "marks": r"[\u0300-\u036f]",
        "nothing": f"[{_IGNORED}]",
        "blanks": r"[ \t\n\r]",
    }
    return re.compile("|".join(f"(?P<{name}>{one}{{{kept}}}){one}++" for name, one in kinds.items()))


def _holds(tokenizer: Tokenizer, cut: re.Pattern[str]) -> bool:
    """Whether both sides of every place have together the tokens of the whole."""

    def tokens(text: str) -> list[int]:
        return list(tokenizer.encode(text, add_special_tokens=False).ids)

    places = ((text, match.start()) for text in _PROBES for match in cut.finditer(text))
    return all(tokens(text[:place]) + tokens(text[place:]) == tokens(text) for text, place in places)
