"""The macros of mdoc: what they write around their words, lists, displays. Knows no other macros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.load.roff.characters import arguments, plain

if TYPE_CHECKING:
    from embedingest.ingest.load.roff.paper import Paper
    from embedingest.ingest.load.roff.source import Line

__all__ = ["MACROS", "Mdoc"]

_ENCLOSED: Final = {"Op": "[]", "Aq": "<>", "Bq": "[]", "Brq": "{}", "Dq": "“”", "Sq": "‘’", "Qq": '""', "Pq": "()",
                    "Ql": "‘’"}  # fmt: skip
_OPENED: Final = {"Oo": "[", "Ao": "<", "Bo": "[", "Bro": "{", "Do": "“", "So": "‘", "Qo": '"', "Po": "("}
_CLOSED: Final = {"Oc": "]", "Ac": ">", "Bc": "]", "Brc": "}", "Dc": "”", "Sc": "’", "Qc": '"', "Pc": ")"}
_WORDS: Final = frozenset({"Ar", "Cm", "Pa", "Ev", "Va", "Vt", "Dv", "Er", "Ic", "Li", "Em", "Sy", "No", "Tn", "An",
                           "Ad", "Ms", "Fa", "Ft", "Fn", "Xr", "Lk", "Mt", "In", "Nm", "Fl", "Nd", "St", "Cd", "Bx",
                           "Fx", "Nx", "Ox", "Bsx", "Dx", "Ux", "At", "Ex", "Rv", "Lb", "Hf", "Eo", "Ec", "Xo", "Xc",
                           "Fd", "Es", "En", "Fo", "Fc", "Bt", "Ud"})  # fmt: skip
_SYSTEMS: Final = {"Bx": "BSD", "Fx": "FreeBSD", "Nx": "NetBSD", "Ox": "OpenBSD", "Bsx": "BSD/OS", "Dx": "DragonFly",
                   "Ux": "UNIX", "At": "AT&T UNIX"}  # fmt: skip
_SPACING: Final = frozenset({"Ns", "Pf", "Ap"})
_BLOCKS: Final = frozenset({"Dd", "Dt", "Os", "Sh", "Ss", "Pp", "Lp", "Bl", "El", "It", "Bd", "Ed", "D1", "Dl", "Rs",
                            "Re", "Bk", "Ek", "Sm", "Tg", "Bf", "Ef", "Db", "Ta"})  # fmt: skip
_CALLABLE: Final = frozenset(_ENCLOSED) | frozenset(_OPENED) | frozenset(_CLOSED) | _WORDS | _SPACING
_REFERENCE: Final = frozenset({f"%{letter}" for letter in "ABCDIJNOPQRTUV"})
MACROS: Final = _CALLABLE | _BLOCKS | _REFERENCE
"""Every macro by its name."""

_CLOSING: Final = frozenset({".", ",", ":", ";", ")", "]", "?", "!"})
_OPENING: Final = frozenset({"(", "["})
_MARKS: Final = {"-bullet": "-", "-dash": "-", "-hyphen": "-"}
_MOST_NESTED: Final = 12


@dataclass(slots=True)
class _List:
    """A list that is open: its kind, and how many items of it there were."""

    kind: str
    items: int = 0


class Mdoc:
    """Writes the lines of a page in mdoc to the paper. `facts` are what the page says of itself."""

    def __init__(self, paper: Paper) -> None:
        self.title = ""
        self.facts: Final[dict[str, Any]] = {}
        self._paper: Final = paper
        self._name = ""
        self._section = ""
        self._lists: list[_List] = []
        self._reference: list[str] | None = None

    def read(self, line: Line) -> None:
        name, number = line.name, line.number
        if not name:
            self._paper.text(plain(line.rest), number)
        elif name in _REFERENCE:
            words = _Inline(self).words(arguments(line.rest))
            if self._reference is None:
                self._paper.text(words, number)
            else:
                self._reference.append(words)
        elif name in _BLOCKS:
            self._block(name, line.rest, number)
        else:
            self._inline(name, line.rest, number)

    def _inline(self, name: str, rest: str, number: int) -> None:
        given = arguments(rest)
        if name == "Nm" and not self._name and given:
            self._name = plain(given[0])
        if name in {"Fo", "Fc"}:
            self._paper.text(f"{plain(given[0])}(" if name == "Fo" and given else ")" if name == "Fc" else "", number)
            return
        words = _Inline(self).words([name, *given])
        if words.strip():
            self._paper.text(words, number)

    @property
    def in_synopsis(self) -> bool:
        """Whether this is the section that shows how things are called."""
        return self._section.upper() == "SYNOPSIS"

    @property
    def name(self) -> str:
        """What the page is about, once it was said."""
        return self._name

    def _block(self, name: str, rest: str, number: int) -> None:
        paper = self._paper
        if name in {"Dd", "Dt"}:
            self._titled(name, [plain(each) for each in arguments(rest)])
        elif name in {"Sh", "Ss"}:
            self._lists, paper.indent = [], ""
            words = _Inline(self).words(arguments(rest))
            self._section = words if name == "Sh" else self._section
            paper.heading(1 if name == "Sh" else 2, words, number)
        elif name in {"Pp", "Lp"}:
            paper.part(number)
        elif name in {"Bl", "El"}:
            self._list(name, arguments(rest), number)
        elif name == "It":
            self._item(arguments(rest), number)
        elif name in {"Bd", "Ed"}:
            paper.part(number)
            literal = name == "Bd" and not {"-literal", "-unfilled"}.isdisjoint(arguments(rest))
            if literal or name == "Ed":
                paper.verbatim(on=literal, number=number)
        elif name in {"D1", "Dl"}:
            words = _Inline(self).words(arguments(rest))
            paper.verbatim(on=True, number=number)
            paper.text(words, number)
            paper.verbatim(on=False, number=number)
        elif name == "Rs":
            self._reference = []
        elif name == "Re" and self._reference is not None:
            words, self._reference = ", ".join(self._reference), None
            paper.text(f"{words}." if words else "", number)

    def _titled(self, name: str, given: list[str]) -> None:
        if name == "Dt" and given:
            self.title = f"{given[0]}({given[1]})" if len(given) > 1 else given[0]
            self.facts.update({"section": given[1]} if len(given) > 1 else {})
        elif name == "Dd":
            date = " ".join(given).removeprefix("$Mdocdate:").removesuffix("$").strip()
            self.facts.update({"date": date} if date else {})

    def _list(self, name: str, given: list[str], number: int) -> None:
        self._paper.part(number)
        if name == "Bl" and len(self._lists) < _MOST_NESTED:
            kinds = [word for word in given if word.startswith("-") and word not in {"-width", "-offset", "-compact"}]
            self._lists.append(_List(kinds[0] if kinds else "-item"))
        elif name == "El" and self._lists:
            self._lists.pop()
        self._paper.indent = "  " * (len(self._lists) - 1) if len(self._lists) > 1 else ""

    def _item(self, given: list[str], number: int) -> None:
        paper = self._paper
        if not self._lists:
            paper.text(_Inline(self).words(given), number)
            return
        current = self._lists[-1]
        current.items += 1
        if current.kind == "-column":
            cells: list[list[str]] = [[]]
            for word in given:
                if word == "Ta":
                    cells.append([])
                else:
                    first, *more = word.split("\t")
                    cells[-1].append(first)
                    cells += [[each] for each in more]
            paper.end_line()
            paper.page.row([_Inline(self).words([word for word in cell if word]) for cell in cells], number)
            return
        if current.kind in _MARKS or current.kind == "-enum":
            paper.mark(_MARKS.get(current.kind, f"{current.items}."))
            return
        paper.part(number)
        words = _Inline(self).words(given)
        if words:
            paper.tag(words, number)


class _Inline:
    """Puts the words of one line together: what macros write around them, and the blanks between."""

    def __init__(self, page: Mdoc) -> None:
        self._page: Final = page
        self._text: Final[list[str]] = []
        self._ends: Final[list[str]] = []
        self._tight = True

    def words(self, given: list[str]) -> str:
        """The words of a line whose macros and their arguments are these."""
        after: list[str] = []
        while given and given[-1] in _CLOSING:  # a mark at the end stands outside of what encloses the line
            after.append(given[-1])
            given = given[:-1]
        at = 0
        while at < len(given):
            at = self._macro(given, at) if given[at] in _CALLABLE else self._word(given, at)
        return "".join([*self._text, *reversed(self._ends), *reversed(after)]).strip()

    def _word(self, given: list[str], at: int) -> int:
        word = given[at]
        self._say(plain(word), before=word not in _CLOSING)
        self._tight = word in _OPENING
        return at + 1

    def _macro(self, given: list[str], at: int) -> int:
        name = given[at]
        stop = at + 1
        while stop < len(given) and given[stop] not in _CALLABLE and given[stop] not in _CLOSING:
            stop += 1
        own = [plain(word) for word in given[at + 1 : stop]]
        if name in _ENCLOSED:
            self._say(_ENCLOSED[name][0])
            self._ends.append(_ENCLOSED[name][1])
            self._tight = True
            return at + 1
        if name in _OPENED or name in _CLOSED:
            self._say(_OPENED.get(name) or _CLOSED[name], before=name in _OPENED)
            self._tight = name in _OPENED
            return at + 1
        if name in _SPACING:
            return self._spacing(name, given, at)
        said = self._said(name, own)
        if said:
            self._say(said)
        return stop

    def _spacing(self, name: str, given: list[str], at: int) -> int:
        if name == "Ap":
            self._say("'", before=False)
        elif name == "Pf" and at + 1 < len(given):
            self._say(plain(given[at + 1]))
            at += 1
        self._tight = True
        return at + 1

    def _said(self, name: str, own: list[str]) -> str:
        """What a macro writes for its own words."""
        if name == "Fl":
            return " ".join(f"-{word}" for word in own) if own else "-"
        if name == "Nm":
            return " ".join(own) or self._page.name
        if name == "Ar":
            return " ".join(own) or "file ..."
        if name == "Xr" and own:
            return f"{own[0]}({own[1]})" if len(own) > 1 else own[0]
        if name == "Fn" and own:
            return f"{own[0]}({', '.join(own[1:])})"
        if name == "Nd":
            return "– " + " ".join(own)
        if name == "In":
            return f"{'#include ' if self._page.in_synopsis else ''}<{' '.join(own)}>"
        if name == "Lk" and len(own) > 1:
            return f"{' '.join(own[1:])}: {own[0]}"
        if name in _SYSTEMS:
            return " ".join([_SYSTEMS[name], *own])
        if name in {"Ex", "Rv"}:
            return _status(name, [word for word in own if word != "-std"] or [self._page.name])
        return " ".join(word for word in own if name != "An" or word not in {"-nosplit", "-split"})

    def _say(self, words: str, *, before: bool = True) -> None:
        if self._text and before and not self._tight:
            self._text.append(" ")
        self._text.append(words)
        self._tight = False


def _status(name: str, of: list[str]) -> str:
    if name == "Ex":
        return f"The {', '.join(of)} utility exits 0 on success, and >0 if an error occurs."
    return (
        f"The {', '.join(of)}() function returns the value 0 if successful; otherwise the value -1 is returned and the "
        "global variable errno is set to indicate the error."
    )
