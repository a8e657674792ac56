"""Contents pages: the dots from a title to its page are no words, and the title stands elsewhere too. Pure."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.pages.titles import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.load.pages.page import Page
    from embedingest.ingest.load.pages.titles import Said

__all__ = ["drop_leaders"]

_DOTS: Final = re.compile(r"[ \t]*(?:\.[ \t]?){5,}|[ \t]*…{2,}|[ \t]*·(?:[ \t]?·){4,}")
_TWO: Final = ("..", ". .", ".\t.")
_FIVE: Final = re.compile(r"\.[ \t]?\.[ \t]?\.[ \t]?\.[ \t]?\.")
_NUMBER: Final = re.compile(r"\s(\d{1,5}|[ivxlc]{1,7})$")
_FEWEST: Final = 4
_APART: Final = 3
"""Entries may have so many other lines between them: chapters without dots, titles over two lines."""

_RISING: Final = 0.9
_FOUND: Final = 0.6


class _Entry(NamedTuple):
    page: int
    place: int
    title: str
    number: int | None


class Dropped(NamedTuple):
    """How many lines lost their leaders of dots, and how many were entries of a contents and are left out."""

    leaders: int = 0
    entries: int = 0


def drop_leaders(pages: list[Page], said: Said) -> Dropped:
    """Leaders of dots give way to one sign; in a contents to nothing, and with them the numbers of its pages.

    Entries of a contents whose titles stand elsewhere too are left out.
    """
    leaders = [
        entry for index, small in enumerate(said.small) if _has_dots(small) for entry in _leaders(index, pages[index])
    ]
    if not leaders:
        return Dropped()
    own = {(entry.page, entry.place) for entry in leaders}
    contents, elsewhere = _contents(leaders, pages, said)
    for page, place in (own | contents) - elsewhere:
        line = pages[page].lines[place]
        text = _DOTS.sub(" … ", line.text)
        if (page, place) in contents:
            text = _NUMBER.sub("", text.replace(" … ", " ").rstrip())
        pages[page].lines[place] = line._replace(text=text.strip(), words=())
    for page in {page for page, _ in elsewhere}:
        pages[page].lines = [line for place, line in enumerate(pages[page].lines) if (page, place) not in elsewhere]
    return Dropped(len((own | contents) - elsewhere), len(elsewhere))


def _contents(
    leaders: list[_Entry], pages: list[Page], said: Said
) -> tuple[set[tuple[int, int]], set[tuple[int, int]]]:
    """The places of all entries of contents, and of those whose titles stand elsewhere, each a page and a line."""
    runs = [run for run in _runs(leaders) if _rises(run)]
    if not runs:
        return set(), set()
    possible = {entry: _possible(entry, pages) for run in runs for entry in run}
    let_be = {id(pages[entry.page].lines[entry.place]) for entry in leaders}
    titles = said.standing({title for both in possible.values() for title in both}, let_be)
    contents: set[tuple[int, int]] = set()
    elsewhere: set[tuple[int, int]] = set()
    for run in runs:
        found = [entry for entry in run if not titles.isdisjoint(possible[entry])]
        if len(found) >= _FOUND * len(run):
            contents |= _entries(run, pages)
            for entry in found:
                first = entry.place if possible[entry][0] in titles else entry.place - 1
                elsewhere |= {(entry.page, place) for place in range(first, entry.place + 1)}
    return contents, elsewhere


def _has_dots(text: str) -> bool:
    """Whether leaders may be in a page's text; nearly none has any."""
    if any(two in text for two in _TWO) and _FIVE.search(text):
        return True
    return ("…" in text or "·" in text) and any(sign in text for sign in ("……", "··", "· ·"))


def _leaders(index: int, page: Page) -> Iterator[_Entry]:
    for place, (text, *_) in enumerate(page.lines):
        if text.count(".") < 5 and "…" not in text and "·" not in text:
            continue
        dots = _DOTS.search(text)
        if dots:
            number = _NUMBER.search(" " + text[dots.end() :].strip())
            yield _Entry(index, place, text[: dots.start()], _value(number[1]) if number else None)


def _value(number: str) -> int:
    return int(number) if number.isdecimal() else 0


def _runs(entries: list[_Entry]) -> Iterator[list[_Entry]]:
    """Entries that follow one another, also from page to page."""
    run: list[_Entry] = []
    for entry in (entry for entry in entries if entry.number is not None):
        if run:
            before = run[-1]
            apart = entry.place - before.place if entry.page == before.page else _APART
            if entry.page - before.page > 1 or apart > _APART + 1:
                if len(run) >= _FEWEST:
                    yield run
                run = []
        run.append(entry)
    if len(run) >= _FEWEST:
        yield run


def _rises(run: list[_Entry]) -> bool:
    numbers = [entry.number or 0 for entry in run]
    return sum(a <= b for a, b in pairwise(numbers)) >= _RISING * (len(run) - 1)


def _possible(entry: _Entry, pages: list[Page]) -> tuple[str, str]:
    """The title of an entry, which may have begun in the line before."""
    before = pages[entry.page].lines[entry.place - 1].text if entry.place else ""
    return plain(entry.title), plain(f"{before} {entry.title}")


def _entries(run: list[_Entry], pages: list[Page]) -> set[tuple[int, int]]:
    """The lines of a contents: the run, and what ends in a number of a page between them."""
    places = {(entry.page, entry.place) for entry in run}
    for page in range(run[0].page, run[-1].page + 1):
        own = [entry.place for entry in run if entry.page == page]
        numbers = [entry.number or 0 for entry in run if entry.page == page]
        low, high = min(numbers, default=0), max(numbers, default=0)
        for place in range(max(0, own[0] - 1), own[-1]) if own else ():
            text = pages[page].lines[place].text
            number = _NUMBER.search(text)
            if number and (page, place) not in places and low <= _value(number[1]) <= high:
                places.add((page, place))
    return places
