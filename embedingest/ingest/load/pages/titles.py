"""What a title says, whatever numbers it. Pure."""

from __future__ import annotations

import re
from functools import cached_property
from statistics import median
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from embedingest.ingest.load.pages.page import Line, Page

__all__ = ["Said", "plain", "slide_titles"]

_NUMBERING: Final = re.compile(
    r"(?:(?i:chapter|appendix|part|section)\s+)?(?:(?:\d{1,3}|[A-Z])\.)*(?:\d{1,3}|[A-Z]|[IVXLC]{1,7})[.:)]?\s+"
)

_LARGER: Final = 1.25
_LOW: Final = frozenset("acegmnopqrsuvwxyz.,:;-–•")
_DEEP: Final = frozenset("gjpqy,;()[]{}|/Q")
_ABOVE, _LOW_ABOVE, _BELOW = 0.72, 0.52, 0.2
"""How far letters stand above and below their line, in their size."""

_MOST_LINES: Final = 40
_LONGEST: Final = 120
"""Characters of a slide's title, at most."""

_FEW: Final = 3
"""So few words are looked for one by one; more are looked up among the last words of all lines."""


def plain(line: str) -> str:
    """The title's words in small letters, without the number before them."""
    text = line.strip()
    number = _NUMBERING.match(text)
    return " ".join((text[number.end() :] if number else text).split()).lower()


def slide_titles(pages: list[Page]) -> list[tuple[str, int]]:
    """Title and page index of pages that begin in larger letters; none where not most are slides.

    Slides lie, have few lines and a title.
    """
    if 2 * sum(page.width > page.height and len(page.lines) <= _MOST_LINES for page in pages) <= len(pages):
        return []
    titles = [(title, index) for index, page in enumerate(pages) if (title := _slide_title(page.lines))]
    return titles if 2 * len(titles) >= len(pages) else []


def _slide_title(lines: list[Line]) -> str:
    """The first of the lines in larger letters, which one that runs may precede, and what of it is in the next line."""
    sizes = [_size(line) for line in lines]
    for place, line in enumerate(lines[:2]):
        others = sizes[:place] + sizes[place + 1 :]
        if others and sizes[place] > _LARGER * median(others) and len(line.text) <= _LONGEST:
            goes_on = place + 2 < len(lines) and sizes[place + 1] > 0.9 * sizes[place]
            return f"{line.text} {lines[place + 1].text}" if goes_on else line.text
    return ""


def _size(line: Line) -> float:
    """About the size of the line's letters: it is as high as those that it has."""
    letters = set(line.text) - {" "}
    above = _ABOVE if letters - _LOW else _LOW_ABOVE
    return (line.box.top - line.box.bottom) / (above + (_BELOW if letters & _DEEP else 0.0))


class Said:
    """The lines of all pages, found by their last words. What is taken from the pages later is to be told in `gone`."""

    def __init__(self, pages: list[Page]) -> None:
        self._pages = [page.lines for page in pages]
        self._lasts: dict[int, list[str]] = {}
        self.gone: set[int] = set()

    def standing(self, wanted: Collection[str], without: Collection[int]) -> set[str]:
        """Those of the plain titles that are a line of a page, or two. `without`: the identities of lines let be."""
        if not wanted:
            return set()
        titles: dict[str, list[str]] = {}
        for title in wanted:
            titles.setdefault(title.rpartition(" ")[2], []).append(title)
        endings = {last: tuple(ending) for last, ending in titles.items()}
        let_be = self.gone.union(without)
        found: set[str] = set()
        for page, lines in enumerate(self._pages):
            for place, last in self._ending_in(endings, page):
                if id(lines[place]) in let_be:
                    continue
                line, ends = lines[place].text, endings[last]
                here = " ".join(line.split()).lower()
                if not here.endswith(ends) and not any(title.endswith(here) for title in ends):
                    continue  # nearly all; what follows takes long
                both = f"{_before(lines, place, let_be)} {line}"
                if " ".join(both.split()).lower().endswith(ends):
                    found |= {plain(line), plain(both)}
        return found & set(wanted)

    @cached_property
    def small(self) -> list[str]:
        """Each page in small letters, with the end of each of its lines."""
        # line by line: one letter that is not ASCII makes all of what is made small at once take ten times as long
        return ["\n".join([*[line[0].lower() for line in lines], ""]) for lines in self._pages]

    def _ending_in(self, words: Collection[str], page: int) -> list[tuple[int, str]]:
        """The places of the page's lines whose last word is one of these, and that word."""
        small = self.small[page]
        if len(words) <= _FEW:
            return [(place, word) for word in words for place in _ending(f"{word}\n", small)]
        if page not in self._lasts:
            self._lasts[page] = [text[text.rfind(" ") + 1 :] for text in small.split("\n")[:-1]]
        return [(place, last) for place, last in enumerate(self._lasts[page]) if last in words]


def _ending(ending: str, text: str) -> Iterator[int]:
    """The numbers of the text's lines whose last word this is, with its end."""
    at = text.find(ending)
    while at >= 0:
        if not at or text[at - 1] in " \n":
            yield text.count("\n", 0, at)
        at = text.find(ending, at + 1)


def _before(lines: list[Line], place: int, without: Collection[int]) -> str:
    """The nearest line before this one that is not let be."""
    return next((lines[other].text for other in range(place - 1, -1, -1) if id(lines[other]) not in without), "")
