"""Which part of a run computes which texts, so that no two compute the same. In the process that is asked by all."""

from __future__ import annotations

import threading
from array import array
from collections import defaultdict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ClaimTable"]

_LETTERS: Final = 16
_SUFFIX_LETTERS: Final = 8


class ClaimTable:
    """Claims of parts, by number, on keys (`ingest/representation.py`); may be asked from any thread.

    Of each key 64 bits are kept, in about 100 bytes. Where two keys share them, one more document comes again with a
    later part, and no harm is done.
    """

    def __init__(self) -> None:
        self._lock: Final = threading.Lock()
        self._owners: dict[int, int] = {}
        self._claimed: defaultdict[int, array[int]] = defaultdict(lambda: array("Q"))

    def __len__(self) -> int:
        """How many keys are claimed."""
        return len(self._owners)

    def claim(self, keys: Sequence[str], part: int) -> set[str]:
        """Those of these keys that no other part has: they are the part's to compute. Asked again it says the same."""
        mine: set[str] = set()
        with self._lock:
            claimed = self._claimed[part]
            for key in keys:
                short = _short(key)
                owner = self._owners.get(short)
                if owner is None:
                    self._owners[short] = part
                    claimed.append(short)
                if owner in (None, part):
                    mine.add(key)
            return mine

    def release(self, part: int) -> None:
        """Others may claim what a part had: it is in the table for all that are still to come, or was never made."""
        with self._lock:
            for short in self._claimed.pop(part, ()):
                del self._owners[short]


def _short(key: str) -> int:
    """64 bits of a key: half of its text's hash, and what there is of the representation's mark beside the vector."""
    return int(key[:_LETTERS], 16) ^ int(key[-_SUFFIX_LETTERS:], 16)
