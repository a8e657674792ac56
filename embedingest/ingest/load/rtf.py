"""Rich Text Format as Markdown: its words, headings, tables and notes. Knows control words, no layout."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load.common.labels import web_codec
from embedingest.ingest.load.common.raised import DOWN, END, UP
from embedingest.ingest.load.common.struck import struck
from embedingest.ingest.load.markup.rtf_page import RtfPage
from embedingest.ingest.load.office.equation_fields import equation_words
from embedingest.ingest.load.office.symbols import PRIVATE, spelled, symbol
from embedingest.types import Document

__all__ = ["RtfLoader", "create"]

_TOKEN: Final = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\"
)
_CHARSETS: Final = {0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030",
                    136: "big5hkscs", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
                    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250"}  # fmt: skip
_CODEPAGES: Final = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850", "ansi": "cp1252"}
_CHARACTERS: Final = {"tab": "\t", "line": "\n", "emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’",
                      "ldblquote": "“", "rdblquote": "”", "bullet": "•", "emspace": " ", "enspace": " ",
                      "nestcell": " ", "nestrow": " ", "softline": "\n", "lbr": "\n"}  # fmt: skip
_SYMBOLS: Final = {"~": "\u00a0", "_": "\u2011", "-": "", "{": "{", "}": "}", "\\": "\\", "\t": "\t"}
_PARAGRAPH: Final = frozenset({"par", "page", "sect", "column", "\n", "\r"})
_HEADERS: Final = frozenset(f"{kind}{side}" for kind in ("header", "footer") for side in ("", "l", "r", "f"))
_COUNTED: Final = {"pict": "skipped_images", "annotation": "comments_left_out"} | dict.fromkeys(
    _HEADERS, "running_lines"
)
_SKIPPED: Final = frozenset(
    {"colortbl", "datafield", "objdata", "objclass", "objname", "shprslt", "sn", "sv", "nonesttables",
     "listtable", "listoverridetable", "rsidtbl", "generator", "xmlnstbl", "themedata", "colorschememapping",
     "latentstyles", "datastore", "filetbl", "revtbl", "private", "bkmkstart", "bkmkend", "atnid", "atnauthor",
     "pnseclvl", "ftnsep", "ftnsepc", "ftncn", "aftnsep", "aftnsepc", "aftncn", "xe", "tc", "txe", "rxe", "nonshppict",
     "template", "pgdsctbl", "mmath", "falt", "panose"}
)  # fmt: skip
# Marked as what an old reader may ignore, and holding words or what leads to them.
_SHOWN: Final = frozenset(
    {"fldinst", "shpinst", "shptxt", "shppict", "cs", "ds", "ts", "footnote", "pict", "annotation"}
)
_MARKS: Final = frozenset({"listtext", "pntext"})
_TABLES: Final = frozenset({"fonttbl", "stylesheet", "info", "title", "author"})
_PARTS: Final = frozenset({"par", "page", "sect", "column", "row", "nestrow", "line", "softline", "lbr"})
_CELLS: Final = frozenset({"cell", "nestcell"})
_HEADING: Final = re.compile(r"(?i)\s*(?:heading|überschrift|titre|encabezado|título|titolo|kop)\s?(\d)\b")
_RAISED: Final = {"super": UP, "sub": DOWN, "nosupersub": ""}
_FLAGS: Final = {"v": "veiled", "deleted": "hidden", "b": "bold", "strike": "struck", "striked": "struck"}
_NO_MARKS: Final = dict.fromkeys(range(1, 8))
_MOST_GROUPS: Final = 10_000
_SYMBOLIC: Final = 2  # the charset of fonts of symbols


@dataclass(slots=True)
class _Font:
    """What the table of fonts says of one."""

    codec: str = ""
    name: str = ""
    is_symbolic: bool = False


@dataclass(slots=True)
class _Group:
    """What holds until a group ends."""

    into: str = "body"  # or "skip", or the destination that is being filled
    skipped: int = 1  # characters that follow one of Unicode, for old readers
    font: _Font = field(default_factory=_Font)
    hidden: bool = False  # by a change that was made
    veiled: bool = False  # set as hidden: read and counted, as in other formats
    raised: str = ""  # UP or DOWN
    bold: bool = False
    struck: bool = False
    number: int = -1  # of the style or font that is being described


class RtfLoader:
    """Words in their order; headings by style or outline level; tables; notes below their paragraph.

    Pictures, comments and running heads are counted; what draws and what programs keep for themselves is no text.
    """

    name = "rtf"
    version = "6"
    suffixes = frozenset({".rtf"})
    mimes = frozenset({"application/rtf", "text/rtf"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentError (`corrupt`) where no rich text begins."""
        source = data.lstrip(b"\xef\xbb\xbf \t\r\n\0")
        if not source.startswith(b"{\\rt"):
            raise DocumentError(f"{name} is no rich text", source=name, code="corrupt")
        reader = _Reader()
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

    def __init__(self) -> None:
        self.page = RtfPage()
        self.notices: dict[str, int] = {}
        self.kept: dict[str, list[str]] = {}
        self._group = _Group()
        self._outer: list[_Group] = []
        self._too_deep = 0
        self._ansi = "cp1252"
        self._fonts: dict[int, _Font] = {}
        self._levels: dict[int, int] = {}
        self._default = -1
        self._pending = bytearray()
        self._skip = 0
        self._high = ""
        self._ignorable = False
        self._instruction: list[str] = []

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
            default = self._fonts.get(self._default, _Font())
            text = self._pending.decode(font.codec or default.codec or self._ansi, "replace")
            if font.is_symbolic and self._group.into not in _TABLES:
                signs = [symbol(font.name, f"{byte:X}") for byte in self._pending]
                # Letters that are no signs of the font are words that a program has set in it by mistake.
                if all(sign != "�" or byte > 0x7F for byte, sign in zip(self._pending, signs, strict=True)):
                    self._pending.clear()
                    self._symbols("".join(signs))
                    return
            if "�" in text:
                self.notices["undecodable"] = self.notices.get("undecodable", 0) + text.count("�")
            self._pending.clear()
            self._say(text)

    def _symbols(self, text: str) -> None:
        """Say characters of a font of symbols, and count those that only it knows."""
        unknown = 0 if self._group.into in _MARKS else text.count("\ufffd")
        if unknown:
            self.notices["unknown_symbols"] = self.notices.get("unknown_symbols", 0) + unknown
        self._say(text)

    def _say(self, text: str) -> None:
        into = self._group.into
        if into == "skip" or self._group.hidden:
            return
        if self._group.veiled and into == "body" and (hidden := len(text.split())):
            self.notices["hidden_words"] = self.notices.get("hidden_words", 0) + hidden
        text = f"{self._group.raised}{text}{END}" if self._group.raised else text.translate(_NO_MARKS)
        text = struck(text) if self._group.struck else text
        if into == "body":
            self.page.say(text, bold=self._group.bold)
        elif into in _MARKS:
            (self.page.words if self.page.in_table else self.page.mark).append(text)
        elif into in self.page.apart:
            self.page.apart[into].append(text)
        elif into == "fldinst":
            self._instruction.append(text)
        elif into == "stylesheet":
            heading = _HEADING.match(text)
            if heading is not None and heading[1] != "0":
                self._levels.setdefault(self._group.number, int(heading[1]))
        elif into == "fonttbl":
            font = self._fonts.setdefault(self._group.number, _Font())
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
            if ended.into != self._group.into:
                self._ended(ended.into)

    def _ended(self, destination: str) -> None:
        if destination in self.page.apart:
            self.page.end_apart(destination)
        elif destination == "fldinst":  # what is drawn from it stands in its place; other fields have a result
            words, self._instruction = equation_words("".join(self._instruction)), []
            if words:
                self._say(words)

    def _symbol(self, symbol: str) -> None:
        if symbol == "*":
            self._ignorable = True
        elif symbol in _PARAGRAPH:
            self._paragraph()
        elif self._skip and symbol in "{}\\":
            self._skip -= 1
        elif symbol in _SYMBOLS:
            self._say(_SYMBOLS[symbol])

    def _word(self, word: str, number: int | None) -> None:
        ignorable, self._ignorable = self._ignorable, False
        if word in _COUNTED and self._group.into == "body":
            self.notices[_COUNTED[word]] = self.notices.get(_COUNTED[word], 0) + 1
        if word in _COUNTED or word in _SKIPPED or (ignorable and word not in _SHOWN):
            self._group.into = "skip"
        elif self._group.into == "skip":
            return
        elif word == "u":
            self._unicode(number or 0)
        elif self._group.into == "fldinst" or (word in _MARKS and self._group.into == "shptxt"):
            self._state(word, number)
        elif word in _TABLES or word in _MARKS or word in {"footnote", "shptxt", "fldinst"}:
            self._group.into = word
        elif self._group.into == "shptxt" and (word in _PARTS or word in _CELLS):
            self._say("\n" if word in _PARTS else " ")
        elif word in _CHARACTERS:
            self._say(_CHARACTERS[word])
        elif self._group.into == "body":
            self._layout(word, number)
            self._state(word, number)
        else:
            self._state(word, number)

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
        if word in _PARAGRAPH:
            page.paragraph()
        elif word == "cell":
            page.cell()
        elif word == "row":
            page.row()
        elif word == "intbl":
            page.in_table = True
        elif word == "pard":
            page.in_table, page.level, page.depth, page.goes_on = False, 0, 0, False
        elif word == "dropcapli":
            page.goes_on = True
        elif word == "trowd":
            page.edges.begin()
        elif word in {"cellx", "clvmrg", "clvmgf"}:
            page.edges.take(word, number or 0)
        elif word == "s":
            page.level = self._levels.get(number or 0, 0)
        elif word == "ilvl":
            page.depth = max(0, number or 0)
        elif word == "outlinelevel" and number is not None:
            page.level = number + 1 if 0 <= number < 9 else 0

    def _state(self, word: str, number: int | None) -> None:
        """What holds for the words to come."""
        group = self._group
        if word == "uc":
            group.skipped = max(0, min(number if number is not None else 1, 16))
        elif word in _FLAGS:
            setattr(group, _FLAGS[word], number != 0)
        elif word == "plain":
            group.hidden = group.veiled = group.bold = group.struck = False
            group.raised, group.font = "", self._fonts.get(self._default, _Font())
        elif word in _RAISED:
            group.raised = _RAISED[word] if number != 0 else ""
        elif word == "f" and number is not None:
            group.font = self._fonts.setdefault(number, _Font())
            group.number = number if group.into == "fonttbl" else group.number
        elif word == "fcharset" and group.into == "fonttbl":
            font = self._fonts.setdefault(group.number, _Font())
            font.codec, font.is_symbolic = _CHARSETS.get(number or 0, ""), number == _SYMBOLIC
        elif word == "deff":
            self._default = number or 0
        elif word == "ansicpg" or word in _CODEPAGES:
            self._ansi = web_codec(f"cp{number}") or self._ansi if word == "ansicpg" else _CODEPAGES[word]
        elif group.into == "stylesheet" and word == "s":
            group.number = number or 0
        elif group.into == "stylesheet" and word == "outlinelevel" and number is not None and 0 <= number < 9:
            self._levels.setdefault(group.number, number + 1)
