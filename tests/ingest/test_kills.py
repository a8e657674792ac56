"""The process is killed in the middle of its runs; afterwards nothing is lost and nothing is doubled."""

from __future__ import annotations

import multiprocessing
import random
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.depth import much
from tests.ingest.fresh import expected
from tests.ingest.world import World

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

pytestmark = [pytest.mark.slow, pytest.mark.deep]

KILLS = much(8, 24)

# Imported once, in the process that the children are forked from. Not LanceDB itself: it starts threads, which a
# fork does not take along.
PRELOADED = ["tests.ingest.test_kills", "pandas", "pyarrow.dataset", "lance_namespace"]


def run_once(base: Path, mine: Connection) -> None:
    """What a child does: say that it is ready, and run when it is told to."""
    world = World(base)
    import lancedb  # noqa: F401 -- before it says that it is ready

    mine.send("ready")
    mine.recv()
    world.run()


class Child:
    """A process of its own that is about to run over the folder."""

    def __init__(self, context: Any, base: Path) -> None:
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=run_once, args=(base, theirs))
        self.process.start()
        theirs.close()

    def go(self) -> None:
        assert self.pipe.recv() == "ready"
        self.pipe.send("go")

    def kill(self) -> bool:
        """Whether it was still alive."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        return bool(self.process.exitcode == -signal.SIGKILL)


def change_at_random(world: World, chance: random.Random, step: int) -> None:
    for number in range(chance.randrange(3, 12)):
        path = world.folder / f"{chance.choice('abcd')}" / f"{chance.randrange(12)}.md"
        what = chance.random()
        if what < 0.2 and path.exists():
            path.unlink()
        elif what < 0.4 and path.exists():
            path.rename(path.with_name(f"moved-{step}-{number}.md"))
        else:
            words = [f"Paragraph {chance.randrange(40)} says what it says in some words." for _ in range(30)]
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n\n".join(words))


def test_real_kills_leave_nothing_lost_and_nothing_doubled(tmp_path: Path) -> None:
    world, chance = World(tmp_path), random.Random(7)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    change_at_random(world, chance, 0)
    killed = 0
    children = [Child(context, tmp_path), Child(context, tmp_path)]
    try:
        for step in range(1, KILLS + 1):
            change_at_random(world, chance, step)
            child = children.pop(0)
            child.go()
            time.sleep(chance.random() * 0.12)
            killed += child.kill()
            children.append(Child(context, tmp_path))
            if step % 4 == 0:
                # The lock is free again, and one run puts everything right.
                world.run(allow_deletes=True)
                assert world.contents() == expected(world)
    finally:
        for child in children:
            child.kill()
    assert killed >= KILLS * 3 // 4
    world.run(allow_deletes=True)
    assert world.contents() == expected(world)
    world.assert_like_fresh()
    assert world.run().embedded.texts == 0
