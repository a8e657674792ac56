"""What rich text draws without a result of its own: equations, boxes and menus of forms."""

from __future__ import annotations

from typing import Final

from embedingest.ingest.load.markup.rtf_math import RtfMath
from embedingest.ingest.load.office.shown_fields import drawn

__all__ = ["RtfFields"]

_BOX: Final = 1
_MENU: Final = 2
_DEFAULT: Final = 25
"""The state of a box or a menu that nobody has touched."""

_MOST_CHOICES: Final = 1000


class RtfFields:
    """The instruction of the field under way, and what it says of a form."""

    def __init__(self) -> None:
        self.math = RtfMath()
        self._instruction: list[str] = []
        self._choices: list[str] = []
        self._said: dict[str, int] = {}

    def take(self, word: str, number: int) -> None:
        """A control word of a form's field."""
        if word in {"fftype", "ffres", "ffdefres"}:
            self._said[word] = number
        elif word == "ffl" and len(self._choices) < _MOST_CHOICES:
            self._choices.append("")

    def say(self, text: str, *, is_choice: bool) -> None:
        """Words of the instruction, or of the last choice of a menu."""
        if not is_choice:
            self._instruction.append(text)
        elif self._choices:
            self._choices[-1] += text

    def taken(self) -> str:
        """What the field shows by itself; the next one begins."""
        state = self._said.get("ffres", _DEFAULT)
        state = self._said.get("ffdefres", 0) if state == _DEFAULT else state
        shown = drawn("".join(self._instruction))
        if self._said.get("fftype") == _BOX:
            shown = "[x]" if state else "[ ]"
        elif self._said.get("fftype") == _MENU:
            shown = "".join(self._choices[state : state + 1]) if state >= 0 else ""
        self._instruction, self._choices, self._said = [], [], {}
        return shown
