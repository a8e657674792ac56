"""Whether a place can be written is told by writing there, and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedingest.store.health import room_for

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_free_is_told_and_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "chunks.lance" / "data").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    assert room_for([tmp_path], "chunks") > 0
    assert room_for([], "chunks") == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_that_is_not_there_has_no_room(tmp_path: Path) -> None:
    assert room_for([tmp_path, tmp_path / "gone"], "chunks") == -1


@pytest.mark.parametrize("name", ["chunks.lance", "chunks.lance/data", "chunks.lance/_versions"])
def test_a_table_that_cannot_be_looked_into_has_no_room(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_bytes(b"no folder")
    assert room_for([tmp_path], "chunks") == -1
    (tmp_path / name).unlink()
    assert room_for([tmp_path], "chunks") > 0
