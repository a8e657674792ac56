"""The lines of a roff file: requests and text, after conditions, definitions and strings. Knows no macro package."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.roff.characters import arguments, with_strings

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Line", "Source"]

_REQUEST: Final = re.compile(r"[.'][ \t]*([^\s\\]{1,60}|\\\})?[ \t]*(.*)$", re.DOTALL)
_CONDITION: Final = re.compile(
    r"!?(?:[dr][ \t]?\S{1,60}|'[^'\n]{0,400}'[^'\n]{0,400}'|\([^()\n]{0,400}\)|[^\s{]{1,400}?(?=\s|\\\{|$))[ \t]*"
)
_ARGUMENT: Final = re.compile(r"\\{1,2}\$(?:\[?([1-9])\]?|[*@])")
_OPEN: Final = "\\{"
_CLOSE: Final = "\\}"
_MOST_MADE: Final = 4
"""Characters that macros of the file's own may make, for each that it has."""
_LONGEST: Final = 100
_MOST_BODY: Final = 200
_MOST_GIVEN: Final = 500
_SKIPPED: Final = frozenset({"ig"})
_DEFINING: Final = frozenset({"de", "am", "de1", "am1", "dei", "dei1", "ami", "ami1"})


class Line(NamedTuple):
    """A request by its name with what follows it, or (`name` empty) text; and its number from 1."""

    number: int
    name: str
    rest: str


class Source:
    """Goes through the lines once. What a file defines itself is expanded, within a bound."""

    def __init__(self, text: str, known: frozenset[str]) -> None:
        self._lines: Final = text.split("\n")
        self._known: Final = known
        self._strings: Final[dict[str, str]] = {"R": "®", "Tm": "™", "lq": "“", "rq": "”", "S": ""}
        self._macros: Final[dict[str, list[str]]] = {}
        self._at = 0
        self._pending: list[str] = []
        self._open: list[bool] = []
        self._otherwise: list[bool] = []
        self._unended: set[str] = set()
        self._left_out = 0
        self._room = _MOST_MADE * len(text) + 10_000

    def lines(self) -> Iterator[Line]:
        while (raw := self._next()) is not None:
            yield from self._line(raw)

    def _next(self) -> str | None:
        if self._pending:
            return self._pending.pop()
        if self._at >= len(self._lines):
            return None
        line = self._lines[self._at]
        self._at += 1
        parts = [line]
        while parts[-1].endswith("\\") and not parts[-1].endswith("\\\\") and self._at < len(self._lines):
            parts[-1] = parts[-1][:-1]
            if parts[-1].endswith(_OPEN):  # `.if n \{\`: the block begins on the next line
                break
            parts.append(self._lines[self._at])
            self._at += 1
        return "".join(parts)

    def _line(self, raw: str) -> Iterator[Line]:
        """What one line says; nothing where a condition leaves it out."""
        if self._left_out:
            self._braces(raw)
            return
        match = _REQUEST.match(raw)
        if match is None:
            yield Line(self._at, "", with_strings(self._closed(raw), self._strings))
            return
        name, rest = match[1] or "", match[2]
        if name.startswith('\\"') or not name:
            if rest.startswith(_CLOSE):
                self._closed(rest)
            return
        if name == _CLOSE:
            self._closed(_CLOSE + rest)
        elif name in {"if", "ie", "el", "while"}:
            yield from self._condition(name, rest)
        elif name in _DEFINING or name in _SKIPPED:
            self._define(name, rest)
        elif name == "als":
            self._alias(arguments(self._closed(rest)))
        elif name in {"ds", "ds1", "as", "as1"}:
            self._string(name, self._closed(rest))
        elif name in self._macros and name not in self._known:
            self._expand(name, self._closed(rest))
        else:
            yield Line(self._at, name, with_strings(self._closed(rest), self._strings))

    def _closed(self, text: str) -> str:
        """The text without the braces that end conditions, which end here."""
        count = text.count(_CLOSE) if self._open else 0
        for _ in range(min(count, len(self._open))):
            self._end()
        return text.replace(_CLOSE, "") if count else text

    def _braces(self, raw: str) -> None:
        """Follow the braces of what a condition leaves out."""
        for brace in re.findall(r"\\[{}]", raw):
            if brace == _OPEN:
                self._begin(holds=False)
            else:
                self._end()
                if not self._left_out:
                    break

    def _begin(self, *, holds: bool) -> None:
        self._open.append(holds)
        self._left_out += not holds

    def _end(self) -> None:
        if self._open:
            self._left_out -= not self._open.pop()

    def _condition(self, name: str, rest: str) -> Iterator[Line]:
        if name == "el":
            holds = self._otherwise.pop() if self._otherwise else False
        else:
            match = _CONDITION.match(rest)
            holds = match is not None and _holds(match[0].strip()) and name != "while"
            rest = rest[match.end() :] if match is not None else rest
            if name == "ie":
                self._otherwise.append(not holds)
        if rest.startswith(_OPEN):
            self._begin(holds=holds)
            rest = rest[2:].lstrip(" \t\\")
            if not holds:
                self._braces(rest)
                return
        if holds and rest.strip():
            self._pending.append(rest)
            while self._pending:
                yield from self._line(self._pending.pop())

    def _define(self, name: str, rest: str) -> None:
        """A macro of the file's own, up to the line that ends it; a remark is read over."""
        words = arguments(rest)
        end = "." + (words[0 if name in _SKIPPED else 1] if len(words) > (name not in _SKIPPED) else ".")
        if end in self._unended:
            return
        begun = self._at
        body: list[str] = []
        while (raw := self._next()) is not None and _bare(raw) != end:
            if len(body) < _MOST_BODY:
                body.append(raw)
        if raw is None:  # what nothing ends is no definition, and its lines are read
            self._at = begun
            self._unended.add(end)
        elif words and name not in _SKIPPED:
            before = self._macros.get(words[0], []) if name.startswith("am") else []
            self._macros[words[0]] = (before + body)[:_MOST_BODY]

    def _alias(self, words: list[str]) -> None:
        if len(words) == 2 and words[1] in self._macros:
            self._macros[words[0]] = self._macros[words[1]]

    def _string(self, name: str, rest: str) -> None:
        key, _, value = rest.strip().partition(" ")
        value = value.strip().removeprefix('"')
        before = self._strings.get(key, "") if name.startswith("as") else ""
        self._strings[key] = (before + with_strings(value, self._strings))[:_LONGEST]

    def _expand(self, name: str, rest: str) -> None:
        given = arguments(rest[:_MOST_GIVEN])

        def filled(match: re.Match[str]) -> str:
            if match[1]:
                return given[int(match[1]) - 1] if int(match[1]) <= len(given) else ""
            return " ".join(given)

        made = [_ARGUMENT.sub(filled, line[:_MOST_GIVEN]) for line in self._macros[name]]
        self._room -= sum(map(len, made)) + len(made)
        if self._room >= 0:
            self._pending += [line.replace("\\\\", "\\") for line in reversed(made)]


def _bare(raw: str) -> str:
    """A line without the blanks that may stand behind its dot and at its end."""
    return f".{raw[1:].strip()}" if raw[:1] == "." else raw


def _holds(condition: str) -> bool:
    """Whether a condition holds for a terminal."""
    if condition.startswith("!"):
        return not _holds(condition[1:])
    if condition.startswith("\\w") or condition in {"n", "\\n(.g", "\\n[.g]", "(\\n(.g)"}:
        return True
    if condition.startswith("'") and condition.count("'") == 3:
        _, left, right, _ = condition.split("'")
        return left == right
    return condition[:1].isdigit() and condition[:1] != "0"
