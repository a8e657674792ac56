"""A real table in a temporary folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedingest.store.table import ChunkTable, open_table
from tests.store.doubles import DIMENSIONS, MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., ChunkTable]]:
    """Opens table `chunks` of this test's database; every handle is closed afterwards."""
    handles: list[ChunkTable] = []

    def open_again(**changes: object) -> ChunkTable:
        settings: dict[str, object] = {"fingerprint": MODEL, "dimensions": DIMENSIONS, "create": True}
        settings["read_consistency_seconds"] = 0
        handles.append(open_table(tmp_path / "db", "chunks", **{**settings, **changes}))  # type: ignore[arg-type]
        return handles[-1]

    yield open_again
    for handle in handles:
        handle.close()


@pytest.fixture
def table(opened: Callable[..., ChunkTable]) -> ChunkTable:
    """An empty table of 8 dimensions."""
    return opened()
