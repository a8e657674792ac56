"""Gitignore patterns, matched in time linear in the path. Knows no files.

Ignore files come with a folder, so their lines are other people's text: an expression that backtracks could hold the
program for ever. What stands between two stars is therefore looked for once, at the first place where it fits, and
never sought again (an atomic group): a later place could only leave less of the path for the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["LONGEST_LINE", "Patterns"]

LONGEST_LINE: Final = 4096
"""Characters of one pattern; no path that a system opens is longer."""

_CLASSES: Final = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": r" \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\s",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}


class Patterns:
    """Ordered gitignore patterns, the last match deciding, relative to one folder.

    Lines without wildcards are looked up; all others are tried as one expression first, which is compiled when a path
    is first asked about: of many files and many lines hardly any pair matches. With `strict` a line that is no pattern
    raises ConfigError, else it is passed over.
    """

    __slots__ = ("_any_name", "_any_path", "_compiled", "_plain", "_rules", "wildcards")

    def __init__(self, lines: Iterable[str], *, strict: bool = False) -> None:
        rules: list[_Rule] = []
        for line in lines:
            try:
                rule = _rule(line)
            except ValueError as error:
                if strict:
                    raise ConfigError(f"`{line[:200]}` is not a gitignore pattern: {error}") from error
            else:
                rules += [rule] if rule is not None else []
        self._rules: Final = rules[::-1]
        self._plain: Final = frozenset(rule.literal for rule in rules if rule.literal)
        self.wildcards: Final = sum(rule.wildcards for rule in rules)
        self._any_name: re.Pattern[str] | None = None
        self._any_path: re.Pattern[str] | None = None
        self._compiled = False

    def __bool__(self) -> bool:
        return bool(self._rules)

    def verdict(self, path: str) -> bool | None:
        """What the patterns say of exactly this path, which ends with a slash where it is a folder.

        True: excluded. False: taken back in by `!`. None: no pattern matches; rules for its folder are not asked here.
        """
        if not self._compiled:
            self._compile()
        bare = path[:-1] if path[-1:] == "/" else path
        name = bare[bare.rfind("/") + 1 :]
        if (
            name in self._plain
            or f"/{bare}" in self._plain
            or (self._any_name is not None and self._any_name.fullmatch(name) is not None)
            or (self._any_path is not None and self._any_path.fullmatch(bare) is not None)
        ):
            folder = bare is not path
            return next((rule.excludes for rule in self._rules if rule.matches(bare, name, folder=folder)), None)
        return None

    def _compile(self) -> None:
        wild = [rule for rule in self._rules if not rule.literal]
        self._any_name = _union(rule.expression for rule in wild if not rule.whole_path)
        self._any_path = _union(rule.expression for rule in wild if rule.whole_path)
        self._compiled = True


@dataclass(slots=True)
class _Rule:
    """One pattern. `literal` is the name it stands for, or behind a slash the path; it is empty for a wild one."""

    excludes: bool
    folders_only: bool
    whole_path: bool
    literal: str
    expression: str
    wildcards: int
    compiled: re.Pattern[str] | None = None

    def matches(self, path: str, name: str, *, folder: bool) -> bool:
        if self.folders_only and not folder:
            return False
        if self.literal:
            return self.literal == (f"/{path}" if self.whole_path else name)
        if self.compiled is None:
            self.compiled = re.compile(self.expression, re.DOTALL)
        return self.compiled.fullmatch(path if self.whole_path else name) is not None


def _union(expressions: Iterable[str]) -> re.Pattern[str] | None:
    union = "|".join(expressions)
    return re.compile(union, re.DOTALL) if union else None


def _rule(line: str) -> _Rule | None:
    """The pattern of one line; `None` for a blank, a remark and what matches nothing. Raises ValueError."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"it has {len(line):,} characters, a pattern at most {LONGEST_LINE:,}")
    line = _without_blanks(line)
    if not line or line[0] == "#":
        return None
    excludes = line[0] != "!"
    body = line if excludes else line[1:]
    folders_only = body.endswith("/")
    body = body.removesuffix("/")
    whole_path = "/" in body
    body = body.removeprefix("/")
    if not body:
        if line == "/":
            return None
        raise ValueError("it names nothing")
    parts = [_Part(part) for part in body.split("/")]
    if any(not part.written for part in parts):
        return None  # no path has two slashes in a row
    wildcards = sum(part.wildcards for part in parts)
    literal = ("/" if whole_path else "") + "/".join(part.literal for part in parts) if not wildcards else ""
    expression = "" if literal else _path(parts) if whole_path else _name(parts[0])
    return _Rule(excludes, folders_only, whole_path, literal, expression, wildcards)


def _without_blanks(line: str) -> str:
    """Without the spaces at the end, but for one that a backslash keeps."""
    bare = line.rstrip(" ")
    backslashes = len(bare) - len(bare.rstrip("\\"))
    return bare + " " if backslashes % 2 and bare != line else bare


def _name(part: _Part) -> str:
    return ".+" if part.any_depth else part.expression(last=True)


def _path(parts: list[_Part]) -> str:
    """The expression of a whole path: parts in a row stand at its start, or behind `**` at the first place that fits.

    The last parts in a row stand at the end of the path, which leaves one place for them as well.
    """
    rows: list[list[_Part]] = [[]]
    for part in parts:
        if part.any_depth:
            rows.append([])
        else:
            rows[-1].append(part)
    ends_open = len(rows) > 1 and not rows[-1]
    rows = [rows[0], *(row for row in rows[1:] if row)]
    written: list[str] = []
    for index, row in enumerate(rows):
        closes = index == len(rows) - 1 and not ends_open
        expression = "/".join(part.expression(last=closes and part is row[-1]) for part in row)
        if closes:
            written.append(f"(?:.*/)?{expression}" if index else expression)
        elif row:
            written.append(f"(?>(?:[^/]+/)*?{expression}/)" if index else f"{expression}/")
    return "".join(written) + (".+" if ends_open else "")


class _Part:
    """What stands between two slashes of a pattern, read into runs of single characters between its stars."""

    __slots__ = ("any_depth", "literal", "runs", "wildcards", "written")

    def __init__(self, written: str) -> None:
        self.written: Final = written
        self.any_depth: Final = len(written) > 1 and not written.strip("*")
        self.runs: Final[list[str]] = [""]
        self.literal = ""
        self.wildcards = 0
        for character in _characters(written):
            if len(character) == 1:
                self.literal += character
                self.runs[-1] += re.escape(character)
                continue
            self.wildcards += 1
            if character == "**":
                self.runs.append("")
            else:
                self.runs[-1] += character

    def expression(self, *, last: bool = False) -> str:
        """Matches one whole part of a path, at most once from where it begins; the `last` one ends with the path."""
        first, *others = self.runs
        if not others:
            return first
        inner = "".join(f"(?>[^/]*?{run})" for run in others[:-1] if run)
        end = others[-1]
        if not (first or inner or end):
            return "[^/]+"
        if last or not end:
            return f"{first}{inner}[^/]*{end}"
        return f"{first}{inner}(?>[^/]*{end}(?![^/]))"


def _characters(written: str) -> Iterator[str]:
    """The characters of a part as they are, the expression of a wildcard for one character, and `**` for a star."""
    at = 0
    while at < len(written):
        character = written[at]
        at += 1
        if character == "\\":
            if at == len(written):
                raise ValueError("nothing follows its last backslash")
            yield written[at]
            at += 1
        elif character == "*":
            yield "**"
        elif character == "?":
            yield "[^/]"
        elif character == "[":
            expression, at = _bracket(written, at)
            yield expression
        else:
            yield character


def _bracket(written: str, at: int) -> tuple[str, int]:
    """The expression of a set of characters whose `[` stands before `at`, and where it ends."""
    negated = written[at : at + 1] in {"!", "^"}
    at += negated
    begin = at
    members: list[str] = []
    while written[at : at + 1] != "]" or at == begin:
        named = written.find(":]", at + 2) if written.startswith("[:", at) else -1
        if named >= 0:
            name = written[at + 2 : named]
            if name not in _CLASSES:
                raise ValueError(f"there is no class of characters called {name[:20]}")
            members.append(_CLASSES[name])
            at = named + 2
            continue
        low, at = _member(written, at)
        members.append(re.escape(low))
        if written[at : at + 1] == "-" and written[at + 1 : at + 2] not in {"", "]"}:
            high, at = _member(written, at + 1)
            members += [f"{re.escape(low)}-{re.escape(high)}"] if low <= high else []
    return f"(?!/)[{'^' if negated else ''}{''.join(members)}]", at + 1


def _member(written: str, at: int) -> tuple[str, int]:
    """One character of a set, and where the next begins."""
    at += written[at : at + 1] == "\\"
    if at >= len(written):
        raise ValueError("a `[` is not closed")
    return written[at], at + 1
