"""Characters of a page that stand in no text: signs of symbol fonts, and those that only their font knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.symbols import PRIVATE, symbol

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["spelled_out"]

_ODD: Final = re.compile("[\x01\x03-\x08\x0b\x0e-\x1f\x7f\ue000-\uf8ff\ufffe]")
_HYPHEN: Final = "\ufffe"  # and what has no character
_FONT: Final = re.compile(r"(?:[A-Z]{6}\+)?(symbol|wingdings)(?![ ]?[23])", re.IGNORECASE)


def spelled_out(text: str, unit: Callable[[int], int], font: Callable[[int], str]) -> tuple[str, int]:
    """The text with such characters as a person sees them, and how many are unknown: these are replacement marks.

    `unit` is what PDFium says that the character at a place is, `font` the name of its font.
    """
    places = [match.start() for match in _ODD.finditer(text)]
    parts = []
    unknown = last = 0
    for place in places:
        letter = text[place]
        if PRIVATE.match(letter):
            named = _FONT.match(font(place))
            shown = symbol(named[1] if named else "", f"{ord(letter):X}")
        elif letter != _HYPHEN or unit(place) == 0:
            shown = "\ufffd"
        else:
            continue  # nearly all
        parts += [text[last:place], shown]
        last = place + 1
        unknown += shown == "\ufffd"
    return "".join([*parts, text[last:]]) if parts else text, unknown
