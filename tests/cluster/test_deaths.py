"""Whatever nodes die of, and at whichever moment: every document has an outcome, and the table is that of one process."""

from __future__ import annotations

import random
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from embedingest.cluster import commits
from embedingest.cluster.values import Part
from embedingest.ingest.run.resources import Resources
from tests.cluster.threads import Dies, run_clustered
from tests.depth import some
from tests.ingest.world import World
from tests.waiting import rest


def written(world: World, chance: random.Random) -> int:
    """Documents that share most of their texts, each a chunk of its own, so that parts wait for each other."""
    shared = [f"the same {'end ' * 25} {number}" for number in range(chance.randint(1, 6))]
    count = chance.randint(12, 40)
    for number in range(count):
        texts = chance.sample(shared, chance.randint(0, min(2, len(shared)))) or [f"of its own {number}"]
        world.write(f"{number}.md", "\n\n".join(f"# Head\n\n{text}" for text in texts))
    return count


class Deaths:
    """Of nodes, before and after their part claims its texts, and with its outcome kept; none fells a single document."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self._parts: dict[int, Part] = {}
        self._ends: set[int] = set()  # those that are worked at to their end by a node that is dead then

    def befall(self, part: Part, attempt: int) -> None:
        with self._lock:
            self._parts[part.number] = part
            after = self._chance.random() < 0.5
            if after:
                self._ends.add(part.number)
            self._die(part, Dies(after=after))
            self._ends.discard(part.number)

    def claimed(self, number: int) -> None:
        with self._lock:
            if number in self._ends:
                return
            late = self._chance.random() < 0.7
            try:
                self._die(self._parts[number], Dies(outside=self._chance.random() < 0.5))
            except Dies as death:
                dies = death
            else:
                return
        if late:
            time.sleep(0.1)  # others come back meanwhile, and wait for what this part has claimed
        raise dies

    def _die(self, part: Part, death: Dies) -> None:
        harmless = len(part.files) > 1 or not part.again
        if harmless and self._chance.random() < 0.25:
            raise death


def settings(chance: random.Random, deaths: Deaths) -> dict[str, Any]:
    """How a run is cut into parts and commits, and what befalls its nodes."""
    return {
        "nodes": chance.choice([1, 2, 3, 3]), "befall": deaths.befall, "claimed": deaths.claimed, "far": True,
        "part_files": chance.randint(1, 8), "part_bytes": 10_000, "attempts": chance.choice([1, 1, 2]),
        "commit_parts": chance.choice([1, 3, 256]),
    }  # fmt: skip


@pytest.mark.parametrize("seed", some(range(30), 5, 11))
def test_every_document_has_an_outcome_and_the_table_is_that_of_one_process(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    world = World(tmp_path)
    count = written(world, chance)
    rest()
    report = run_clustered(world, **settings(chance, Deaths(chance)))
    assert (report.files.new, report.files.failed, report.exit_code) == (count, 0, 0)
    world.assert_like_fresh()
    assert run_clustered(world).files.unchanged == count


class Crash(BaseException):
    """The driver ends here."""


def edit(world: World, chance: random.Random) -> None:
    """Change, remove, copy and add some documents."""
    for path in [path for path in sorted(world.folder.glob("*.md")) if chance.random() < 0.2]:
        match chance.choice(["change", "remove", "copy"]):
            case "change":
                path.write_text(f"other words, {chance.random()}")
            case "remove":
                path.unlink()
            case "copy":
                path.with_name(f"copy of {path.name}").write_bytes(path.read_bytes())
    rest()


@pytest.mark.parametrize("seed", some(range(40), 1))
def test_drivers_that_die_too_and_folders_that_change_meanwhile_end_in_the_table_of_one_process(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(seed)
    world = World(tmp_path)
    written(world, chance)
    rest()
    commit_parts, record = commits.commit_parts, Resources.record
    crashes: list[str] = []

    def crash(where: str) -> None:
        if len(crashes) < 4 and chance.random() < 0.3:
            crashes.append(where)
            raise Crash

    def commit(*args: Any, **how: Any) -> int:
        crash("before the commit")
        version = commit_parts(*args, **how)
        crash("after the commit")
        return version

    def recorded(self: Resources, states: Any) -> None:
        crash("before the journal")
        record(self, states)

    monkeypatch.setattr(commits, "commit_parts", commit)
    monkeypatch.setattr(Resources, "record", recorded)
    for _ in range(3):
        with suppress(Crash):
            run_clustered(world, **settings(chance, Deaths(chance)))
        if chance.random() < 0.5:
            edit(world, chance)
    monkeypatch.undo()
    report = run_clustered(world, **settings(chance, Deaths(chance)))
    assert (report.files.failed, report.exit_code) == (0, 0), crashes
    world.assert_like_fresh()
