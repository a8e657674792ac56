"""What the numbers of a running line count: its pages, or its chapters. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BARE", "DIGITS", "counts_pages", "numbers", "other_words"]

DIGITS: Final = re.compile(r"\d{1,9}")
BARE: Final = re.compile(r"\d{1,6}|[ivxlcdm]{1,8}", re.IGNORECASE)
_PAGE_OF: Final = re.compile(
    r"(?:\b(?:pages?|pg|p|seite|s|página|pagina|pag|pág|strona|str|strana|стр|страница|стор|sivu|sida|side|bladzijde|oldal"
    r"|sayfa|trang|σελίδα)\b|[页頁쪽]|ページ)\W{0,3}\d+(?:\s*(?:/|of|von|de|di|sur|av|af|van|z|из|з)\s*\d+)?"
    r"|\b\d+\s*(?:/|of|von|de|di|sur|av|af|van|z|из|з)\s*\d+$",
    re.IGNORECASE,
)
_CHAPTER: Final = re.compile(
    r"\b(?:chapter|part|section|appendix|unit|lesson|lecture|kapitel|teil|abschnitt|anhang|chapitre|partie|annexe"
    r"|cap[ií]tulo|capitolo|parte|hoofdstuk|rozdział|kapitola|глава|часть|luku|fejezet|bölüm)\b|第",
    re.IGNORECASE,
)
_OTHER_WORD: Final = re.compile(r"[^\W\d_]{2}|[\u3040-\u9fff\uac00-\ud7a3]")

_COUNTING: Final = 0.75
_COUNTING_WORDS: Final = 0.95
"""How many of the steps from page to page must be those of a page's or a chapter's number; the latter beside words."""

_Row = tuple[int, list[int]]
"""The page, and the numbers that a line has there."""


def counts_pages(lines: list[tuple[int, str]]) -> bool:
    """Whether each number of the lines, with their pages' indexes, stays or is a page's or a chapter's.

    A number alone that stays counts nothing.
    """
    words = other_words(lines[0][1])
    if not words:
        rows = [(page, numbers(text)) for page, text in lines]
        alone = not _PAGE_OF.search(lines[0][1])
        return _grow(rows, _steps_alone) and not (alone and len({tuple(found) for _, found in rows}) == 1)
    said = [(page, _PAGE_OF.search(text)) for page, text in lines]
    of_pages = [(page, numbers(match[0])[:1]) for page, match in said if match]
    rows = [(page, numbers(other_words(text))) for page, text in lines]
    return _grow(of_pages, _steps_alone) and _grow(rows, _steps_of_chapters if _CHAPTER.search(words) else _steps)


def _grow(rows: list[_Row], counting: Callable[[int, list[tuple[_Row, _Row]]], bool]) -> bool:
    """Whether the numbers at each place grow from page to page, as `counting` has it."""
    rows = [row for row in rows if row[1]]  # the first pages may have Roman ones
    counts = {len(found) for _, found in rows}
    if len(counts) != 1:
        return not rows
    return all(counting(place, list(pairwise(rows))) for place in range(counts.pop()))


def _steps_alone(place: int, steps: list[tuple[_Row, _Row]]) -> bool:
    """Whether most grow with the pages, stay or begin anew."""
    good = sum(
        after[place] - before[place] in {0, later - page} or 0 < after[place] <= later - page
        for (page, before), (later, after) in steps
    )
    return good >= _COUNTING * len(steps)


def _steps(place: int, steps: list[tuple[_Row, _Row]]) -> bool:
    """Whether nearly all grow with the pages, or stay; or begin anew where a number before grows, as in 3-14."""
    stay = sum(after[place] == before[place] for (_, before), (_, after) in steps)
    grow = sum(
        after[place] - before[place] == later - page
        or (after[:place] > before[:place] and 0 < after[place] <= later - page)
        for (page, before), (later, after) in steps
    )
    behind = all(len(after) > place + 1 for _, (_, after) in steps)
    return max(stay, grow) >= _COUNTING_WORDS * len(steps) or (behind and _steps_of_chapters(place, steps))


def _steps_of_chapters(place: int, steps: list[tuple[_Row, _Row]]) -> bool:
    """Whether nearly none shrinks, or grows more than the pages do."""
    good = sum(
        0 <= after[place] - before[place] <= later - page
        or (after[:place] > before[:place] and 0 < after[place] <= later - page)
        for (page, before), (later, after) in steps
    )
    return good >= _COUNTING_WORDS * len(steps)


@lru_cache(maxsize=1024)  # a running line is asked for them four times, and stands on many pages
def other_words(text: str) -> str:
    """The line without what says its page; nothing where no words are left."""
    if DIGITS.search(text):  # what follows takes long
        text = _PAGE_OF.sub("", text)
    return text if _OTHER_WORD.search(text) and not BARE.fullmatch(text) else ""


def numbers(text: str) -> list[int]:
    """The numbers of a line."""
    return [int(number) for number in DIGITS.findall(text)]
