"""The vectors of a table in two dimensions, for people: drawn beside all requests, kept, drawn anew when out of date.

A map is kept as long as the table is what it was. Of a table of up to 5 000 chunks, all of which are on it, any commit
makes it out of date; of a larger one that a fiftieth of the chunks came or went or, where anything was committed, that
ten minutes have passed. What is out of date is shown until the next one is drawn.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from embedingest.store.plane import Plane
    from embedingest.store.sample import Sample
    from embedingest.store.table import ChunkTable

__all__ = ["TableMap"]

_MOST_POINTS: Final = 5_000
_CHANGED_SHARE: Final = 0.02
_OLD_SECONDS: Final = 600.0
_KEPT_MAPS: Final = 8  # one for each filter of who asks; each takes about two megabytes
_DIGITS: Final = 5


@dataclass(frozen=True, slots=True)
class _State:
    """Which table a map was drawn of: its version, how many rows it had, whose vectors."""

    version: int
    rows: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class _Drawn:
    """A map: the document of it, its axes, and what it was drawn of, when (monotonic)."""

    document: Mapping[str, Any]
    plane: Plane
    of: _State
    at: float


class TableMap:
    """Draws on a thread of its own, one map at a time; asking never waits for it. Many threads ask."""

    def __init__(self, table: Callable[[], ChunkTable]) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._maps: OrderedDict[str | None, _Drawn] = OrderedDict()
        self._wanted: OrderedDict[str | None, None] = OrderedDict()
        self._failures: dict[str | None, Exception] = {}
        self._is_drawing = False
        self._numbers = count(1)

    def look(self, within: str | None) -> Mapping[str, Any]:
        """The map of what passes the filter `within`, or `{"state": "drawing"}`.

        `stale` says that another one is being drawn. Raises what drawing the last one raised, once.
        """
        now = _state_of(self._table())
        with self._lock:
            if (failure := self._failures.pop(within, None)) is not None:
                raise failure
            drawn = self._maps.get(within)
            is_stale = drawn is None or _is_out_of_date(drawn, now)
            if is_stale:
                self._want(within)
            if drawn is None:
                return {"state": "drawing"}
            self._maps.move_to_end(within)
            return {**drawn.document, "stale": is_stale}

    def places(self, ids: Sequence[str], within: str | None) -> Mapping[str, Any]:
        """Where the chunks of these ids lie on the map that was drawn last, whether or not they are on it.

        `{"map", "places": {id: [x, y]}}`; `{"state": "drawing"}` where none was drawn.
        """
        import numpy as np

        from embedingest.store.sample import vectors_of

        with self._lock:
            drawn = self._maps.get(within)
        if drawn is None:
            return {"state": "drawing"}
        vectors = vectors_of(self._table(), ids, within=within)
        fitting = {key: vector for key, vector in vectors.items() if len(vector) == len(drawn.plane.mean)}
        matrix = np.stack(list(fitting.values())) if fitting else np.zeros((0, len(drawn.plane.mean)), np.float32)
        places = drawn.plane.places(matrix).round(_DIGITS).tolist()
        return {"state": "drawn", "map": drawn.document["map"], "places": dict(zip(fitting, places, strict=True))}

    def _want(self, within: str | None) -> None:
        """Have it drawn; with the lock held."""
        self._wanted[within] = None
        if not self._is_drawing:
            self._is_drawing = True
            threading.Thread(target=self._draw_all, name="embedingest-map", daemon=True).start()

    def _draw_all(self) -> None:
        while (within := self._next()) is not _NONE:
            with self._lock:
                before = self._maps.get(within)
            try:
                drawn = self._draw(within, before)
            except Exception as error:  # noqa: BLE001 -- raised where it is asked for
                with self._lock:
                    self._failures[within] = error
                    del self._wanted[within]
                continue
            with self._lock:
                self._maps[within] = drawn
                self._maps.move_to_end(within)
                del self._wanted[within]
                while len(self._maps) > _KEPT_MAPS:
                    self._maps.popitem(last=False)

    def _next(self) -> Any:
        with self._lock:
            wanted = next(iter(self._wanted), _NONE)
            self._is_drawing = wanted is not _NONE
            return wanted

    def _draw(self, within: str | None, before: _Drawn | None) -> _Drawn:
        from embedingest.store.plane import plane_of
        from embedingest.store.sample import sample

        table = self._table()
        state = _state_of(table)
        taken = sample(table, _MOST_POINTS, within=within)
        is_same = before is not None and before.of.fingerprint == state.fingerprint
        plane = plane_of(taken.vectors, before.plane if before is not None and is_same else None)
        return _Drawn(_document(taken, plane, next(self._numbers)), plane, state, time.monotonic())


_NONE: Final = object()
"""No filter is wanted; `None` is the filter of who sees everything."""


def _state_of(table: ChunkTable) -> _State:
    from embedingest.store.look import table_version

    return _State(table_version(table), table.count(), table.identity.fingerprint)


def _is_out_of_date(drawn: _Drawn, now: _State) -> bool:
    if now.version == drawn.of.version and now.fingerprint == drawn.of.fingerprint:
        return False
    if now.rows <= _MOST_POINTS or now.fingerprint != drawn.of.fingerprint:
        return True
    changed = abs(now.rows - drawn.of.rows)
    return changed >= _CHANGED_SHARE * now.rows or time.monotonic() - drawn.at >= _OLD_SECONDS


def _document(taken: Sample, plane: Plane, number: int) -> dict[str, Any]:
    """The map as JSON: one list for each fact of the points; documents and types stand once, points have their places.

    `shares` are those of the whole spread that lie along the two axes.
    """
    sources: dict[str, tuple[int, str | None]] = {}
    types: dict[str, int] = {}
    for row in taken.rows:
        sources.setdefault(row.source, (len(sources), row.title))
        types.setdefault(row.mime, len(types))
    places = plane.places(taken.vectors).round(_DIGITS)
    return {
        "state": "drawn",
        "map": number,
        "drawn_at": datetime.now(UTC).isoformat(),
        "chunks": taken.total,
        "shares": [round(share, 4) for share in plane.shares],
        "sources": [[source, title] for source, (_, title) in sources.items()],
        "types": list(types),
        "points": {
            "id": [row.id for row in taken.rows],
            "x": places[:, 0].tolist(),
            "y": places[:, 1].tolist(),
            "source": [sources[row.source][0] for row in taken.rows],
            "type": [types[row.mime] for row in taken.rows],
            "page": [row.page for row in taken.rows],
            "line": [row.line_start for row in taken.rows],
            "chunk": [row.chunk_index for row in taken.rows],
            "words": [row.words for row in taken.rows],
        },
    }
