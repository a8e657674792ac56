"""Running heads and feet: which lines at the edges of pages are no part of the text. Pure.

A running line stands at the same place of most pages with the same words, its numbers aside, and those count pages.
It stands in the head or the foot of its page, parted from the text by more than lines of the text are from one another.
A table's row, a title and a paragraph's line stand there too: the row among rows, the title in larger letters, the line
close below another. What a running line says is said once: where it stands first, if no other line says it.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from operator import itemgetter, sub
from statistics import median
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.pages.counting import BARE, DIGITS, counts_pages, numbers, other_words
from embedingest.ingest.load.pages.titles import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.ingest.load.pages.page import Line, Page
    from embedingest.ingest.load.pages.titles import Said

__all__ = ["drop_running"]

_new: Final = tuple.__new__
"""Makes a named tuple, in half the time that calling it takes."""

_BOX: Final = itemgetter(1)
_EDGE: Final = 3
_FOLLOWING: Final = 4
"""How many lines stand at an edge, and how many that follow inwards are looked at."""

_AREA: Final = 0.15
_FOLIO_AREA: Final = 0.2
"""How deep the head and the foot of a page reach, in its height; a number alone may stand further in."""

_APART: Final = 1.15
"""How far a running line stands from the text, in what lines of its page stand apart."""

_SHORTEST: Final = 5
"""Pages of fewer lines are let be: each of their lines stands at an edge."""

_MIN_PAGES: Final = 4
_FEWEST: Final = 3
_MOST: Final = 0.5
_OF_A_SIDE: Final = 0.6
_SAME_PLACE: Final = 3.0
_LARGER: Final = 1.25
_MUCH_LARGER: Final = 1.6
_ROW_WORDS: Final = 3
_CLOSE: Final = 2.0
"""Heights of a line from line to line within a paragraph, at most; heads and feet stand further from the text."""

_NUMBER: Final = re.compile(r"\d+")
_ROMAN_LETTERS: Final = frozenset("ivxlcdm")
_ROMAN: Final = re.compile("[ivxlcdm]+")
_FOLIO: Final = re.compile(r"^(?:(\d{1,6})\s+(\D.*)|(.*\D)\s+(\d{1,6}))$")


class _Edge(NamedTuple):
    """A line at an edge. `offset` is its distance from that edge, `place` the one among the lines of its page; `lines`
    are that edge's, inwards, of which it is the one at `depth`.
    """

    page: int
    line: Line
    top: bool
    offset: float
    depth: int
    place: int
    lines: list[Line]

    @property
    def inward(self) -> list[Line]:
        """The lines that follow it inwards."""
        return self.lines[self.depth + 1 : self.depth + 1 + _FOLLOWING]

    @property
    def outward(self) -> list[Line]:
        """Those between it and the edge, the nearest first."""
        return self.lines[: self.depth][::-1]


def drop_running(pages: list[Page], said: Said) -> int:
    """Take out the running lines of all pages; how many were taken."""
    if len(pages) < _MIN_PAGES:
        return 0
    edges = [edge for index, page in enumerate(pages) for edge in _edges(index, page)]
    running = _repeated(pages, edges)
    numbered = _numbered(pages, edges, {id(edge.line) for edge in running}, said)
    running = [*_said_before(running, {id(edge.line) for edge in numbered}, said), *numbered]
    taken: dict[int, set[int]] = defaultdict(set)
    for edge in running:
        taken[edge.page].add(edge.place)
    dropped = 0
    for index, places in taken.items():
        lines = pages[index].lines
        if len(places) < len(lines):
            dropped += len(places)
            said.gone.update([id(lines[place]) for place in places])
            pages[index].lines = [line for place, line in enumerate(lines) if place not in places]
    return dropped


def _edges(index: int, page: Page) -> Iterator[_Edge]:
    lines = page.lines
    if len(lines) < _SHORTEST:
        return
    heights = [bottom + top for _, bottom, _, top in map(_BOX, lines)]
    order = sorted(range(len(heights)), key=heights.__getitem__, reverse=True)
    reach, folio = _AREA * page.height, _FOLIO_AREA * page.height
    for top, places in ((True, order[: _EDGE + _FOLLOWING]), (False, order[: -_EDGE - _FOLLOWING - 1 : -1])):
        there = [lines[place] for place in places]
        for depth, place in enumerate(places[:_EDGE]):
            middle = heights[place] / 2
            offset = page.bottom + page.height - middle if top else middle - page.bottom
            if offset <= reach or (offset <= folio and not other_words(there[depth].text)):
                yield _new(_Edge, (index, there[depth], top, offset, depth, place, there))


def _repeated(pages: list[Page], edges: list[_Edge]) -> list[_Edge]:
    """Lines of one place and shape that stand on most pages, or on most left or right ones."""
    shapes: dict[tuple[bool, str], list[_Edge]] = defaultdict(list)
    for edge in edges:
        shapes[edge.top, _shape(edge.line.text)].append(edge)
    full = [index for index, page in enumerate(pages) if len(page.lines) >= _SHORTEST]
    measures = _Measures(pages)
    groups = []
    for group in shapes.values():
        if len(group) < _FEWEST:
            continue
        place = median(edge.offset for edge in group)
        there = [edge for edge in group if abs(edge.offset - place) <= _SAME_PLACE]
        texts = [(edge.page, edge.line.text) for edge in there]
        if _on_most(there, full) and counts_pages(texts) and not _is_title(there, pages, measures):
            groups.append(there)
    lines = {id(edge.line) for group in groups for edge in group}
    found = [edge for group in groups if _is_apart(group, lines, measures) for edge in group]
    lines = {id(edge.line) for edge in found}
    return [edge for edge in found if not _is_row(edge, lines) and not _is_within(edge, lines)]


def _shape(text: str) -> str:
    """What the line says but for its numbers."""
    small = text.lower()
    return "#" if small[0] in _ROMAN_LETTERS and _ROMAN.fullmatch(small) else _NUMBER.sub("#", small)


def _on_most(group: list[_Edge], full: list[int]) -> bool:
    on = {edge.page for edge in group}
    if len(on) < _FEWEST:
        return False
    if len(on) >= _MOST * len(full):
        return True
    sides = Counter(page % 2 for page in on)
    side, count = sides.most_common(1)[0]
    return count >= 0.9 * len(on) and count >= _OF_A_SIDE * sum(page % 2 == side for page in full)


class _Measures:
    """How high the lines of a page are and how far apart, each in the middle; each page is measured once."""

    def __init__(self, pages: list[Page]) -> None:
        self._pages = pages
        self._heights: dict[int, float] = {}
        self._pitches: dict[int, float] = {}

    def height(self, page: int) -> float:
        """The height of most lines."""
        if page not in self._heights:
            boxes = map(_BOX, self._pages[page].lines)
            self._heights[page] = median([top - bottom for _, bottom, _, top in boxes])
        return self._heights[page]

    def pitch(self, page: int) -> float:
        """How far lines stand apart; those beside one another do not count."""
        if page not in self._pitches:
            boxes = map(_BOX, self._pages[page].lines)
            middles = sorted([(bottom + top) / 2 for _, bottom, _, top in boxes])
            steps = [step for step in map(sub, middles[1:], middles) if step > _SAME_PLACE]
            self._pitches[page] = median(steps) if steps else 1.0
        return self._pitches[page]


def _is_title(group: list[_Edge], pages: list[Page], measures: _Measures) -> bool:
    """Larger letters than the page's, at its top: much larger where pages stand and all have the same words."""
    if not group[0].top:
        return False
    lying = sum(pages[edge.page].width > pages[edge.page].height for edge in group)
    same = lying * 2 <= len(group) and len({edge.line.text for edge in group}) == 1
    least = _MUCH_LARGER if same else _LARGER
    larger = sum(_height(edge.line) > least * measures.height(edge.page) for edge in group)
    return larger * 2 >= len(group)


def _is_apart(group: list[_Edge], running: set[int], measures: _Measures) -> bool:
    """Whether the next line of the text is further away than lines of the text are; a page's number need not be."""
    if not other_words(group[0].line.text):
        return True
    ratios = []
    for edge in group:
        inner = next((line for line in edge.inward if id(line) not in running), None)
        if inner is not None:
            ratios.append(_distance(edge.line, inner) / measures.pitch(edge.page))
    return not ratios or median(ratios) > _APART


def _is_row(edge: _Edge, running: set[int]) -> bool:
    """Whether rows follow: lines with gaps as it has, without one between, or lines of as many words."""
    words = len(edge.line.text.split())
    following = edge.inward[:3]
    if words >= _ROW_WORDS and len(following) == 3 and all(len(line.text.split()) == words for line in following):
        return True
    line = edge.line
    for inner in edge.inward:
        if not line.gap or _distance(inner, line) > 2.5 * _height(line):
            return False
        if id(inner) not in running:
            return inner.gap
        line = inner
    return False


def _is_within(edge: _Edge, running: set[int]) -> bool:
    """Whether it stands in a paragraph: close to a line of the text, and as close to another or far from the edge's."""
    height = _height(edge.line)
    inner = _distance(edge.line, edge.inward[0]) if edge.inward else _CLOSE * height + 1
    if inner > _CLOSE * height:
        return False
    line = edge.line
    for outer in edge.outward:
        apart = _distance(line, outer)
        if apart > _CLOSE * height:
            return apart > _CLOSE * inner
        if id(outer) not in running:
            return apart > 0.5 * height
        line = outer
    return False


def _distance(line: Line, other: Line) -> float:
    return abs(line.box.middle - other.box.middle)


def _numbered(pages: list[Page], edges: list[_Edge], known: set[int], said: Said) -> list[_Edge]:
    """Outermost lines that begin or end with the page's number, as on most pages, beside a title that stands elsewhere.

    And bare numbers at the same place.
    """
    outer = [edge for edge in edges if edge.depth == 0 and len(edge.line.text) < 200]
    folios = [
        (edge, int(match[1] or match[4]) - edge.page)
        for edge in outer
        if edge.line.text[0].isdecimal() or edge.line.text[-1].isdecimal()  # what follows takes long
        if (match := _FOLIO.match(edge.line.text))
    ]
    steps = Counter((edge.top, ahead) for edge, ahead in folios)
    counted = {step for step, count in steps.items() if count >= max(3, _MOST * len(pages))}
    if not counted:
        return []
    folios = [(edge, ahead) for edge, ahead in folios if (edge.top, ahead) in counted]
    place = {top: median(edge.offset for edge, _ in folios if edge.top == top) for top, _ in counted}
    own = {id(edge.line) for edge, _ in folios} | known
    titles = {id(edge.line): plain(_FOLIO.sub(r"\2\3", edge.line.text)) for edge, _ in folios}
    known_titles = said.standing(set(titles.values()), own)
    found = [edge for edge, _ in folios if titles[id(edge.line)] in known_titles]
    found += [edge for edge in outer if edge.top in place and BARE.fullmatch(edge.line.text)]
    there = [edge for edge in found if abs(edge.offset - place[edge.top]) <= _SAME_PLACE]
    return [edge for edge in there if id(edge.line) not in known and not _is_row(edge, own)]


def _said_before(running: list[_Edge], others: set[int], lines: Said) -> list[_Edge]:
    """The running lines but the first of each wording, where that has words that no line of the text says."""
    offsets = Counter(offset for edge in running for offset in _offsets(edge))
    counted = {offset for offset, count in offsets.items() if count >= 3}
    wordings = [(edge, _wording(edge, counted)) for edge in running]
    own = {id(edge.line) for edge in running} | others
    known = lines.standing({plain(wording) for _, wording in wordings} - {""}, own)
    said = {""}
    left = []
    for edge, wording in sorted(wordings, key=lambda pair: pair[0].page):
        if wording in said or plain(wording) in known:
            left.append(edge)
        said.add(wording)
    return left


def _offsets(edge: _Edge) -> list[tuple[bool, int, int]]:
    """Of each number of a running line: whether in a head, at which place of the line, and how far from its page's."""
    found = numbers(other_words(edge.line.text))
    return [(edge.top, place, number - edge.page) for place, number in enumerate(found)]


def _wording(edge: _Edge, counted: set[tuple[bool, int, int]]) -> str:
    """What a running line says beside the page's number; nothing where that is all.

    A number that grows with the pages is theirs where the line says so, at a foot, or apart from the words.
    """
    text = other_words(edge.line.text)
    if edge.top and not edge.line.gap:
        return text
    offsets = iter(_offsets(edge))
    return DIGITS.sub(lambda number: "" if next(offsets) in counted else number[0], text)


def _height(line: Line) -> float:
    return line.box.top - line.box.bottom
