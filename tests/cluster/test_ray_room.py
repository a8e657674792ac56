"""Whether the machines of a Ray cluster can hold what nodes ask for: nothing here needs Ray."""

from __future__ import annotations

import pytest

from embedingest.cluster.ray_room import demand, machines, room, unmet
from embedingest.config import RunConfig

GIB = 2**30
SMALL = {"CPU": 4.0, "memory": 8.0 * GIB}
CARD = {"CPU": 2.0, "GPU": 2.0, "memory": 4.0 * GIB}


@pytest.mark.parametrize(
    ("asked", "places"),
    [
        ({}, 6),
        ({"cpus": 1.5}, 3),
        ({"gpus": 1}, 2),
        ({"gpus": 0.5}, 2),  # a core each
        ({"gpus": 0.5, "cpus": 0.5}, 4),
        ({"memory_mib": 3072}, 3),
        ({"gpus": 4}, 0),  # not one half on each machine
    ],
)
def test_a_node_has_its_place_on_one_machine(asked, places):
    assert room(demand(RunConfig(on="ray", **asked)), [SMALL, CARD]) == places


def test_machines_that_are_gone_hold_nothing():
    nodes = [{"Alive": True, "Resources": SMALL}, {"Alive": False, "Resources": CARD}]
    assert machines(nodes) == [SMALL]
    assert room(demand(RunConfig(on="ray", gpus=1)), machines(nodes)) == 0


@pytest.mark.parametrize(
    ("asked", "there", "said"),
    [
        ({"gpus": 1}, [SMALL, SMALL], "asks for gpus: 1, and the largest machine of the Ray cluster (2) has gpus: 0"),
        (
            {"memory_mib": 16384},
            [SMALL],
            "asks for memory_mib: 16384, and the largest machine of the Ray cluster (1) has ",
        ),
        ({"gpus": 4, "cpus": 8}, [SMALL, CARD], "asks for cpus: 8, gpus: 4, and the largest"),
        (
            {"gpus": 1, "cpus": 4},
            [SMALL, CARD],
            "asks for cpus: 4, gpus: 1, and no machine of the Ray cluster (2) has all",
        ),
        ({}, [], "(0) has cpus: 0"),
    ],
)
def test_what_no_machine_has_enough_of_is_named(asked, there, said):
    told = unmet(demand(RunConfig(on="ray", **asked)), there)
    assert said in told
