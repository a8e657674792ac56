"""Words that were struck out and words that were added beside them, told apart by signs. Knows no formats."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["ADDED", "ADDED_END", "STRUCK", "STRUCK_END", "in_signs", "struck"]

STRUCK: Final = "\x04"
STRUCK_END: Final = "\x05"
ADDED: Final = "\x06"
ADDED_END: Final = "\x07"
"""Stand around words that were struck out or added, until `in_signs`; no text holds them."""

_LINE: Final = re.compile(r"[^\n\v]*\S[^\n\v]*")
_JOINED: Final = re.compile(f"{STRUCK_END}([ ]*){STRUCK}")
_WORDLESS: Final = re.compile(rf"{STRUCK}([^{STRUCK}{STRUCK_END}\w]*){STRUCK_END}")
_TOUCHING: Final = re.compile(
    f"(?<=\\d{STRUCK_END})(?=\\d)|(?<=\\S{STRUCK_END}){ADDED}(?=\\S)|(?<=\\S{ADDED_END})(?={STRUCK})"
)
_BLANKS: Final = re.compile(f"({STRUCK})(\\s+)|(\\s+)({STRUCK_END})")
_SIGNS: Final = {ord(STRUCK): "~~", ord(STRUCK_END): "~~", ord(ADDED): None, ord(ADDED_END): None}


def struck(words: str) -> str:
    """Words that were struck out, each line of them, for `in_signs`."""
    return _LINE.sub(_marked, words)


def in_signs(text: str) -> str:
    """A text with `~~` around what was struck; a blank parts that from what was added in its place.

    Letters that touch what was struck may be of its word (`~~un~~certain`); digits are of another number.
    """
    if STRUCK not in text:
        return text.translate(_SIGNS) if ADDED in text else text
    text = _BLANKS.sub(lambda match: (match[2] or match[4]) + (match[1] or match[3]), text)
    text = _WORDLESS.sub(r"\1", _JOINED.sub(r"\1", text))
    return _TOUCHING.sub(" ", text).translate(_SIGNS)


def _marked(match: re.Match[str]) -> str:
    words = match[0].strip()
    at = match[0].index(words)
    return f"{match[0][:at]}{STRUCK}{words}{STRUCK_END}{match[0][at + len(words) :]}"
