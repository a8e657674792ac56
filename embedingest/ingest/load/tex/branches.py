"""What a LaTeX source holds and TeX never sets: branches of conditions that are not taken, comments of an environment.

A condition is followed where the source itself says how it ends; of one that it does not, the first branch is taken.
Runs no TeX.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

__all__ = ["with_branches"]

_TOKEN: Final = re.compile(
    r"\\[^a-zA-Z]|%[^\n]*|\\verb\*?(?![a-zA-Z])([^\s\w])[^\n]{0,400}?\1"
    r"|\\begin\{([a-zA-Z]{1,40}\*?)\}"
    r"|\\(if[a-zA-Z@]*|else|or|fi|newif\s{0,9}\\if[a-zA-Z@]+|(?:ex|in)cludecomment(?=\{[a-zA-Z]{1,40}\*?\})"
    r"|(?:(?:re)?newcommand|providecommand|[egx]?def)\*?\s{0,9}\{?\s{0,9}\\[a-zA-Z@]+|[a-zA-Z@]+?(?:true|false))(?![a-zA-Z@])"
)
_LISTINGS: Final = frozenset({"verbatim", "verbatim*", "lstlisting", "minted", "Verbatim"})
_TESTS: Final = frozenset(
    ["if", "ifcat", "ifx", "ifnum", "ifdim", "ifodd", "ifvmode", "ifhmode", "ifmmode", "ifinner", "ifvoid", "ifhbox",
     "ifvbox", "ifeof", "iftrue", "iffalse", "ifcase", "ifdefined", "ifcsname", "ifpdf", "ifxetex", "ifluatex",
     "ifPDFTeX", "ifpdftex", "ifXeTeX", "ifLuaTeX", "iftutex", "ifTUTeX", "iftex"]
)  # fmt: skip
_TRUE: Final = frozenset({"iftrue", "ifpdf", "ifPDFTeX", "ifpdftex"})
_FALSE: Final = frozenset(
    ["iffalse", "ifxetex", "ifluatex", "ifXeTeX", "ifLuaTeX", "iftutex", "ifTUTeX", "ifvmode", "ifmmode", "ifinner"]
)
_ONE: Final = r"\s{0,9}(?:\\[a-zA-Z@]+\s{0,9}|\\.|[^\s\\%])"
_NUMBER: Final = r"\s{0,9}[-+]?(?:\d{1,20}(?:\.\d{1,20})?(?:pt|cm|mm|in|em|ex)?|\\[a-zA-Z@]+(?:\{[^{}\n]{0,80}\})?)"
_COMPARED: Final = re.compile(rf"({_NUMBER})\s{{0,9}}([<>=])({_NUMBER})\s?")
_TESTED: Final = {
    "if": re.compile(_ONE * 2),
    "ifcat": re.compile(_ONE * 2),
    "ifx": re.compile(_ONE * 2),
    "ifnum": _COMPARED,
    "ifdim": _COMPARED,
    "ifodd": re.compile(rf"({_NUMBER})\s?"),
    "ifcase": re.compile(rf"({_NUMBER})\s?"),
    "ifdefined": re.compile(r"\s{0,9}\\([a-zA-Z@]+)\s{0,9}"),
    "ifcsname": re.compile(r"\s{0,9}([^\\\n]{0,80}?)\s{0,9}\\endcsname\s{0,9}"),
}
_BLANKS: Final = re.compile(r"[ \t]*(?:\n(?![ \t]*\n))?")
# Commands with braces, which end in no \fi. Others of a name that is not known are taken for conditions.
_OTHERS: Final = re.compile(r"iff|if(?:un)?def[a-z]{0,20}|ifcs[a-z]{1,20}|ifthenelse|ifcurr[a-z]{1,20}")
_UNDEFINED: Final = frozenset({"undefined", "@undefined"})
_NAMES: Final = re.compile(r"\\([a-zA-Z@]+)")
_WORD: Final = re.compile(r"(?<!\\)\b\w+")


@dataclass(slots=True)
class _Condition:
    """Where the parts of a condition stand: the tokens that part its branches and the one that ends it."""

    parts: list[tuple[int, int]] = field(default_factory=list)
    end: tuple[int, int] | None = None


def with_branches(source: str) -> tuple[str, int]:
    """The source without what is never set, and how many words of branches were left out that it may set after all."""
    if "\\fi" not in source and "comment" not in source:
        return source, 0
    reader = _Reader(source)
    return reader.read(), reader.words_left_out


class _Reader:
    """Goes through the commands of a source twice: to find what belongs together, and to take branches."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._flags: dict[str, bool] = {}
        self._defined: set[str] = set()
        self._parts: list[str] = []
        self._done = 0
        self.words_left_out = 0

    def read(self) -> str:
        tokens = self._tokens()
        conditions = _matched(tokens)
        elses: dict[int, tuple[int, bool]] = {}  # where a branch begins that is not taken: its end, whether it is sure
        ends: set[int] = set()
        for start, end, name in tokens:
            condition = conditions.get(start)
            if start < self._done:
                continue
            if name == "comment":
                self._drop(start, end)
            elif condition is not None and condition.end is not None:
                holds, sure, after = self._tested(name, end)
                ends.add(condition.end[0])
                middle = condition.parts[0] if condition.parts else (condition.end[0], condition.end[0])
                if holds:
                    self._drop(start, after)
                    elses[middle[0]] = condition.end[0], sure
                else:
                    self._drop(start, middle[1], sure=sure)
            elif start in elses:
                self._drop(start, elses[start][0], sure=elses[start][1])
            elif start in ends:
                self._drop(start, end)
            else:
                self._note(name)
        return "".join([*self._parts, self._source[self._done :]])

    def _tokens(self) -> list[tuple[int, int, str]]:
        """Commands that matter, with `comment` for what is one; those in comments and listings are passed over."""
        found: list[tuple[int, int, str]] = []
        comments = {"comment"}
        flags: set[str] = set()
        unended: set[str] = set()
        at = 0
        while match := _TOKEN.search(self._source, at):
            at = match.end()
            environment, name = match[2], match[3]
            if environment is not None and (environment in comments or environment in _LISTINGS):
                closer = f"\\end{{{environment}}}"
                stop = -1 if closer in unended else self._source.find(closer, at)
                if stop < 0:
                    unended.add(closer)
                    continue
                at = stop + len(closer)
                if environment in comments:
                    found.append((match.start(), at, "comment"))
            elif name is None:
                continue
            elif name in {"excludecomment", "includecomment"}:
                stop = self._source.index("}", at)
                (comments.add if name[0] == "e" else comments.discard)(self._source[at + 1 : stop])
                at = stop + 1
                found.append((match.start(), at, "comment"))
            else:
                if name.startswith("newif"):
                    flags.add(name.rpartition("\\")[2])
                known = name in _TESTS or name in flags or not name.startswith("if")
                if known or not (self._source.startswith("{", at) or _OTHERS.fullmatch(name)):
                    found.append((match.start(), at, name))
        return found

    def _note(self, name: str) -> None:
        """Keep what a command says of conditions to come."""
        if name.startswith("newif"):
            self._flags[name.rpartition("\\")[2]] = False
        elif "\\" in name:
            self._defined.add(name.rpartition("\\")[2])
        for word in ("true", "false"):
            flag = f"if{name.removesuffix(word)}"
            if name.endswith(word) and flag in self._flags:
                self._flags[flag] = word == "true"

    def _tested(self, name: str, at: int) -> tuple[bool, bool, int]:
        """Whether a condition holds, whether the source says so, and where its test ends."""
        if name in self._flags:
            return self._flags[name], True, at
        if name in _TRUE or name in _FALSE:
            return name in _TRUE, True, at
        test = _TESTED.get(name)
        match = test.match(self._source, at) if test is not None else None
        if match is None:
            return True, False, at
        if name in {"ifdefined", "ifcsname"}:
            return match[1] in self._defined, match[1] in self._defined, match.end()
        if (
            name == "ifx"
            and (others := set(_NAMES.findall(match[0])) - _UNDEFINED)
            and _UNDEFINED & set(_NAMES.findall(match[0]))
        ):
            return not others <= self._defined, others <= self._defined, match.end()
        if name == "ifnum" and match[1].strip().isdigit() and match[3].strip().isdigit():
            one, other = int(match[1]), int(match[3])
            return {"<": one < other, ">": one > other, "=": one == other}[match[2]], True, match.end()
        return True, False, match.end()

    def _drop(self, start: int, end: int, *, sure: bool = True) -> None:
        """Leave out a stretch, and the blanks that TeX does not see behind a command."""
        if not sure:
            self.words_left_out += len(_WORD.findall(self._source, start, end))
        blanks = _BLANKS.match(self._source, end)
        self._parts.append(self._source[self._done : start])
        self._done = end if blanks is None else blanks.end()


def _matched(tokens: list[tuple[int, int, str]]) -> dict[int, _Condition]:
    """Each condition by where it begins; one that nothing ends has no end."""
    found: dict[int, _Condition] = {}
    opened: list[_Condition] = []
    for start, end, name in tokens:
        if name.startswith("if"):
            found[start] = _Condition()
            opened.append(found[start])
        elif name in {"else", "or"} and opened:
            opened[-1].parts.append((start, end))
        elif name == "fi" and opened:
            opened.pop().end = (start, end)
    return found
