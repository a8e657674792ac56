"""What holds in rich text until a group ends, and what is known of a font. Knows no control words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.listing import is_monospaced
from embedingest.ingest.load.common.symbols import symbol
from embedingest.ingest.load.markup.rtf_control import CHARSETS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Font", "Group"]

_SYMBOLIC: Final = 2  # the charset of fonts of symbols


@dataclass(slots=True)
class Font:
    """What the table of fonts says of one."""

    codec: str = ""
    name: str = ""
    is_symbolic: bool = False
    is_modern: bool = False
    is_proportional: bool = False

    @property
    def is_monospaced(self) -> bool:
        """Whether all letters have the width of a typewriter's, as in listings."""
        return (self.is_modern and not self.is_proportional) or is_monospaced(self.name)

    def take(self, word: str, number: int) -> None:
        """A control word of the table of fonts."""
        if word == "fcharset":
            self.codec, self.is_symbolic = CHARSETS.get(number, ""), number == _SYMBOLIC
        self.is_modern = self.is_modern or word == "fmodern"
        self.is_proportional = self.is_proportional or (word == "fprq" and number == 2)

    def signs(self, raw: Sequence[int]) -> str | None:
        """Bytes as signs of this font of symbols; `None` where letters are none: words, set in it by mistake."""
        signs = [symbol(self.name, f"{byte:X}") for byte in raw]
        known = all(sign != "\ufffd" or byte > 0x7F for byte, sign in zip(raw, signs, strict=True))
        return "".join(signs) if known else None


@dataclass(slots=True)
class Group:
    """What holds until a group ends."""

    into: str = "body"  # or "skip", or the destination that is being filled
    twice: str = ""  # what words fill that stand twice, for old readers and in Unicode
    skipped: int = 1  # characters that follow one of Unicode, for old readers
    font: Font = field(default_factory=Font)
    hidden: bool = False  # by a change that was made
    veiled: bool = False  # set as hidden: read and counted, as in other formats
    raised: str = ""  # UP or DOWN
    bold: bool = False
    struck: bool = False
    number: int = -1  # of the style or font that is being described

    def skip(self, word: str) -> None:
        """Fill nothing any more. After `upr` the same words come again in a group within, to fill what was filled."""
        if word == "upr" and self.into != "skip":
            self.twice = self.into
        self.into = "skip"
