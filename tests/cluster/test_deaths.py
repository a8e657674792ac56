"""Whatever nodes die of, and at whichever moment: every document has an outcome, and the table is that of one process."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pytest

from embedingest.cluster.values import Part
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


@pytest.mark.parametrize("seed", some(range(30), 5, 11))
def test_every_document_has_an_outcome_and_the_table_is_that_of_one_process(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    world = World(tmp_path)
    count = written(world, chance)
    rest()
    deaths = Deaths(chance)
    report = run_clustered(
        world, nodes=chance.choice([1, 2, 3, 3]), befall=deaths.befall, claimed=deaths.claimed, far=True,
        part_files=chance.randint(1, 8), part_bytes=10_000, attempts=chance.choice([1, 1, 2]),
        commit_parts=chance.choice([1, 3, 256]),
    )  # fmt: skip
    assert (report.files.new, report.files.failed, report.exit_code) == (count, 0, 0)
    world.assert_like_fresh()
    assert run_clustered(world).files.unchanged == count
