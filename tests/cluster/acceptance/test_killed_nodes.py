"""Nodes that are killed in the middle of a run cost nothing but their part, whichever and however often."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.cluster.acceptance.encoders import encoded
from tests.cluster.acceptance.places import SMALL, Place, counted, slow
from tests.cluster.acceptance.tables import differences
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KILLS = 10


def test_nodes_killed_ten_times_in_turn(
    on: str, alone: Callable[[int, str], Place], folder: Path, plugins: str
) -> None:
    chance = random.Random(5)
    first = alone(1_200, "counted")
    # No part is to be halved for kills of ours, and the run takes longer than they do.
    place = slow(counted(Place(folder / "many", first.docs, run={**SMALL, "attempts": KILLS}), plugins), seconds=0.01)
    running = place.start(on)
    killed = 0
    for kill in range(KILLS):
        done = len(place.results())
        until(lambda done=done: len(place.results()) > done or running.ended, "a part result")
        until(lambda: running.nodes() or running.ended, "a node")
        if not (nodes := running.nodes()):
            break
        nodes[(kill + chance.randrange(2)) % len(nodes)].kill()
        killed += 1
    ended = running.wait().done()
    assert killed >= KILLS // 2, f"the run ended after {killed} kills: it needs more documents"
    assert differences(first.rows(), place.rows()) == []
    assert ended.failures == {}
    assert not running.nodes()
    assert set(encoded(place.texts)) == set(encoded(first.texts))
    assert place.ingest(on).done().texts == 0


def test_a_driver_that_is_killed_takes_its_nodes_along(
    on: str, alone: Callable[[int, str], Place], folder: Path
) -> None:
    place = Place(folder / "many", alone(1_200, "counted").docs, run=SMALL)
    running = place.start(on)
    until(lambda: place.results() or running.ended, "a part result")
    nodes = running.nodes()
    assert nodes
    readers = [reader for node in nodes for reader in node.children(recursive=True)]
    running.kill()  # of Ray's own processes two look for their end a while
    ours = {process.pid for process in (*nodes, *readers)}
    until(lambda: not ours & {process.pid for process in running.family()}, "the end of what it started")
