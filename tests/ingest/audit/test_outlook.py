"""Which deletions a plan lets wait are those that the run then lets wait, whatever became of the folders."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.config import SourceConfig
from tests.ingest.world import World
from tests.waiting import rest

if TYPE_CHECKING:
    from embedingest.ingest.audit.preview import PlanDocument

FILES = 11
# What becomes of each file of two folders; those of one number have the same content in both.
DEEDS = st.lists(st.sampled_from(["keep", "remove", "remove", "move", "edit", "empty"]), min_size=22, max_size=22)


def planned(plan: PlanDocument, change: str) -> set[str]:
    return {file["source"] for file in plan["files"]["list"] if file["change"] == change}


@settings(max_examples=2)
@given(first=DEEDS, second=DEEDS, added=st.integers(0, 6))
def test_what_a_plan_lets_wait_waits_in_the_run(first: list[str], second: list[str], added: int) -> None:
    with tempfile.TemporaryDirectory() as base:
        world = World(Path(base))
        other = world.base / "other"
        other.mkdir()
        world.sources.append(SourceConfig(path=other))
        files = [folder / f"{number}.md" for folder in (world.folder, other) for number in range(FILES)]
        for number, file in enumerate(files):
            file.write_text(f"The content of number {number % FILES if number % 3 else number}.")
        world.run()
        for number, deeds in enumerate((first, second)):
            rest()
            for file, deed in zip(files, deeds, strict=True):
                change(file, deed)
            for more in range(added):
                world.write(f"added-{number}-{more}.md", f"Another text {more}.")
            with world.pipeline() as pipeline:
                plan = pipeline.plan()
                before = set(pipeline.journal.pending())
                report = pipeline.carry_out(plan["frozen"])
                waiting = set(pipeline.journal.pending())
            assert planned(plan, "pending_delete") == waiting, before
            assert plan["files"]["pending_deletes"] == report.files.pending_deletes
            assert not planned(plan, "deleted") & world.sources_in_table()


def change(file: Path, deed: str) -> None:
    if not file.exists():
        if deed == "edit":  # it is back
            file.write_text(f"{file.name} is back.")
    elif deed == "remove":
        file.unlink()
    elif deed == "move":
        file.rename(file.with_name(f"moved-{file.name}"))
    elif deed == "edit":
        file.write_text(f"{file.name} was edited.")
    elif deed == "empty":
        file.write_text("")
