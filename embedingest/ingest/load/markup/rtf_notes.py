"""Notes and boxes of rich text, which wait for the end of their paragraph, table or text. Knows no control words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.raised import END, UP

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Notes"]

_LONGEST_MARK: Final = 12


class Notes:
    """What hangs on the paragraph under way, on the table, and on the whole text."""

    def __init__(self) -> None:
        self.apart: dict[str, list[str]] = {"footnote": [], "shptxt": []}
        """Words of a note or box under way."""
        self.is_endnote = False
        self.of_paragraph: list[str] = []
        self.of_table: list[str] = []
        self.of_text: list[str] = []
        self._own = ""

    def begin(self, words: list[str]) -> None:
        """A note begins behind these words: what stands raised at their end may be its sign."""
        last = words[-1] if words else ""
        self._own = last if last.startswith(UP) and last.endswith(END) and len(last) <= _LONGEST_MARK else ""
        self.is_endnote = False

    def end(self, kind: str, words: list[str], said: Callable[[list[str]], str], *, in_table: bool) -> None:
        """A note or a box, each of its paragraphs, is to stand below the paragraph or table under way."""
        if kind == "footnote":
            self._share_mark(words)
        lines = said(self.apart[kind]).split("\n")
        is_end = kind == "footnote" and self.is_endnote
        below = self.of_text if is_end else self.of_table if in_table else self.of_paragraph
        below.extend(block for line in lines if (block := " ".join(line.split())))
        self.apart[kind] = []

    def _share_mark(self, words: list[str]) -> None:
        """The sign that an author gave a note stands in brackets in the sentence, and before the note."""
        note = self.apart["footnote"]
        first = next((at for at, piece in enumerate(note) if piece.strip()), None)
        if self._own and first is not None and note[first] == self._own and words[-1:] == [self._own]:
            own = self._own.strip(f"{UP}{END} ")
            note[first] = words[-1] = own if own[:1] in {"[", "("} else f"[{own}]"
        self._own = ""
