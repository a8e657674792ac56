"""Items of lists with their numbers or labels, each at its depth, through any nesting. Knows no other commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.common.counting import letters, roman, written
from embedingest.ingest.load.common.items import DEEPEST
from embedingest.ingest.load.common.markdown_escape import escaped

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HEADING", "MARKS", "Items", "unmarked"]

_OPEN: Final = "\ue087"
_CLOSE: Final = "\ue088"
_ITEM: Final = "\ue089"
HEADING: Final = "\ue08a"
"""Stands before the number signs of a heading, until `laid_out`: what else begins with them is words."""

MARKS: Final = _OPEN + _CLOSE + _ITEM + HEADING
"""Stand where lists begin and end and before an item's mark or a heading, until `laid_out`; no words."""

_LISTS: Final = frozenset(
    ["enumerate", "itemize", "description", "compactenum", "compactitem", "compactdesc", "inparaenum", "inparaitem"]
)
_TOKEN: Final = re.compile(
    r"(?:(?<![ \t])[ \t]+)?\\(?:(begin|end)\{("
    + "|".join(sorted(_LISTS))
    + r")\*?\}(?:\[((?:[^\]{}\n]|\{[^{}\n]{0,200}\}){0,400})\])?[ \t]*"
    r"|item\b[ \t]*(?:\[([^\]]{0,400})\])?[ \t]*+(?:\n[ \t]*+(?![\n\\]))?"
    r"|setcounter\{enum[iv]{1,3}\}\{(?:[ ]?(\d{1,6})[ ]?\}|(?:[^{}\n]|\{[^{}\n]{0,80}\}){0,80}\})"
    r"|labelenum(i{1,3}|iv)\{((?:[^{}\n]|\{[^{}\n]{0,80}\}){0,80})\})|" + HEADING
)
_BULLET: Final = re.compile(r"[-–—*+•·>○▪ {}]{1,20}")  # a label that is a bullet of another kind
_LABEL: Final = re.compile(r"\blabel\s{0,9}=\s{0,9}(\{[^{}]*\}|(?:[^,{}]|\{[^{}]*\})*)")
_COUNTER: Final = re.compile(r"\\(arabic|[aA]lph|[rR]oman)\*?(?:\{[^{}]*\})?")
_START: Final = re.compile(r"\bstart\s{0,9}=\s{0,9}\{?(\d{1,6})")
_COMMAND: Final = re.compile(r"\\[a-zA-Z]+|[{}]")
_SHORT: Final = re.compile(r"(?<!\\)[1aAiI]")
_BY_DEPTH: Final = ("1.", "(a)", "i.", "A.")
_DEPTHS: Final = ("i", "ii", "iii", "iv")
_FORMS: Final[dict[str, Callable[[int], str]]] = {
    "1": str, "a": letters, "A": lambda number: letters(number).upper(), "i": roman,
    "I": lambda number: roman(number).upper(),
}  # fmt: skip
_PIECE: Final = re.compile(f"([{_OPEN}{_CLOSE}])")
_MARK: Final = re.compile(_ITEM + r"(-|\d{1,9}[.)]) ")
_MOST_LEVELS: Final = 24


@dataclass(slots=True)
class _List:
    """A list that is open: its kind, the number it has come to, and how that is written, as `(a)` of `a`."""

    kind: str
    number: int = 0
    before: str = ""
    form: str = "1"
    after: str = "."

    def label(self) -> str:
        return f"{self.before}{_FORMS[self.form](self.number)}{self.after}"


class Items:
    """Counts the items of the lists that are open, from one stretch of a source to the next."""

    def __init__(self) -> None:
        self._open: list[_List] = []
        self._widths: list[int] = []  # of the marks in the lists that are open where `laid_out` has come to
        self._closed = False  # a list has ended just there, so that words below it would be taken for its last item's
        self._last: dict[int, int] = {}  # the number that a list of this depth came to
        self._by_depth = list(_BY_DEPTH)

    def marked(self, text: str) -> str:
        """The text with a bullet, a number or its label in the place of each item's command."""
        return _TOKEN.sub(self._mark, text)

    def laid_out(self, text: str) -> str:
        """A marked text with each line at the depth of its list, blanks within it joined. A heading ends all lists.

        What would be taken for markup that it is not has a backslash before it, but behind an item's mark.
        """
        lines: list[str] = []
        for line in text.split("\n"):
            if line.startswith(HEADING):
                self._widths.clear()
                lines.append(unmarked(line))
                continue
            pieces = _PIECE.split(line)
            for piece in pieces:
                if piece in {_OPEN, _CLOSE}:
                    lines += self._event(piece)
                elif piece.strip() or len(pieces) == 1:
                    words = " ".join(piece.split())
                    lines += [""] * (self._closed and not words.startswith(_ITEM))
                    lines.append(self._line(words))
                    self._closed = False
        return "\n".join(lines)

    @property
    def hang(self) -> str:
        """The blanks before words that go on where `laid_out` has come to."""
        return " " * min(sum(self._widths[:_MOST_LEVELS]), DEEPEST)

    def _event(self, sign: str) -> list[str]:
        """A list begins or ends: the outermost one stands apart."""
        if sign == _OPEN:
            self._widths.append(0)
            return [""] if len(self._widths) == 1 else []
        if self._widths:
            self._widths.pop()
        self._closed = True
        return [] if self._widths else [""]

    def _line(self, words: str) -> str:
        mark = _MARK.match(words + " ")
        words = unmarked(words)
        if mark is None or not self._widths:
            return self.hang + escaped(words) if words else ""
        self._widths[-1] = 0
        begin = self.hang
        self._widths[-1] = len(mark[1]) + 1
        return begin + words

    def _mark(self, match: re.Match[str]) -> str:
        if match[0] == HEADING:
            self._open.clear()
            return HEADING
        if match[1] == "begin":
            self._open.append(self._begun(match[2], match[3] or ""))
            return _OPEN
        if match[1]:
            if self._open:
                ended = self._open.pop()
                self._last[len(self._open)] = ended.number
            return _CLOSE
        if match[6]:
            self._labelled(_DEPTHS.index(match[6]), match[7])
            return ""
        if match[0].lstrip().startswith("\\set"):
            if self._open and match[5]:
                self._open[-1].number = int(match[5])
            return ""
        begins = match.start() == 0 or match.string[match.start() - 1] == "\n"
        return ("" if begins else "\n") + f"{_ITEM}{self._item(match[4])} "

    def _item(self, label: str | None) -> str:
        """What an item begins with, in Markdown."""
        kind = self._open[-1].kind if self._open else ""
        if label is not None and (not label.strip() or _BULLET.fullmatch(label)):
            return "-"
        if label is not None:
            return f"- {label}" if "enum" in kind or "item" in kind else f"- {label}:"
        if "enum" not in kind:
            return "-"
        self._open[-1].number += 1
        return written(self._open[-1].label(), bullet=False)

    def _labelled(self, depth: int, spelled: str) -> None:
        """The numbers of this depth are written so, in the list that is open, or in all that follow."""
        template = _COMMAND.sub("", _COUNTER.sub(_short, spelled))
        counter = _SHORT.search(template)
        if counter is None:
            return
        numbered = [each for each in self._open if "enum" in each.kind]
        if len(numbered) > depth:
            found = numbered[depth]
            found.before, found.form, found.after = template[: counter.start()], counter[0], template[counter.end() :]
        elif not self._open:
            self._by_depth[depth] = template

    def _begun(self, kind: str, option: str) -> _List:
        """A list with the numbers that its option asks for, else with those of its depth."""
        depth = sum("enum" in each.kind for each in self._open[-_MOST_LEVELS:])
        found = _List(kind)
        asked = _LABEL.search(option)
        template = _COMMAND.sub("", _COUNTER.sub(_short, asked[1])) if asked else "" if "=" in option else option
        counter = _SHORT.search(template) or _SHORT.search(template := self._by_depth[min(depth, 3)])
        if counter:
            found.before, found.form, found.after = template[: counter.start()], counter[0], template[counter.end() :]
        start = _START.search(option)
        resumed = self._last.get(len(self._open), 0) if "resume" in option else 0
        found.number = int(start[1]) - 1 if start else resumed
        return found


_NOTHING: Final = dict.fromkeys(map(ord, MARKS))


def unmarked(text: str) -> str:
    """A marked text without what only `laid_out` reads."""
    return text.translate(_NOTHING)


def _short(match: re.Match[str]) -> str:
    """How a counter is written, by one letter."""
    name = match[1]
    return "1" if name == "arabic" else name[0] if name.lower() == "alph" else "I" if name == "Roman" else "i"
