"""One message said twice, in plain text and in HTML: which words only one of them has. Knows texts, no MIME."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["lacking", "more"]

_WORD: Final = re.compile(r"[^\W_]+")
_ADDRESS: Final = re.compile(r"\b(?:https?|mailto|tel|cid):[^\s<>]*|\[\d{1,3}\]")  # or the number of one below
_BLANK_LINE: Final = re.compile(r"\n[ \t]*\n")
_FEW: Final = 10  # one word in so many may be missing from a plain text: a link to the page, a greeting
_LEAST: Final = 3
_HINT: Final = 40
"""Words of a plain text that may say no more than that a reader of HTML is wanted."""

_HINTS: Final = re.compile(
    r"\b(?:html|browser|navigateur|navegador|viewer|webversion|web version|mime|online (?:lesen|ansehen|version)"
    r"|e?-?mail (?:client|program|reader|software)"
    r"|(?:view|read|see|open) (?:it|this|the) (?:\w+ )?(?:online|on the web))",
    re.IGNORECASE,
)


def lacking(plain: str, marked_up: list[str]) -> tuple[int, bool]:
    """How many words of the HTML's parts the plain text lacks, and whether the HTML is the text for them.

    It is where they are most of the words of a part, as of what stands below an attachment, or more than a few of all,
    unless it is much shorter than a plain text that is longer than a hint to take another program. Addresses do not
    count: in HTML they stand behind words.
    """
    ours, parts = _words(plain), [_words(part) for part in marked_up]
    known = set(ours)
    distinct = set().union(*parts)
    missing = len(distinct - known)
    apart = any(len(words - known) * 2 > len(words) for words in map(set, parts))
    many = apart or (missing >= _LEAST and missing * _FEW > len(distinct))
    return missing, many and (len(ours) < _HINT or sum(map(len, parts)) * 2 >= len(ours))


def more(plain: str, marked_up: str) -> tuple[list[str], int]:
    """Of a plain text beside its HTML the paragraphs that say something else; how many other words the HTML lacks.

    A hint to take another program says nothing.
    """
    theirs = set(_words(marked_up))
    kept: list[str] = []
    others: set[str] = set()
    for paragraph in _BLANK_LINE.split(plain):
        ours = _words(paragraph)
        missing = set(ours) - theirs
        if len(ours) < _HINT and _HINTS.search(paragraph):
            continue
        if len(missing) >= _LEAST and len(missing) * 2 > len(set(ours)):
            kept.append(paragraph.strip("\n"))
            theirs |= missing
        else:
            others |= missing
    count = len(others - theirs)
    return kept, count if count >= _LEAST else 0


def _words(text: str) -> list[str]:
    return _WORD.findall(_ADDRESS.sub("", text).lower())
