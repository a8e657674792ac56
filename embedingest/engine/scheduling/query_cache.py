"""The rows of recent small queries, so that a repeated one is not computed again. Knows no threads, no encoder."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from embedingest.engine.scheduling.call_queue import key_of
from embedingest.engine.vectors import ragged

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from embedingest.engine.encoder import TokenIds

__all__ = ["QueryCache"]

Vectors = NDArray[np.float32]

_LARGEST_ROW: Final = 8192  # numbers; a long text's token vectors would fill the memory


class QueryCache:
    """At most `texts` raw rows by their tokens; the least recently used go first."""

    def __init__(self, texts: int) -> None:
        self._most = texts
        self._rows: OrderedDict[Hashable, Vectors] = OrderedDict()

    def get(self, tokens: Sequence[TokenIds]) -> Vectors | None:
        """The rows of N texts, as the encoder gave them; `None` unless all are known."""
        keys = [key_of(ids) for ids in tokens]
        cached = [self._rows.get(key) for key in keys]
        rows = [row for row in cached if row is not None]
        if len(rows) < len(tokens):
            return None
        for key in keys:
            self._rows.move_to_end(key)
        return np.stack(rows) if rows[0].ndim == 1 else ragged(rows)

    def put(self, tokens: TokenIds, row: Vectors) -> None:
        """Keep a copy of the row of one text, unless it is a large one."""
        if not self._most or row.size > _LARGEST_ROW:
            return
        self._rows[key_of(tokens)] = row.copy()
        if len(self._rows) > self._most:
            self._rows.popitem(last=False)
