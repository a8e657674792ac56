"""Org mode as Markdown: headings, lists, tables, listings; drawers and settings are no words. Runs no Emacs."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.common.assembly import heading
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.items import Depths
from embedingest.ingest.load.common.markdown_escape import escaped
from embedingest.ingest.load.markup.org_words import words
from embedingest.ingest.load.markup.page import Page, fenced
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["OrgLoader", "create"]

_HEADING: Final = re.compile(r"(\*{1,200})[ \t]+(\S.*)?$")
_PRIORITY: Final = re.compile(r"(?:^|(?<=[ \t]))\[#[A-Za-z0-9]{1,2}\](?:[ \t]+|$)")
_TAGS: Final = re.compile(r"(?:^|[ \t]):([\w@#%:]{1,400}):$")
_KEYWORD: Final = re.compile(r"[ \t]*#\+([A-Za-z_-]{1,40})(?:\[[^\]\n]{0,200}\])?:[ \t]*(.*)$")
_BEGIN: Final = re.compile(r"[ \t]*#\+begin_(\w{1,40})(?:[ \t]+(.*))?$", re.IGNORECASE)
_END: Final = re.compile(r"[ \t]*#\+end_(\w{1,40})[ \t]*$", re.IGNORECASE)
_DRAWER: Final = re.compile(r"[ \t]*:([\w-]{1,40}):[ \t]*$")
_ITEM: Final = re.compile(r"([ \t]*)([-+]|\d{1,9}[.)]|[a-zA-Z][.)]|(?<=[ \t])\*)(?:[ \t]+(.*))?$")
_COUNTER: Final = re.compile(r"\[@\w{1,9}\][ \t]*")
_TERM: Final = re.compile(r"(\S.{0,400}?)[ \t]{1,8}::(?:[ \t]+|$)")
_FORMULA: Final = re.compile(r"\s*\\(?:begin\{([a-z]{1,20}\*?)\}|\[)")
_MOST_LINES: Final = 100  # of a formula
_FIXED: Final = re.compile(r"([ \t]*):(?:[ ](.*))?$")
_RULE: Final = re.compile(r"[ \t]*-{5,}[ \t]*$")
_COOKIE: Final = re.compile(r"<[lrc]?\d{0,3}>|[/<>!*#$_^]|")
_LISTINGS: Final = frozenset({"src", "example", "export", "html", "latex", "ascii"})
_NO_WORDS: Final = frozenset({"properties", "logbook", "clock"})
_METADATA: Final = {"author": "author", "date": "date", "language": "language", "description": "description",
                    "email": "email", "subtitle": "subtitle"}  # fmt: skip
_SHOWN: Final = frozenset({"caption"})


class OrgLoader:
    """Words in their order. Title, author, date and tags are metadata; drawers of properties and logs are counted.

    Emphasis, links and time stamps give way to their words; listings and formulas stay as they are written.
    """

    name = "org"
    version = "4"
    suffixes = frozenset({".org", ".org_archive"})
    mimes = frozenset({"text/org", "text/x-org"})

    def load(self, data: bytes, name: str) -> Document:
        """Raises DocumentSkipped (`binary`)."""
        decoded = decode(data, name)
        reader = _Reader(decoded.text.split("\n"))
        reader.read()
        metadata: dict[str, Any] = dict(reader.facts)
        if reader.tags:
            metadata["tags"] = list(reader.tags)
        if decoded.encoding != "utf-8":
            metadata["encoding"] = decoded.encoding
        return Document(
            source=name,
            text=reader.page.text,
            markup="markdown",
            mime="text/org",
            title=reader.title or reader.first,
            spans=reader.page.line_spans(),
            metadata=metadata,
            notices={**decoded.notices, **reader.page.notices},
        )


def create() -> OrgLoader:
    """The loader of Org files; it has no settings."""
    return OrgLoader()


class _Reader:
    """Goes through the lines once; `facts` are what the file says of itself, `first` its first heading."""

    def __init__(self, lines: list[str]) -> None:
        self.page: Final = Page()
        self.title = ""
        self.first: str | None = None
        self.facts: Final[dict[str, str]] = {}
        self.tags: Final[dict[str, None]] = {}
        self._lines: Final = lines
        self._ends: Final = _ends_of(lines)
        self._columns: list[int] = []  # where the marks of the items stand that are open
        self._depths: Final = Depths()

    def read(self) -> None:
        at = 0
        while at < len(self._lines):
            at = self._from(at)

    def _from(self, at: int) -> int:
        """Read what begins on a line; the line after it."""
        line = self._lines[at]
        mark = line.lstrip()[:1]
        if not mark:
            self.page.part()
        elif line[0] == "*" and (match := _HEADING.match(line)):
            self._heading(len(match[1]), (match[2] or "").rstrip(), at + 1)
        elif mark == "#":
            return self._special(at)
        elif mark == ":":
            return self._colon(at)
        elif mark == "|":
            self._row(line.strip(), at + 1)
        elif mark == "-" and _RULE.match(line):
            self.page.part()
        elif mark == "\\" and (opened := _FORMULA.match(line)):
            return self._formula(at, f"\\end{{{opened[1]}}}" if opened[1] else "\\]")
        else:
            self._words(line, at + 1)
        return at + 1

    def _heading(self, stars: int, title: str, number: int) -> None:
        tags = _TAGS.search(title)
        if tags is not None:
            self.tags.update(dict.fromkeys(tag for tag in tags[1].split(":") if tag))
            title = title[: tags.start()].rstrip()
        title = words(_PRIORITY.sub("", title, count=1), self.page.notices)
        self.first = self.first or title or None
        self._columns.clear()
        self.page.part()
        self.page.line(heading(stars, title), number)
        self.page.part()

    def _special(self, at: int) -> int:
        """A block, a setting, a comment; or words that begin with a number sign."""
        line = self._lines[at]
        begin = _BEGIN.match(line)
        if begin is not None:
            end = self._end_of("end_" + begin[1].lower(), at)
            return self._block(begin[1].lower(), begin[2] or "", at, end) if end else at + 1
        if _END.match(line):
            return at + 1
        keyword = _KEYWORD.match(line)
        if keyword is not None:
            self._keyword(keyword[1].lower(), keyword[2].strip(), at + 1)
        elif line.strip() == "#" or line.lstrip().startswith("# "):
            self.page.count("comments_left_out", 1 if line.strip() != "#" else 0)
        elif not line.lstrip().startswith("#+"):
            self._words(line, at + 1)
        return at + 1

    def _keyword(self, key: str, value: str, number: int) -> None:
        if key == "title":
            self.title = f"{self.title} {words(value, self.page.notices)}".strip()
        elif key in _METADATA and value:
            self.facts.setdefault(_METADATA[key], words(value, {}))
        elif key in {"filetags", "keywords"}:
            self.tags.update(dict.fromkeys(tag for tag in re.split(r"[:,\s]+", value) if tag))
        elif key in _SHOWN:
            self.page.part()
            self.page.line(escaped(words(value, self.page.notices)), number)
            self.page.part()

    def _block(self, kind: str, rest: str, at: int, end: int) -> int:
        """What stands between the lines `at` and `end`; the line after it."""
        inside = range(at + 1, end)
        if kind == "comment":
            self.page.count("comments_left_out")
        elif kind in _LISTINGS:
            language = rest.split(maxsplit=1)[0] if rest.split() and kind in {"src", "export"} else ""
            language = language if language.replace("-", "").replace("+", "").isalnum() else ""
            body = [(row + 1, re.sub(r"^([ \t]*),(?=,*(?:\*|#\+))", r"\1", self._lines[row])) for row in inside]
            self.page.block(fenced(body, at + 1, language))
        else:
            self.page.part()
            return at + 1  # words like any other; the line that ends it is left out
        return end + 1

    def _colon(self, at: int) -> int:
        """A drawer, lines of fixed width, or words."""
        drawer = _DRAWER.match(self._lines[at])
        if drawer is not None:
            end = self._end_of(":end:", at)
            if drawer[1].lower() in _NO_WORDS and end:
                self.page.count("drawers_left_out")
                return end + 1
            if end or drawer[1].lower() == "end":
                return at + 1
        stop = at
        while stop < len(self._lines) and _FIXED.match(self._lines[stop]):
            stop += 1
        if stop == at:
            self._words(self._lines[at], at + 1)
            return at + 1
        fixed = [(row + 1, self._lines[row].strip()[2:]) for row in range(at, stop)]
        self.page.block(fenced(fixed, at + 1))
        return stop

    def _formula(self, at: int, closer: str) -> int:
        """Mathematics over several lines, as it is written; the line after it. What nothing ends is words."""
        stop = at
        while stop < min(len(self._lines), at + _MOST_LINES) and self._lines[stop].strip():
            if closer in self._lines[stop]:
                for row in range(at, stop + 1):
                    self.page.line(self._lines[row].strip(), row + 1)
                return stop + 1
            stop += 1
        self._words(self._lines[at], at + 1)
        return at + 1

    def _row(self, line: str, number: int) -> None:
        if line.startswith("|-"):
            return
        cells = [words(cell.strip(), self.page.notices) for cell in line.strip("|").split("|")]
        if not all(_COOKIE.fullmatch(cell) for cell in cells):
            self.page.row(cells, number)

    def _words(self, line: str, number: int) -> None:
        """A line of a paragraph or of a list."""
        item = _ITEM.match(line)
        if item is not None:
            mark = item[2] if item[2][0].isdigit() else "-"
            body = _COUNTER.sub("", item[3] or "", count=1)
            body = _TERM.sub(r"\1: ", body, count=1) if mark == "-" else body
            begin = self._depths.begin(self._depth(item[1]), mark)
            self._columns.append(_column(item[1]))
            self.page.line(f"{' ' * begin}{mark} {words(body, self.page.notices)}", number)
            return
        inside = self._depths.inside(self._depth(line[: len(line) - len(line.lstrip())]))
        self.page.line(" " * inside + escaped(words(line.strip(), self.page.notices)), number)

    def _depth(self, indent: str) -> int:
        """In how many items what stands behind these blanks is; the others are at their end."""
        column = _column(indent)
        while self._columns and self._columns[-1] >= column:
            self._columns.pop()
        return len(self._columns)

    def _end_of(self, kind: str, at: int) -> int:
        """The next line that ends such a block; 0 where nothing does."""
        ends = self._ends.get(kind, [])
        place = bisect_right(ends, at)
        return ends[place] if place < len(ends) else 0


def _column(indent: str) -> int:
    return len(indent.expandtabs(8))


def _ends_of(lines: list[str]) -> dict[str, list[int]]:
    """The lines that end a block or a drawer, by what they end."""
    ends: dict[str, list[int]] = {}
    for row, kind in _end_lines(lines):
        ends.setdefault(kind, []).append(row)
    return ends


def _end_lines(lines: list[str]) -> Iterator[tuple[int, str]]:
    for row, line in enumerate(lines):
        end = _END.match(line) if "#+" in line else None
        if end is not None:
            yield row, "end_" + end[1].lower()
        elif line.strip().lower() == ":end:":
            yield row, ":end:"
