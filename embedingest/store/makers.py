"""Who makes the indices of a table and joins its rows: LanceDB in this process, unless another way is named.

Knows not when.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.store import joining, key_index, text_index, vector_index

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from embedingest.store.handle import TableHandle
    from embedingest.store.values import TextSettings

__all__ = ["IN_THIS_PROCESS", "IndexMakers"]


@dataclass(frozen=True, slots=True)
class IndexMakers:
    """Each makes its indices in place of those that are there. All raise StoreError.

    `keys` is told the names of those to make, `vectors` the number of rows that the index is for. `join` joins
    rows and folds indices, and is told the age in seconds from which old versions go, or `None`.
    """

    keys: Callable[[TableHandle, Collection[str]], None]
    text: Callable[[TableHandle, TextSettings], None]
    vectors: Callable[[TableHandle, int], None]
    join: Callable[[TableHandle, float | None], None]


IN_THIS_PROCESS: Final = IndexMakers(key_index.build, text_index.build, vector_index.make, joining.join)
