"""Manual pages as Markdown: sections, what is listed, examples, tables. Chooses between the macros man and mdoc."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.roff.characters import arguments, plain
from embedingest.ingest.load.roff.mdoc import MACROS as MDOC
from embedingest.ingest.load.roff.mdoc import Mdoc
from embedingest.ingest.load.roff.paper import Paper
from embedingest.ingest.load.roff.source import Source
from embedingest.ingest.load.roff.tables import Table
from embedingest.types import Document

if TYPE_CHECKING:
    from embedingest.ingest.load.roff.source import Line

__all__ = ["ManLoader", "create"]

_ALTERNATING: Final = frozenset({"BI", "BR", "IB", "IR", "RB", "RI"})
_WORDS: Final = frozenset({"B", "I", "R", "SM", "SB", "CW", "C", "L", "nop"})
_PARAGRAPH: Final = frozenset({"PP", "LP", "P", "HP", "RS", "RE", "sp", "Sp", "YS", "bp", "SE"})
_VERBATIM: Final = frozenset({"nf", "EX", "Vb", "CS", "DS"})
_FILLED: Final = frozenset({"fi", "EE", "Ve", "CE", "DE"})
_BULLETS: Final = frozenset("•*-o·–—+∗") | {"(o", "o "}
_ALL: Final = (
    _ALTERNATING | _WORDS | _PARAGRAPH | _VERBATIM | _FILLED
    | {"TH", "SH", "SS", "TP", "TQ", "IP", "UR", "MT", "UE", "ME", "SY", "OP", "MR", "br", "TS", "TE", "EQ", "EN", "so",
       "IX", "ti", "in", "PD", "ad", "na", "hy", "nh", "ft", "ps", "ta", "ne", "nr", "rr", "ll", "ce", "tr", "rm",
       "rn", "lf", "ss", "cs", "UC", "AT", "DT", "do", "mso", "po", "vs", "fam", "color", "ev", "eo", "ec", "el", "nx",
       "ls", "pl", "cflags", "hw", "lt", "it", "rj", "ns", "rs", "fp", "hla", "hlm", "hcode", "char", "fchar",
       "ex", "ab", "tm", "cc", "c2", "shift", "return", "als", "blm", "di", "da", "ch", "wh", "mk", "rt", "sv",
       "os", "uf", "ul", "cu", "bd", "lc", "tc", "pc", "ig", "dt", "SC", "BK", "EK", "LINKSTYLE"}
)  # fmt: skip
_SILENT: Final = frozenset(
    ["af", "aln", "asciify", "backtrace", "box", "boxa", "chop", "class", "close", "composite", "continue", "cp",
     "defcolor", "device", "devicem", "ecr", "ecs", "em", "evc", "fc", "fcolor", "fl", "fschar", "fspecial", "ftr",
     "fzoom", "gcolor", "hc", "hpf", "hpfa", "hpfcode", "hym", "hys", "itc", "kern", "length", "linetabs", "lg", "lsm",
     "mc", "nm", "nn", "nroff", "open", "opena", "output", "pev", "pi", "pm", "pn", "pnr", "psbb", "ptr", "pvs",
     "rchar", "rd", "rfschar", "rnn", "schar", "shc", "sizes", "special", "spreadwarn", "stringdown", "stringup", "sty",
     "substring", "sy", "tkf", "tm1", "tmc", "trin", "trnt", "troff", "unformat", "vpt", "warn", "warnscale", "write",
     "writec", "writem"]
)  # fmt: skip
"""Other requests of groff, whose words are settings. Pages call macros of their own so too, which are expanded."""
_TAKES_IN: Final = frozenset({"so", "soquiet", "pso", "cf", "trf"})


class ManLoader:
    """Sections are headings, tags stand over what they explain, examples and tables are kept as such.

    Title, section and date are metadata. Pages that only name another are told (`included_files`).
    """

    name = "man"
    version = "3"
    suffixes = frozenset({".man", ".mdoc", ".roff"})
    mimes = frozenset({"text/troff"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentSkipped (`binary`)."""
        decoded = decode(data, name)
        reader = _Reader()
        for line in Source(decoded.text, _ALL | MDOC).lines():
            reader.read(line)
        reader.end()
        return Document(
            source=name,
            text=reader.paper.page.text,
            markup="markdown",
            mime="text/troff",
            title=reader.title or None,
            spans=reader.paper.page.line_spans(),
            metadata=reader.facts,
            notices={**decoded.notices, **reader.paper.page.notices},
        )


def create() -> ManLoader:
    """The loader of manual pages; it has no settings."""
    return ManLoader()


class _Reader:
    """Writes lines of man to the paper; those of mdoc are handed on once a page says that it is written so."""

    def __init__(self) -> None:
        self.paper: Final = Paper()
        self.title = ""
        self.facts: Final[dict[str, Any]] = {}
        self._mdoc: Mdoc | None = None
        self._table: Table | None = None
        self._address: str | None = None
        self._waits = ""  # what the next line of text is: a heading, a tag

    def read(self, line: Line) -> None:
        if self._table is not None:
            self._in_table(self._table, line)
        elif line.name == "TS":
            self._table = Table()
        elif line.name in {"Dd", "Dt"} and self._mdoc is None:
            self._mdoc = Mdoc(self.paper)
            self._mdoc.read(line)
        elif self._mdoc is not None and (not line.name or line.name in MDOC):
            self._mdoc.read(line)
        elif not line.name:
            self._text(plain(line.rest), line.number, glue=line.rest.endswith("\\c"))
        else:
            self._request(line)

    def end(self) -> None:
        if self._table is not None:
            self._table.write(self.paper)
        self.paper.end()
        if self._mdoc is not None:
            self.title = self.title or self._mdoc.title
            self.facts.update(self._mdoc.facts)

    def _in_table(self, table: Table, line: Line) -> None:
        if line.name == "TE":
            table.write(self.paper)
            self._table = None
        else:
            table.add(line)

    def _text(self, words: str, number: int, *, glue: bool = False) -> None:
        waits, self._waits = self._waits, ""
        if waits in {"SH", "SS"} and words.strip():
            self.paper.heading(1 if waits == "SH" else 2, words, number)
        elif waits == "TP":
            self.paper.tag(words, number)
        else:
            self.paper.text(words, number, glue=glue)

    def _request(self, line: Line) -> None:
        name, number = line.name, line.number
        if name in _WORDS or name in _ALTERNATING:
            given = [plain(each) for each in arguments(line.rest)]
            self._text(("" if name in _ALTERNATING else " ").join(given), number) if given else None
        elif name in _PARAGRAPH:
            self._waits = ""
            self.paper.part(number)
        elif name in _VERBATIM or name in _FILLED:
            self.paper.verbatim(on=name in _VERBATIM, number=number)
        elif name in {"SH", "SS"}:
            words = " ".join(plain(each) for each in arguments(line.rest))
            self._waits = "" if words else name
            self.paper.heading(1 if name == "SH" else 2, words, number)
        else:
            self._other(name, [plain(each) for each in arguments(line.rest)], number)

    def _other(self, name: str, given: list[str], number: int) -> None:
        if name == "TH":
            self._titled(given)
        elif name in {"TP", "TQ"}:
            if name == "TP":
                self.paper.part(number)
            self._waits = "TP"
        elif name == "IP":
            self._item(given[0] if given else "", number)
        elif name in {"UR", "MT"}:
            self._address = given[0] if given else ""
        elif name in {"UE", "ME"}:
            address, self._address = self._address, None
            if address:
                self._text(f"<{address}>{given[0] if given else ''}", number)
        elif name in {"SY", "OP", "MR"}:
            self._synopsis(name, given, number)
        elif name in {"br", "brp"}:
            self.paper.end_line()
        elif name in _TAKES_IN:
            self.paper.page.count("included_files")
        elif name not in _ALL and name not in _SILENT and not name.startswith("\\") and given:
            self.paper.page.count("unknown_macros")

    def _titled(self, given: list[str]) -> None:
        name, section, date = (*given, "", "", "")[:3]
        self.title = self.title or (f"{name}({section})" if section else name)
        facts = {"section": section, "date": date, "manual": (*given[4:5], "")[0]}
        self.facts.update({key: value for key, value in facts.items() if value})

    def _item(self, mark: str, number: int) -> None:
        self._waits = ""
        self.paper.part(number)
        if mark.strip() in _BULLETS:
            self.paper.mark("-")
        elif mark.rstrip(".)").isdecimal() and mark[-1] in ".)":
            self.paper.mark(mark)
        elif mark.strip():
            self.paper.tag(mark, number)

    def _synopsis(self, name: str, given: list[str], number: int) -> None:
        if name == "SY":
            self.paper.part(number)
            self._text(" ".join(given), number)
        elif name == "OP":
            self._text(f"[{' '.join(given)}]", number)
        elif given:
            self._text(f"{given[0]}({given[1] if len(given) > 1 else ''}){''.join(given[2:])}", number)
