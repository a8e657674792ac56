"""The representations in which a text is stored: its vector, and what further models make of it. Computes none.

A key names one representation of one text, so that whatever looks one up, waits for one or keeps one need not know
which it is: the text hash itself for the vector, for the others the text hash and a suffix for column and model.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from embedingest.ingest.identity import hash_fields
from embedingest.store.values import LATE, SPARSE, VECTOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Representation", "column_of", "text_hash_of"]

_HASH_LETTERS: Final = 32
_SUFFIX_LETTERS: Final = 16
_CODES: Final = {VECTOR: "", SPARSE: "01", LATE: "02"}
_COLUMNS: Final = {code: column for column, code in _CODES.items()}


@dataclass(frozen=True)
class Representation:
    """One column of the table and the model that makes it. The engine knows the model as `model`.

    `dimensions` are those of a vector, or of a token's vector (`late`).
    """

    column: str
    model: str
    fingerprint: str
    dimensions: int

    @cached_property
    def suffix(self) -> str:
        code = _CODES[self.column]
        return code and code + hash_fields(self.column, self.fingerprint)[: _SUFFIX_LETTERS - len(code)]

    def key(self, text_hash: str) -> str:
        """The key of this representation of a text."""
        return text_hash + self.suffix

    def fits(self, value: NDArray[Any]) -> bool:
        """Whether a value has the shape that this model gives: an older file may hold that of another."""
        return self.column == SPARSE or value.shape[-1] == self.dimensions


def text_hash_of(key: str) -> str:
    """The hash of the text that a key is about."""
    return key[:_HASH_LETTERS]


def column_of(key: str) -> str:
    """The column that a key is about."""
    return _COLUMNS[key[_HASH_LETTERS:][:2]]
