"""A file is read once it rests, and at the latest after the bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.scan.files import FileFacts
from embedingest.ingest.watch.settle import Settler, is_young


def facts(size, mtime=0):
    return FileFacts(size, mtime, mtime, 1, 1, 0o100644)


class Disk(dict):
    def look(self, key):
        return self.get(key)


def test_a_file_that_rests_is_due_after_the_settle_time():
    settler, disk = Settler(0.3, 30), Disk(a=facts(1))
    settler.note("a", disk["a"], 100.0)
    assert settler.due(100.29, disk.look) == []
    assert settler.next_due() == pytest.approx(100.3)
    assert settler.due(100.31, disk.look) == ["a"]
    assert settler.due(200.0, disk.look) == []
    assert settler.next_due() is None


def test_a_file_that_grew_without_an_event_waits_again():
    settler, disk = Settler(0.3, 30), Disk(a=facts(1))
    settler.note("a", disk["a"], 100.0)
    disk["a"] = facts(2)
    assert settler.due(100.4, disk.look) == []
    assert settler.due(100.71, disk.look) == ["a"]


def test_every_event_begins_the_rest_anew():
    settler, disk = Settler(0.3, 30), Disk(a=facts(1))
    settler.note("a", disk["a"], 100.0)
    settler.note("a", disk["a"], 100.2)
    assert settler.due(100.4, disk.look) == []
    assert settler.due(100.51, disk.look) == ["a"]


def test_a_file_appended_to_for_minutes_is_read_at_the_bound_and_again_after():
    settler, disk = Settler(0.3, 30), Disk()
    read, now = [], 0.0
    while now < 120:
        disk["log"] = facts(int(now * 10))
        settler.note("log", disk["log"], now)
        read += [now for _ in settler.due(now, disk.look)]
        now += 0.1
    assert read == pytest.approx([30.0, 60.1, 90.2], abs=0.2)


def test_what_went_away_meanwhile_is_given_out_too():
    settler, disk = Settler(0.3, 30), Disk()
    settler.note("a", facts(1), 100.0)
    assert settler.due(101, disk.look) == ["a"]


def test_rest_counts_from_the_last_touch_not_from_when_it_was_noticed():
    settler, disk = Settler(0.3, 30), Disk(a=facts(1))
    settler.note("a", disk["a"], 100.0, age=0.1)
    assert settler.next_due() == pytest.approx(100.2)
    settler.note("old", facts(1), 100.0, age=1e6)
    settler.note("future", facts(1), 100.0, age=-50.0)
    assert settler.due(100.25, disk.look) == ["a"]
    assert len(settler) == 2


NOW_NS = 10**18


@given(st.integers(0, 10**10))
def test_a_file_is_young_until_its_content_is_as_old_as_the_settle_time(age_ns):
    assert is_young(facts(1, NOW_NS - age_ns), NOW_NS, 0.3) == (age_ns < 300_000_000)


def test_a_time_in_the_future_is_not_young():
    assert not is_young(facts(1, NOW_NS + 1), NOW_NS, 0.3)
    assert not is_young(facts(1, NOW_NS + 10**15), NOW_NS, 0.3)


def test_a_rename_or_new_permissions_do_not_make_a_file_young():
    renamed = facts(1, NOW_NS - 10**10)._replace(ctime_ns=NOW_NS)
    assert not is_young(renamed, NOW_NS, 0.3)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 0.5)), max_size=40))
def test_nothing_noted_is_ever_lost_and_nothing_waits_past_the_bound(events):
    settler, disk, now, first = Settler(0.3, 1.0), Disk(a=facts(1), b=facts(1), c=facts(1)), 0.0, {}
    for key, pause in events:
        settler.note(key, disk[key], now)
        first.setdefault(key, now)
        now += pause
        for done in settler.due(now, disk.look):
            del first[done]
        assert all(now - since < 1.0 + 1e-9 for since in first.values())
    assert set(settler.due(now + 1.0, disk.look)) == set(first)
    assert len(settler) == 0
