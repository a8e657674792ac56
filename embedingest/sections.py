"""Hits as the sections or documents that they stand in: what a search answers with where a chunk is too little.

Knows no model: it is handed a `Measure`, and what finds the hits.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias

from embedingest.documents import extent, gap_text, joined, line_end, marked_gaps
from embedingest.errors import ConfigError
from embedingest.store import text_index
from embedingest.store.look import stretches
from embedingest.store.search.highlight import Words, snippet
from embedingest.store.unit import LEAST_BUDGET, MOST_BUDGET, MarkedHit, Unit
from embedingest.store.values import TextSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from embedingest.measure import Measure
    from embedingest.store.table import ChunkTable
    from embedingest.store.values import Hit, SearchQuery, SearchResult
    from embedingest.types import Row

    Find: TypeAlias = Callable[[SearchQuery], SearchResult]
    Rows: TypeAlias = Mapping[int, Row]
    """Rows of one version of a document, by the number of the chunk."""
    _Version: TypeAlias = tuple[str, str, str, int]

__all__ = ["MARKED", "in_units"]

MARKED: Final = 10
"""So many of the best hits are marked where they stand in the unit of a better one; nothing is told of further ones."""
_MOST_HITS: Final = 10_000  # that a search gives
_FURTHER: Final = 4  # times as many hits are looked at where those so far are in too few units
_LEAST_TOKENS: Final = 8  # of a chunk: where many together have fewer, less is shown than the budget has room for


def in_units(table: ChunkTable, query: SearchQuery, find: Find, measure: Measure) -> SearchResult:
    """What `find` gives for the query, as sections or documents, in the order of the best hit of each.

    Pages of any size are cut from the same order. Raises ConfigError for a budget out of bounds and for a `context`,
    and what `find` raises.
    """
    _check(query)
    last = query.offset + query.limit
    wanted = max(MARKED, 2 * last)
    units = _Units(table, query, measure)
    while True:
        asked = replace(query, unit="chunk", limit=min(wanted, _MOST_HITS), offset=0, group=False, highlight=False)
        found = find(asked)
        opened = units.of(found.hits, last)
        if len(opened) >= last or len(found.hits) < wanted:  # no search gives more than the most
            words = Words(query.text, text_index.stored_settings(table.handle) or TextSettings())
            page = [_told(each, query, measure, words) for each in opened[query.offset : last]]
            return replace(found, hits=tuple(page), measured_by=measure.name)
        wanted *= _FURTHER


def _check(query: SearchQuery) -> None:
    if not LEAST_BUDGET <= query.budget <= MOST_BUDGET:
        raise ConfigError(
            f"the budget is {query.budget} tokens", remedy=f"it goes from {LEAST_BUDGET} to {MOST_BUDGET}"
        )
    if query.context:
        raise ConfigError(
            f"a {query.unit} has no `context` of {query.context} chunks",
            remedy="leave `context` out, or ask for chunks; with a larger `budget` more is shown",
        )


@dataclass(slots=True)
class _Opened:
    """A unit in the making: which chunks its text has, whether these are all of it, and its hits, the best first."""

    path: tuple[str, ...]
    shown: list[Row]
    whole: bool
    hits: list[Hit]

    @property
    def best(self) -> Hit:
        return self.hits[0]

    @property
    def version(self) -> _Version:
        return _version(self.best.row)

    def shows(self, row: Row) -> bool:
        first, last = self.shown[0].chunk_index, self.shown[-1].chunk_index
        return self.version == _version(row) and first <= row.chunk_index <= last

    def is_in(self, rows: Sequence[Row]) -> bool:
        return rows[0].chunk_index <= self.shown[0].chunk_index and self.shown[-1].chunk_index <= rows[-1].chunk_index


class _Units:
    """The units of hits, opened one after another from the best hit on; no chunk is shown by two of them."""

    def __init__(self, table: ChunkTable, query: SearchQuery, measure: Measure) -> None:
        self._table = table
        self._query = query
        self._measure = measure
        self._reach = 1 + query.budget // _LEAST_TOKENS
        self._opened: list[_Opened] = []
        self._seen = 0

    def of(self, hits: Sequence[Hit], wanted: int) -> list[_Opened]:
        """At least `wanted` units, or as many as there are; `hits` are those of the call before, and further ones."""
        while self._seen < len(hits) and (self._seen < MARKED or len(self._opened) < wanted):
            block = hits[self._seen : max(MARKED, self._seen * _FURTHER)]
            documents = self._read([hit for hit in block if not self._is_shown(hit)])
            for hit in block:
                self._place(hit, documents, marked=self._seen == 0)
            self._seen += len(block)
        return self._opened

    def _read(self, hits: Sequence[Hit]) -> Mapping[_Version, dict[int, Row]]:
        """What stands around hits, each in its version of its document: of two, one is about to be deleted."""
        ranges: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for hit in hits:
            at = hit.row.chunk_index
            ranges[hit.source].append((at - self._reach, at + self._reach))
        wanted = [(source, *each) for source, some in ranges.items() for each in _united(some)]
        documents: dict[_Version, dict[int, Row]] = defaultdict(dict)
        for row in (*stretches(self._table, wanted, self._query.within), *(hit.row for hit in hits)):
            documents[_version(row)][row.chunk_index] = row
        return documents

    def _is_shown(self, hit: Hit) -> bool:
        """Whether no unit is opened for a hit: its document has one, which is enough, or shows it."""
        there = [each for each in self._opened if each.best.source == hit.source]
        return bool(there and self._is_one_each) or any(each.shows(hit.row) for each in there)

    def _place(self, hit: Hit, documents: Mapping[_Version, Rows], *, marked: bool) -> None:
        """Put a hit into the unit that shows it, or that can grow so that it does; else open one for it."""
        beside = [each for each in self._opened if each.version == _version(hit.row)]
        if self._is_shown(hit):
            for each in beside:
                if marked and each.shows(hit.row):
                    each.hits.append(hit)
        else:
            section, whole = self._section(hit.row, documents[_version(hit.row)])
            if not (marked and whole and self._grown(beside, section, hit)):
                shown = self._window(hit.row, section, beside)
                self._opened.append(_Opened(self._path(hit.row), shown, whole and len(shown) == len(section), [hit]))

    @property
    def _is_one_each(self) -> bool:
        """Whether a document has one unit at most."""
        return self._query.group or self._query.unit == "document"

    def _path(self, row: Row) -> tuple[str, ...]:
        """The headings of the unit that a chunk is in."""
        return () if self._query.unit == "document" else row.heading_path

    def _section(self, row: Row, rows: Rows) -> tuple[list[Row], bool]:
        """The chunks below the heading that a chunk stands below, as far as they are read, and whether that is all.

        Where none stands above it, they are those around it above which none stands.
        """
        path, at, reach = self._path(row), row.chunk_index, self._reach
        indices = sorted(index for index in rows if abs(index - at) <= reach)
        first = last = indices.index(at)
        while first > 0 and self._is_below(path, rows[indices[first - 1]]):
            first -= 1
        while last + 1 < len(indices) and self._is_below(path, rows[indices[last + 1]]):
            last += 1
        begun = first > 0 or at <= reach
        ended = last + 1 < len(indices) or at + reach >= row.chunk_count - 1
        return [rows[index] for index in indices[first : last + 1]], begun and ended

    def _is_below(self, path: tuple[str, ...], row: Row) -> bool:
        above = self._path(row)
        return above[: len(path)] == path if path else not above

    def _grown(self, beside: Sequence[_Opened], section: Sequence[Row], hit: Hit) -> bool:
        """Let the units that are parts of a section become one that is all of it, where it has room in the budget."""
        touched = [each for each in beside if any(each.shows(row) for row in section)]
        if (
            not touched
            or not all(each.is_in(section) for each in touched)
            or self._tokens(section) > self._query.budget
        ):
            return False
        first, *others = touched
        first.path, first.shown, first.whole = self._path(hit.row), list(section), True
        first.hits += [*(each for other in others for each in other.hits), hit]
        self._opened = [each for each in self._opened if not any(each is other for other in others)]
        return True

    def _window(self, row: Row, section: Sequence[Row], beside: Sequence[_Opened]) -> list[Row]:
        """A chunk and what stands around it, as far as there is room in the budget and no other unit shows it."""
        at = next(place for place, each in enumerate(section) if each.chunk_index == row.chunk_index)
        shown = deque([row])
        room = self._query.budget - self._measure.count(row.text)
        sides = deque([(iter(section[at + 1 :]), True), (iter(section[:at][::-1]), False)])
        while sides:
            side, after = sides.popleft()
            following = next(side, None)
            if following is None or any(each.shows(following) for each in beside):
                continue
            pair = (shown[-1], following) if after else (following, shown[0])
            room -= self._measure.count(following.text) + self._between(*pair)
            if room < 0:
                room += self._measure.count(following.text) + self._between(*pair)
                continue
            (shown.append if after else shown.appendleft)(following)
            sides.append((side, after))
        return list(shown)

    def _tokens(self, rows: Sequence[Row]) -> int:
        between = sum(self._between(row, following) for row, following in pairwise(rows))
        return between + sum(self._measure.count(row.text) for row in rows)

    def _between(self, row: Row, following: Row) -> int:
        return self._measure.count(gap_text(following.start - row.end))


def _version(row: Row) -> _Version:
    return row.source, row.content_hash, row.config_hash, row.chunk_count


def _united(ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same numbers in as few ranges as can be, both ends included."""
    united: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if united and first <= united[-1][1] + 1:
            united[-1] = united[-1][0], max(last, united[-1][1])
        else:
            united.append((first, last))
    return united


def _told(opened: _Opened, query: SearchQuery, measure: Measure, words: Words) -> Hit:
    """The best hit of a unit, with the unit."""
    start, rows = opened.shown[0].start, opened.shown
    text = joined(rows, start)
    if measure.count(text) > query.budget:  # a chunk that has no room for itself
        first, last = _around_words(text, query.budget, measure, words)
        start, text = start + first, text[first:last]
    end = start + len(text)
    hits = [(hit, max(0, hit.row.start - start)) for hit in opened.hits if hit.row.start < end]
    marks = [MarkedHit(hit.row.id, hit.score, at, min(hit.row.end, end) - start) for hit, at in hits]
    unit = Unit(
        kind=query.unit,
        text=text,
        start=start,
        heading_path=opened.path,
        hits=tuple(sorted(marks, key=lambda mark: mark.start)),
        truncated=not opened.whole or start > rows[0].start or end < rows[-1].end,
        gaps=tuple(marked_gaps(rows, start)),
        tokens=measure.count(text),
        extent=extent(rows),
    )
    return replace(opened.best, unit=unit, highlights=words.found_in(text) if query.highlight else ())


def _around_words(text: str, budget: int, measure: Measure, words: Words) -> tuple[int, int]:
    """The part of a text, of `budget` tokens at most, that has most words of the question; its beginning without any.

    It begins and ends with lines, where these are near.
    """
    width = measure.cut(text, budget)
    first, _ = snippet(text, words.found_in(text), width=max(1, width))
    first = text.rfind("\n", max(0, first - width // 4), first) + 1 or first
    rest = text[first:]
    kept = measure.cut(rest, budget)
    return first, first + (len(rest) if kept == len(rest) else line_end(rest, kept))
