"""What programs write for a terminal, colours most of all: no words, and no line is changed by leaving it out."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["without_codes"]

_CODES: Final = re.compile(
    r"\x1b(?:\[[0-?]{0,64}[ -/]{0,8}[@-~]"  # ECMA-48 control sequences: colours, cursor
    r"|\][^\x07\x1b\n]{0,4096}(?:\x07|\x1b\\)"  # operating system commands: titles, links
    r"|[ -/]{1,8}[0-~]|[@-Z\\^_])"
)
_STRUCK_AGAIN: Final = re.compile(r"([^\s\x08])\x08([^\s\x08])")
_MOST_STRIKES: Final = 8
_CONTROLS: Final = dict.fromkeys([*range(9), *range(14, 32), 127])


def without_codes(text: str) -> str:
    """The text without escape sequences and control characters; tabs, line feeds and form feeds stay.

    What a printer was to strike twice, as manual pages make letters bold or underline them, is there once.
    """
    if "\b" in text:
        text = _struck_once(text)
    if "\x1b" in text:
        text = _CODES.sub("", text)
    return text if text.isprintable() else text.translate(_CONTROLS)


def _struck_once(text: str) -> str:
    """The text with one sign where several were to be struck in one place: the last one that is no line."""
    for _ in range(_MOST_STRIKES):
        text, count = _STRUCK_AGAIN.subn(lambda match: match[1] if match[2] == "_" else match[2], text)
        if not count:
            break
    return text
