"""What went together goes together, once none of it can still be found under another name."""

from __future__ import annotations

from embedingest.ingest.run.departures import Departures
from tests.ingest.run.values import ROOT


def nothing(size: int) -> bool:
    return False


def test_a_group_waits_for_a_file_of_one_of_its_sizes_and_others_do_not_wait_for_it() -> None:
    departures = Departures()
    departures.add(ROOT, ["docs/a", "docs/b"], {"docs/a": 10, "docs/b": 20}, early=True)
    departures.add(ROOT, ["docs/c"], {"docs/c": 30}, early=True)
    assert departures.ready(lambda size: size == 20) == {"docs/c": ROOT}
    assert departures.ready(nothing) == {"docs/a": ROOT, "docs/b": ROOT}
    assert (departures.ready(nothing), departures.rest()) == ({}, {})


def test_what_came_back_is_not_taken_out() -> None:
    departures = Departures()
    departures.add(ROOT, ["docs/a", "docs/b"], {}, early=True)
    departures.came_back(["docs/a", "docs/other"])
    assert "docs/a" not in departures
    assert departures.ready(nothing) == {"docs/b": ROOT}


def test_what_a_sweep_found_gone_waits_for_the_end() -> None:
    departures = Departures()
    departures.add(ROOT, ["docs/a"], {"docs/a": 10}, early=False)
    assert departures.ready(nothing) == {}
    assert departures.rest() == {"docs/a": ROOT}
