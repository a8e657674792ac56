"""What became of a root is told at the next check, and sweeps come at their interval."""

from __future__ import annotations

import pytest

from embedingest.ingest.watch.presence import Presence


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def presence_of(root):
    return Presence(str(root), missing_seconds=5.0, sweep_seconds=300.0)


def test_a_root_appears_stays_goes_and_appears_again(root):
    presence = presence_of(root)
    assert presence.check(100.0) == "appeared"
    presence.swept(100.0)
    assert presence.check(101.0) == "same"
    root.rename(root.with_name("away"))
    assert presence.check(102.0) == "gone"
    assert presence.check(107.0) == "same"
    root.with_name("away").rename(root)
    assert presence.check(112.0) == "appeared"


def test_another_folder_in_its_place_is_noticed(root):
    presence = presence_of(root)
    presence.check(100.0)
    root.rename(root.with_name("away"))
    root.mkdir()
    assert presence.check(101.0) == "replaced"


def test_a_file_that_every_save_replaces_stays_the_same_root(root):
    file = root / "a.md"
    file.write_text("one")
    presence = presence_of(file)
    assert presence.check(100.0) == "appeared"
    presence.swept(100.0)
    (root / "aside").write_text("two")
    (root / "aside").rename(file)
    assert presence.check(101.0) == "same"


@pytest.mark.parametrize(("seconds", "interval"), [(0.001, 300), (0.15, 300), (0.6, 1200), (60, 3600)])
def test_sweeps_keep_to_their_share_of_a_processor_where_nobody_said_how_often(root, seconds, interval):
    presence = Presence(str(root), missing_seconds=5.0)
    presence.check(100.0)
    presence.swept(100.0)
    presence.looked(seconds)
    assert presence.check(100.0 + interval - 1) == "same"
    assert presence.check(100.0 + interval) == "sweep"
    presence.swept(100.0 + interval)
    assert presence.check(100.0 + 2 * interval - 1) == "same"
    assert presence.check(100.0 + 2 * interval) == "sweep"


def test_an_interval_that_was_set_is_kept_however_long_a_look_takes(root):
    presence = presence_of(root)
    presence.check(100.0)
    presence.swept(100.0)
    presence.looked(60.0)
    assert presence.check(400.0) == "sweep"


def test_a_sweep_is_due_at_its_interval_and_never_of_a_missing_root(root):
    presence = presence_of(root)
    presence.check(100.0)
    presence.swept(100.0)
    assert presence.check(399.0) == "same"
    assert presence.check(400.0) == "sweep"
    presence.swept(400.0)
    assert presence.check(401.0) == "same"
    root.rmdir()
    assert presence.check(800.0) == "gone"
    assert presence.check(805.0) == "same"


def test_a_missing_root_is_looked_for_at_the_pace_of_polling(root):
    presence = presence_of(root)
    presence.check(100.0)
    assert presence.due == 101.0
    root.rmdir()
    presence.check(101.0)
    assert presence.due == 106.0
