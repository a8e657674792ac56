"""Macros and environments of a LaTeX source: what it defines itself is written out where it is used.

Bounded, and runs no TeX.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from embedingest.ingest.load.tex.asides import apart

__all__ = ["Macros", "braces"]

_DEFINES: Final = re.compile(r"\\(?:new|renew|provide|Declare|[egx]?def)")
_DEFINITION: Final = re.compile(
    r"\\(?:(?:new|renew|provide)command|DeclareRobustCommand)\*?\s{0,9}(?:\{\s{0,9}\\([a-zA-Z]+)\s{0,9}\}|\\([a-zA-Z]+))"
    r"\s{0,9}(?:\[(\d)\])?\s{0,9}(?:\[([^\[\]{}\n]{0,200})\])?\s{0,9}(?=\{)"
    r"|\\[egx]?def\s{0,9}\\([a-zA-Z]+)((?:#\d){0,9})\s{0,9}(?=\{)"
)
_OTHER_DEFINITION: Final = re.compile(
    r"\\(?:(?:re)?newenvironment|newtheorem|DeclareMathOperator|newlength|newcounter|newif)\*?(?![a-zA-Z])"
)
_ENVIRONMENT: Final = re.compile(
    r"\\(?:re)?newenvironment\*?\s{0,9}\{\s{0,9}([a-zA-Z]{1,40}\*?)\s{0,9}\}"
    r"\s{0,9}(?:\[(\d)\])?\s{0,9}(?:\[([^\[\]{}\n]{0,200})\])?\s{0,9}(?=\{)"
)
_TO_END: Final = re.compile(r"\s{0,9}(?=\{)")
_SETS: Final = re.compile(
    r"\\(?:[egx]?def|(?:re)?newcommand|providecommand|let|(?:begin\{)?(?:triv)?list|obeylines|lrbox)(?![a-zA-Z])"
    r"|\\[a-zA-Z]{1,40}[ ]?=?[ ]?[-+.]{0,2}\d"
)
"""In an environment that sets what stands in it in a way of its own, not with words before and behind."""

_NUMBER: Final = re.compile(r"\s{0,9}(?:\[[^\[\]{}\n]{0,200}\]\s{0,9}){0,2}(?=\{)")
_COMMAND: Final = re.compile(r"\\(?:(begin|end)\{([a-zA-Z]{1,40}\*?)\}|([a-zA-Z]+)|[^a-zA-Z])")
_BRACE: Final = re.compile(r"\\.|[{}]", re.DOTALL)
_PLACE: Final = re.compile(r"(\\[a-zA-Z]{1,40})?#(\d)")
_OPTION: Final = re.compile(r"[ \t]*\[([^\[\]\n]{0,400})\]")
_BLANKS: Final = re.compile(r"[ \t]*\n?[ \t]*")
_OWN: Final = frozenset(
    ["part", "chapter", "section", "subsection", "subsubsection", "paragraph", "title", "author", "begin", "end",
     "item", "label", "ref", "cite", "footnote", "href", "url", "input", "include", "caption", "textbf", "emph",
     "sout", "xout", "st"]
)  # fmt: skip
"""Commands that the loader knows better than their redefinition does."""

_OWN_ENVIRONMENTS: Final = frozenset(
    ["document", "abstract", "itemize", "enumerate", "description", "verbatim", "figure", "table", "tabular", "proof",
     "thebibliography", "quote", "quotation", "center", "theorem", "lemma", "definition", "remark", "example"]
)  # fmt: skip
"""Environments of which the same is true."""

_IN_PRINT: Final = "texorpdfstring"
"""Says what stands on the page, then what in the outline."""

_DEEPEST: Final = 8
_LONGEST_BODY: Final = 4_000
_LEAST_ROOM: Final = 20_000


@dataclass(frozen=True, slots=True)
class _Macro:
    body: str
    arguments: int
    default: str | None  # of the first argument, where that is optional
    in_braces: bool = False  # a letter alone is no argument


class Macros:
    """The macros found so far. All that they write together is bounded by some times the size of the source."""

    def __init__(self, size: int) -> None:
        self._found: dict[str, _Macro] = {}  # the two halves of an environment by `begin{foo}` and `end{foo}`
        self._room = 4 * size + _LEAST_ROOM

    def taken(self, text: str) -> str:
        """The text without the definitions in it, which are kept."""
        if _IN_PRINT in text:
            self._found.setdefault(_IN_PRINT, _Macro("#1", 2, None))
        if not _DEFINES.search(text):
            return text
        self._take_environments(text)
        text = _without_others(text)
        closes = braces(text)
        parts = []
        done = 0
        for match in _DEFINITION.finditer(text):
            stop = closes.get(match.end())
            if match.start() < done or stop is None:
                continue
            name = match[1] or match[2] or match[5]
            count = int(match[3] or 0) if match[5] is None else len(match[6]) // 2
            body = apart(text[match.end() + 1 : stop].removesuffix("\\xspace"))
            if name not in _OWN and len(body) <= _LONGEST_BODY:
                self._found[name] = _Macro(body, count, match[4])
            parts.append(text[done : match.start()])
            done = stop + 1
        return "".join([*parts, text[done:]])

    def _take_environments(self, text: str) -> None:
        if "newenvironment" not in text:
            return
        closes = braces(text)
        for match in _ENVIRONMENT.finditer(text):
            stop = closes.get(match.end())
            behind = None if stop is None else _TO_END.match(text, stop + 1)
            if stop is None or behind is None or behind.end() not in closes or match[1] in _OWN_ENVIRONMENTS:
                continue
            if closes[behind.end()] - match.end() > _LONGEST_BODY:
                continue
            begin, end = apart(text[match.end() + 1 : stop]), apart(text[behind.end() + 1 : closes[behind.end()]])
            if not _SETS.search(begin):
                self._found[f"begin{{{match[1]}}}"] = _Macro(begin, int(match[2] or 0), match[3], in_braces=True)
                self._found[f"end{{{match[1]}}}"] = _Macro(end, 0, None)

    def expanded(self, text: str, depth: int = 0) -> str:
        """The text with what each macro stands for; macros in macros some levels deep, while there is room."""
        if not self._found or depth >= _DEEPEST:
            return text
        closes: dict[int, int] | None = None
        parts = []
        done = 0
        for match in _COMMAND.finditer(text):
            macro = self._found.get(match[3] or match[0][1:])
            if macro is None or match.start() < done:
                continue
            closes = braces(text) if closes is None and macro.arguments else closes
            arguments, end = _arguments(text, match.end(), macro, closes or {})
            size = (
                1
                + len(macro.body)
                + sum(len(words) * macro.body.count(f"#{number}") for number, words in enumerate(arguments, 1))
            )
            if size > self._room:
                continue
            self._room -= size
            parts += [text[done : match.start()], self.expanded(_filled(macro.body, arguments), depth + 1)]
            done = end
        return "".join([*parts, text[done:]])


def braces(text: str) -> dict[int, int]:
    """Where each opening brace of a text is closed; those that nothing closes are left out."""
    closes: dict[int, int] = {}
    opened: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            opened.append(match.start())
        elif match[0] == "}" and opened:
            closes[opened.pop()] = match.start()
    return closes


def _without_others(text: str) -> str:
    """The text without definitions of environments, theorems and counters, with all their braces."""
    closes = braces(text)
    parts = []
    done = 0
    for match in _OTHER_DEFINITION.finditer(text):
        if match.start() < done:
            continue
        parts.append(text[done : match.start()])
        done = match.end()
        for _ in range(3):
            blanks = _NUMBER.match(text, done)
            if blanks is not None and blanks.end() in closes:
                done = closes[blanks.end()] + 1
    return "".join([*parts, text[done:]])


def _filled(body: str, arguments: list[str]) -> str:
    """The body with the arguments in their places, one behind a command apart from its name."""

    def words(match: re.Match[str]) -> str:
        number = int(match[2])
        argument = arguments[number - 1] if 0 < number <= len(arguments) else ""
        return f"{match[1]} {argument}" if match[1] else argument

    return _PLACE.sub(words, body)


def _arguments(text: str, at: int, macro: _Macro, closes: dict[int, int]) -> tuple[list[str], int]:
    """What stands behind a macro for each of its arguments, and where that ends."""
    arguments: list[str] = []
    if macro.default is not None and macro.arguments:
        option = _OPTION.match(text, at)
        arguments.append(option[1] if option else macro.default)
        at = option.end() if option else at
    while len(arguments) < macro.arguments:
        blanks = _BLANKS.match(text, at)
        start = blanks.end() if blanks else at
        if start in closes:
            arguments.append(text[start + 1 : closes[start]])
            at = closes[start] + 1
        elif start < len(text) and text[start].isalnum() and not macro.in_braces:
            arguments.append(text[start])
            at = start + 1
        else:
            arguments.append("")
    return arguments, at
