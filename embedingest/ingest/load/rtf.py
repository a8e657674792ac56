"""Rich Text Format as Markdown: its words, headings, tables and notes. Knows control words, no layout."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.labels import web_codec
from embedingest.ingest.load.common.raised import DOWN, END, UP
from embedingest.ingest.load.common.struck import struck
from embedingest.ingest.load.common.symbols import PRIVATE, spelled
from embedingest.ingest.load.markup.rtf_control import (
    CELLS,
    CHARACTERS,
    CODEPAGES,
    COUNTED,
    HEAD,
    LIST_PARTS,
    LIST_TABLES,
    MARKS,
    PARAGRAPH,
    PARTS,
    SHOWN,
    SKIPPED,
    SYMBOLS,
    TABLES,
    UNSAID,
)
from embedingest.ingest.load.markup.rtf_fields import RtfFields
from embedingest.ingest.load.markup.rtf_lists import RtfLists
from embedingest.ingest.load.markup.rtf_page import Place, RtfPage
from embedingest.ingest.load.markup.rtf_state import Font, Group
from embedingest.types import Document

__all__ = ["RtfLoader", "create"]

_TOKEN: Final = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\"
)
HEADING: Final = re.compile(r"(?i)\s*(?:heading|überschrift|titre|encabezado|título|titolo|kop)\s?(\d)\b")
_RAISED: Final = {"super": UP, "sub": DOWN, "nosupersub": ""}
_FLAGS: Final = {"v": "veiled", "deleted": "hidden", "b": "bold", "strike": "struck", "striked": "struck"}
_NO_MARKS: Final = dict.fromkeys(range(1, 8))
_MOST_GROUPS: Final = 10_000


class RtfLoader:
    """Words in their order; headings by style or outline level; tables; notes below their paragraph.

    Pictures, comments and running heads are counted; what draws and what programs keep for themselves is no text.
    """

    name = "rtf"
    version = "11"
    suffixes = frozenset({".rtf"})
    mimes = frozenset({"application/rtf", "text/rtf"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError (`corrupt`) where no rich text begins."""
        source = data.lstrip(b"\xef\xbb\xbf \t\r\n\0")
        if not source.startswith(b"{\\rt"):
            raise DocumentError(f"{name} is no rich text", source=name, code="corrupt")
        reader = _Reader()
        reader.read(source.decode("latin-1"))
        if reader.page.listing.is_all:  # by a typewriter, as it were: nothing in it is a listing
            reader = _Reader(listings=False)
            reader.read(source.decode("latin-1"))
        words = {key: " ".join("".join(parts).split()) for key, parts in reader.kept.items()}
        metadata: dict[str, Any] = {"author": words["author"]} if words.get("author") else {}
        return Document(
            source=name,
            has_lines=False,
            text=reader.page.finish(),
            markup="markdown",
            mime="application/rtf",
            title=words.get("title") or reader.page.title,
            metadata=metadata,
            notices=reader.notices,
        )


def create() -> RtfLoader:
    """The loader of rich text; it has no settings."""
    return RtfLoader()


class _Reader:
    """Follows groups and control words, and hands the words to the page."""

    def __init__(self, *, listings: bool = True) -> None:
        self.page = RtfPage(RtfLists(), listings=listings)
        self.notices: dict[str, int] = {}
        self.kept: dict[str, list[str]] = {}
        self._group = Group()
        self._outer: list[Group] = []
        self._too_deep = 0
        self._ansi = "cp1252"
        self._fonts: dict[int, Font] = {}
        self._levels: dict[int, int] = {}
        self._default = -1
        self._pending = bytearray()
        self._skip = 0
        self._high = ""
        self._ignorable = False
        self._fields = RtfFields()

    def read(self, source: str) -> None:
        at = 0
        while match := _TOKEN.match(source, at):
            at = match.end()
            word, number, byte, symbol, brace, text = match.groups()
            if byte or text:
                self._bytes(bytes.fromhex(byte) if byte else text.encode("latin-1"))
                continue
            if not (word or symbol or brace):
                continue  # an end of line says nothing
            self._flush()
            if brace:
                self._skip = 0
                self._open() if brace == "{" else self._close()
            elif symbol:
                self._symbol(symbol)
            elif word == "bin":
                at += max(0, int(number or 0))
            else:
                self._word(word, int(number) if number else None)
        self._flush()
        if self._outer:
            self.notices["cut_off"] = 1

    def _bytes(self, raw: bytes) -> None:
        dropped = min(self._skip, len(raw))
        self._skip -= dropped
        self._pending += raw[dropped:]
        if len(raw) > dropped:
            self._ignorable = False

    def _flush(self) -> None:
        if self._pending:
            font = self._group.font
            default = self._fonts.get(self._default, Font())
            codec = self._ansi if self._group.into in HEAD else font.codec or default.codec or self._ansi
            text = self._pending.decode(codec, "replace")
            signs = font.signs(self._pending) if font.is_symbolic and self._group.into not in TABLES else None
            if signs is not None:
                self._pending.clear()
                self._symbols(signs)
                return
            if "�" in text and self._group.into not in UNSAID:
                self.notices["undecodable"] = self.notices.get("undecodable", 0) + text.count("�")
            self._pending.clear()
            self._say(text)

    def _symbols(self, text: str) -> None:
        """Say characters of a font of symbols, and count those that only it knows."""
        unknown = 0 if self._group.into in MARKS | LIST_PARTS else text.count("\ufffd")
        if unknown:
            self.notices["unknown_symbols"] = self.notices.get("unknown_symbols", 0) + unknown
        self._say(text)

    def _say(self, text: str) -> None:
        into = self._group.into
        if into == "skip" or self._group.hidden:
            return
        if into == "leveltext":
            self.page.lists.text(text)
        if self._group.veiled and into == "body" and (hidden := len(text.split())):
            self.notices["hidden_words"] = self.notices.get("hidden_words", 0) + hidden
        text = f"{self._group.raised}{text}{END}" if self._group.raised else text.translate(_NO_MARKS)
        text = struck(text) if self._group.struck else text
        if into == "body":
            self.page.say(text, bold=self._group.bold, typed=self._group.font.is_monospaced)
        elif into in MARKS:
            (self.page.words if self.page.place.in_table else self.page.mark).append(text)
        elif into in self.page.notes.apart:
            self.page.notes.apart[into].append(text)
        elif into in {"fldinst", "ffl"}:
            self._fields.say(text, is_choice=into == "ffl")
        elif into == "mmath":
            self._fields.math.say(text)
        else:
            self._learn(into, text)

    def _learn(self, into: str, text: str) -> None:
        """Words of the head of a file."""
        if into == "stylesheet":
            heading = HEADING.match(text)
            if heading is not None and heading[1] != "0":
                self._levels.setdefault(self._group.number, int(heading[1]))
        elif into == "fonttbl":
            font = self._fonts.setdefault(self._group.number, Font())
            font.name = (font.name + text).partition(";")[0][:64]
        elif into in {"title", "author"}:
            self.kept.setdefault(into, []).append(text)

    def _open(self) -> None:
        if len(self._outer) >= _MOST_GROUPS:
            self._too_deep += 1
            return
        self._outer.append(self._group)
        self._group = replace(self._group)
        self._ignorable = False

    def _close(self) -> None:
        if self._too_deep:
            self._too_deep -= 1
        elif self._outer:
            ended, self._group = self._group, self._outer.pop()
            if ended.into == "mmath":
                self._fields.math.end(len(self._outer) + 1)
            if ended.into not in {self._group.into, self._group.twice}:
                self._ended(ended.into)

    def _ended(self, destination: str) -> None:
        if destination in self.page.notes.apart:
            self.page.end_apart(destination)
        elif destination == "fldinst":  # what is drawn from it stands in its place; other fields have a result
            if words := self._fields.taken():
                self._say(words)
        elif destination == "mmath" and (words := self._fields.math.taken()):
            self._say(words)

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._ignorable = True
        elif symbol in PARAGRAPH:
            self._paragraph()
        elif self._skip and symbol in "{}\\":
            self._skip -= 1
        elif symbol in SYMBOLS:
            self._say(SYMBOLS[symbol])

    def _word(self, word: str, number: int | None) -> None:
        ignorable, self._ignorable = self._ignorable, False
        if word in COUNTED and self._group.into == "body":
            self.notices[COUNTED[word]] = self.notices.get(COUNTED[word], 0) + 1
        if word in COUNTED or word in SKIPPED or (ignorable and word not in SHOWN):
            self._group.skip(word)
        elif word == "ud" and self._group.twice:
            self._group.into = self._group.twice
        elif self._group.into == "skip":
            return
        elif word == "u":
            self._unicode(number or 0)
        elif self._within(word, number):
            return
        elif word in TABLES | MARKS | LIST_TABLES or word in {"footnote", "shptxt", "fldinst", "mmath"}:
            self._group.into = word
            if word == "footnote":
                self.page.notes.begin(self.page.words)
        elif word == "ftnalt" and self._group.into == "footnote":
            self.page.notes.is_endnote = True
        elif word in CHARACTERS:
            self._say(CHARACTERS[word])
        elif self._group.into == "body":
            self._layout(word, number)
            self._state(word, number)
        else:
            self._state(word, number)

    def _within(self, word: str, number: int | None) -> bool:
        """Take a control word in a group that is read in a way of its own; whether it stands in one."""
        into = self._group.into
        if into in LIST_TABLES | LIST_PARTS:
            self._group.into = word if word in LIST_PARTS else into
            self.page.lists.take(word, number or 0)
        elif into == "mmath":
            self._fields.math.begin(word, len(self._outer))
            self._state(word, number)
        elif into in {"formfield", "ffl"}:
            self._group.into = "ffl" if word == "ffl" else into
            self._fields.take(word, number or 0)
        elif into == "fldinst" and word == "formfield":
            self._group.into = word
        elif into == "fldinst" or (word in MARKS and into == "shptxt"):
            self._state(word, number)
        elif into in self.page.notes.apart and (word in PARTS or word in CELLS):
            self._say("\n" if word in PARTS else " ")
        else:
            return False
        return True

    def _unicode(self, number: int) -> None:
        unit = number & 0xFFFF
        self._skip = self._group.skipped
        if 0xD800 <= unit < 0xDC00:
            self._high = chr(unit)
            return
        pair = (self._high + chr(unit)).encode("utf-16-le", "surrogatepass")
        self._high = ""
        said = pair.decode("utf-16-le", "replace")
        self._symbols(spelled(said, self._group.font.name)) if PRIVATE.search(said) else self._say(said)

    def _paragraph(self) -> None:
        if self._group.into == "body":
            self.page.paragraph()
        else:
            self._say(" ")

    def _layout(self, word: str, number: int | None) -> None:
        """What parts the text."""
        page = self.page
        if word in PARAGRAPH:
            page.paragraph()
        elif word == "cell":
            page.cell()
        elif word == "row":
            page.row()
        elif word == "pard":
            page.place = Place()
        elif word == "trowd":
            page.edges.begin()
        elif word in {"cellx", "clvmrg", "clvmgf"}:
            page.edges.take(word, number or 0)
        elif word == "s":
            page.place.level = self._levels.get(number or 0, 0)
        else:
            page.place.take(word, number)

    def _state(self, word: str, number: int | None) -> None:
        """What holds for the words to come."""
        group = self._group
        if word == "uc":
            group.skipped = max(0, min(number if number is not None else 1, 16))
        elif word in _FLAGS:
            setattr(group, _FLAGS[word], number != 0)
        elif word == "plain":
            group.hidden = group.veiled = group.bold = group.struck = False
            group.raised, group.font = "", self._fonts.get(self._default, Font())
        elif word in _RAISED:
            group.raised = _RAISED[word] if number != 0 else ""
        elif word == "f" and number is not None:
            group.font = self._fonts.setdefault(number, Font())
            group.number = number if group.into == "fonttbl" else group.number
        elif word in {"fmodern", "fprq", "fcharset"} and group.into == "fonttbl":
            self._fonts.setdefault(group.number, Font()).take(word, number or 0)
        elif word == "deff":
            self._default = number or 0
        elif word == "ansicpg" or word in CODEPAGES:
            self._ansi = web_codec(f"cp{number}") or self._ansi if word == "ansicpg" else CODEPAGES[word]
        elif group.into == "stylesheet" and word == "s":
            group.number = number or 0
        elif group.into == "stylesheet" and word == "outlinelevel" and number is not None and 0 <= number < 9:
            self._levels.setdefault(group.number, number + 1)
