"""Character references of HTML and XML as what they stand for, whatever is written in them."""

from __future__ import annotations

import html
import re
from typing import Final

__all__ = ["unescaped"]

_ENDLESS: Final = re.compile("&#[0-9]{400,}")  # of more digits than Python reads a number from
_NO_CHARACTER: Final = "&#1114112"


def unescaped(text: str) -> str:
    """The text with its references replaced; one to no character is a sign of replacement."""
    return html.unescape(_ENDLESS.sub(_NO_CHARACTER, text)) if "&" in text else text
