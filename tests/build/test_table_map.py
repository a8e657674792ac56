"""The map of a table: drawn beside requests, kept while the table is as it was, and within what one may see."""

from __future__ import annotations

import math
import threading

import numpy as np
import pytest

import embedingest
from embedingest.build import table_map
from embedingest.build.table_map import TableMap
from embedingest.errors import ConfigError
from embedingest.store.table import open_table
from tests.server.client import get, post
from tests.server.keyed import bearer, made, write_files
from tests.store.doubles import DIMENSIONS, MODEL, adding, row
from tests.waiting import until


@pytest.fixture
def table(tmp_path):
    """An empty table of 8 dimensions."""
    facts = {"fingerprint": MODEL, "dimensions": DIMENSIONS, "create": True, "read_consistency_seconds": 0}
    with open_table(tmp_path / "db", "chunks", **facts) as opened:
        yield opened


def chunks(count, folder="docs", first=0):
    return [row(f"{folder}/{i}.md", text=f"word{i} word{i % 7} animal{i % 5}") for i in range(first, first + count)]


def drawn(of, within=None, newer_than=0):
    found = {}

    def is_drawn():
        found.clear()
        found.update(of.look(within))
        return found["state"] == "drawn" and not found["stale"] and found["map"] > newer_than

    until(is_drawn, "a map")
    return found


def test_asking_never_waits_and_the_map_comes_with_each_chunk_once(table):
    rows = chunks(40)
    table.commit(adding(*rows))
    of = TableMap(lambda: table)
    assert of.look(None) == {"state": "drawing"}
    found = drawn(of)
    points = found["points"]
    assert sorted(points["id"]) == sorted(r.id for r in rows)
    assert found["chunks"] == 40
    by_id = {r.id: r for r in rows}
    for i, key in enumerate(points["id"]):
        assert found["sources"][points["source"][i]][0] == by_id[key].source
        assert points["words"][i] == by_id[key].text
    assert all(len(values) == 40 for values in points.values())
    assert math.isclose(sum(points["x"]), 0, abs_tol=1e-2)


def test_a_map_is_kept_while_the_table_is_as_it_was_and_drawn_anew_after_a_commit(table):
    table.commit(adding(*chunks(30)))
    of = TableMap(lambda: table)
    first = drawn(of)
    assert [of.look(None)["map"] for _ in range(3)] == [first["map"]] * 3
    table.commit(adding(*chunks(3, first=30)))
    old = of.look(None)
    assert (old["map"], old["stale"]) == (first["map"], True)  # shown until the next is there
    second = drawn(of, newer_than=first["map"])
    assert second["chunks"] == 33
    # Who looks again finds everything about where it was.
    places = dict(zip(first["points"]["id"], zip(first["points"]["x"], first["points"]["y"], strict=True), strict=True))
    again = dict(
        zip(second["points"]["id"], zip(second["points"]["x"], second["points"]["y"], strict=True), strict=True)
    )
    moved = [math.dist(places[key], again[key]) for key in places]
    assert np.median(moved) < 0.2


def test_a_large_map_is_drawn_anew_once_a_fiftieth_changed_or_it_is_old(table, monkeypatch):
    monkeypatch.setattr(table_map, "_MOST_POINTS", 50)
    table.commit(adding(*chunks(400)))
    of = TableMap(lambda: table)
    first = drawn(of)
    assert len(first["points"]["id"]) == 50
    table.commit(adding(*chunks(4, first=400)))
    assert not of.look(None)["stale"]
    monkeypatch.setattr(table_map, "_OLD_SECONDS", 0.0)
    second = drawn(of, newer_than=first["map"]) if of.look(None)["stale"] else None
    assert second is not None
    monkeypatch.setattr(table_map, "_OLD_SECONDS", 600.0)
    table.commit(adding(*chunks(20, first=404)))
    assert of.look(None)["stale"]


def test_hits_that_are_not_on_the_map_have_their_place_in_its_plane(table, monkeypatch):
    monkeypatch.setattr(table_map, "_MOST_POINTS", 50)
    rows = chunks(400)
    table.commit(adding(*rows))
    of = TableMap(lambda: table)
    assert of.places([rows[0].id], None) == {"state": "drawing"}
    found = drawn(of)
    told = of.places([r.id for r in rows] + ["none"], None)
    assert told["map"] == found["map"]
    assert set(told["places"]) == {r.id for r in rows}
    for i, key in enumerate(found["points"]["id"]):
        np.testing.assert_allclose(told["places"][key], [found["points"]["x"][i], found["points"]["y"][i]], atol=1e-4)


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_table_and_a_single_chunk_are_drawn(table, count):
    if count:
        table.commit(adding(*chunks(count)))
    found = drawn(TableMap(lambda: table))
    assert (found["chunks"], found["shares"]) == (count, [0, 0])
    assert found["points"]["x"] == [0] * count


def test_chunks_of_one_vector_all_lie_in_one_place(table):
    rows = [row(f"docs/{i}.md", text="the same") for i in range(5)]
    table.commit(adding(*rows))
    points = drawn(TableMap(lambda: table))["points"]
    assert (points["x"], points["y"]) == ([0] * 5, [0] * 5)


def test_what_goes_wrong_is_told_once_and_tried_again(table):
    of = TableMap(lambda: table)
    of.look("nonsense")
    with pytest.raises(ConfigError):
        until(lambda: of.look("nonsense")["state"] == "drawn", "an error")
    table.commit(adding(*chunks(3)))
    assert drawn(of)["chunks"] == 3


def test_many_that_ask_at_once_have_one_map_drawn(table, monkeypatch):
    table.commit(adding(*chunks(60)))
    of = TableMap(lambda: table)
    asking = [threading.Thread(target=of.look, args=(None,)) for _ in range(12)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert drawn(of)["map"] == 1


def test_a_key_sees_on_the_map_what_its_filter_passes(tmp_path):
    place = {"db": tmp_path / "db", "state": tmp_path / "state"}
    embedingest.ingest(write_files(tmp_path), model="hashing", **place)
    key, settings = made("search", filter="source startswith 'docs/team-a/'")
    everything, all_of_it = made("search")
    with embedingest.serve(port=0, model="hashing", keys={"a": settings, "all": all_of_it}, **place) as server:

        def mapped(key):
            found = {}
            until(
                lambda: (
                    found.update(get(server.port, "/ui/data/map", **bearer(key)).json()) or found["state"] == "drawn"
                ),
                "a map",
            )
            return found

        ours, whole = mapped(key), mapped(everything)
        assert {source.rpartition("/")[0] for source, _ in ours["sources"]} == {"docs/team-a"}
        assert (ours["filtered"], "filtered" in whole) == (True, False)
        asked = {"ids": whole["points"]["id"]}
        told = post(server.port, "/ui/data/map", asked, **bearer(key)).json()
        assert set(told["places"]) == set(ours["points"]["id"])
        assert len(post(server.port, "/ui/data/map", asked, **bearer(everything)).json()["places"]) == whole["chunks"]
        for ids, status in ((["x" * 65], 400), ("x", 400), ([1], 400), (["x"] * 1001, 413), (["' or 1=1"], 200)):
            assert post(server.port, "/ui/data/map", {"ids": ids}, **bearer(everything)).status == status
