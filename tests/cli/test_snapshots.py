"""`tag`, `restore`, `search --at`: going back, and forward again."""

from __future__ import annotations


def sources(chair, *args):
    return [
        hit["text"] for hit in chair.run("search", "animals", "--model", "hashing", "--json", *args).json["results"]
    ]


def test_a_snapshot_is_searched_restored_and_left_again(chair):
    chair.write("docs/a.md", "penguins are animals")
    assert chair.ingest().code == 0
    assert chair.run("tag", "v1").code == 0
    chair.write("docs/a.md", "lions are animals")
    assert chair.ingest().code == 0
    assert sources(chair) == ["lions are animals"]
    assert sources(chair, "--at", "v1") == ["penguins are animals"]
    assert [one["name"] for one in chair.run("tag", "--json").json] == ["v1"]
    assert chair.run("restore", "v1").code == 0
    assert sources(chair) == ["penguins are animals"]
    # The folder is newer than what was restored; going on brings it back, and embeds nothing twice.
    resumed = chair.run("restore", "--resume", "--json")
    assert (resumed.code, resumed.json["embedded"]["texts"]) == (0, 0)
    assert sources(chair) == ["lions are animals"]
    assert chair.run("tag", "v1", "--drop").code == 0
    assert chair.run("tag", "--json").json == []


def test_an_unknown_snapshot_names_the_known_ones(chair):
    chair.write("docs/a.md", "penguins are animals")
    chair.ingest()
    chair.run("tag", "v1")
    ran = chair.run("restore", "v2")
    assert ran.code == 3
    assert "known snapshots: v1" in ran.err


def test_restore_needs_a_name_or_resume(chair):
    assert chair.run("restore").code == 2
    assert chair.run("tag", "--drop").code == 2
