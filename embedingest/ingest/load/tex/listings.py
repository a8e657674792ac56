"""Listings of a LaTeX source: where they stand, what they list, their captions. Reads no code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.tex.macros import braces

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Listing", "caption_of", "listings"]

_BEGIN: Final = re.compile(r"\\begin\{(verbatim\*?|lstlisting|minted|Verbatim|Highlighting)\}")
_HEAD: Final = re.compile(r"(?:\{[^}\n]{0,400}\})?[ \t]*\n?")
"""A language, and the end of the line."""

_CAPTION: Final = re.compile(r"(?:\A|,)\s{0,99}(?:caption|title)\s{0,9}=\s{0,9}(?:(?=\{)|([^,{}]{1,400}))")
_SHORT: Final = re.compile(r"\s{0,9}\[[^\[\]]{0,400}\]")
_SIGN: Final = re.compile(r"\\.|[{}\]]|\n[ \t]*\n")
_LONGEST: Final = 2_000
_SIGNS: Final = {"textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textquotesingle": "'",
                 "textquotedbl": '"', "textgreater": ">", "textless": "<", "textbar": "|",
                 "textasciigrave": "`"}  # fmt: skip
_ESCAPED: Final = re.compile(rf"\\(?:({'|'.join(_SIGNS)})(?:\{{\}}|[ ])?|([^a-zA-Z\s]))")
_COLOURED: Final = re.compile(r"\\[a-zA-Z]{1,40}(?=\{)")
_BRACES: Final = re.compile(r"[{}]")
_KEPT: Final = re.compile("[\ue000-\ue07f]")


class Listing(NamedTuple):
    """Where a listing begins and ends, its caption as written, and what it lists."""

    start: int
    stop: int
    caption: str
    words: str


def listings(body: str) -> Iterator[Listing]:
    """Each listing in its order. One that nothing ends is none."""
    unended: set[str] = set()
    at = 0
    while match := _BEGIN.search(body, at):
        at, end = match.end(), rf"\end{{{match[1]}}}"
        stop = -1 if end in unended else body.find(end, at)
        if stop < 0:
            unended.add(end)
            continue
        begun = at if match[1].startswith("verbatim") else _options(body, at, stop)  # that one has no settings
        head = _HEAD.match(body, begun, stop)
        words = body[head.end() if head else begun : stop]
        words = _uncoloured(words) if match[1] == "Highlighting" else words
        yield Listing(match.start(), stop + len(end), caption_of(body[at + 1 : max(at, begun - 1)]), words)
        at = stop + len(end)


def _uncoloured(words: str) -> str:
    """Code whose every piece stands in a command that colours it, as pandoc writes it."""
    words = _ESCAPED.sub(lambda match: chr(0xE000 + ord(_SIGNS.get(match[1] or "", match[2] or " "))), words)
    words = _BRACES.sub("", _COLOURED.sub("", words))
    return _KEPT.sub(lambda match: chr(ord(match[0]) - 0xE000), words)


def _options(body: str, at: int, stop: int) -> int:
    """Where what stands in brackets ends; `at` where nothing does. Within braces a bracket closes nothing."""
    if not body.startswith("[", at):
        return at
    depth = 0
    for match in _SIGN.finditer(body, at + 1, min(stop, at + _LONGEST)):
        if match[0] == "]" and not depth:
            return match.end()
        if match[0].isspace():
            break
        depth += (match[0] == "{") - (match[0] == "}")
    return at


def caption_of(settings: str) -> str:
    """The caption among the settings of a listing, as written."""
    found = _CAPTION.search(settings)
    if found is None:
        return ""
    if found[1]:
        return found[1].strip()
    closed = braces(settings).get(found.end())
    inner = settings[found.end() + 1 : closed] if closed else ""
    short = _SHORT.match(inner)
    return (inner[short.end() :] if short else inner).strip()
