"""Clocks jump, tick coarsely, and lie; what a file holds is noticed all the same."""

from __future__ import annotations

import os
import time

import pytest

from tests.depth import much, only_deep

ROUNDS = much(6, 20)


def test_an_edit_with_the_old_times_put_back_is_noticed(world):
    path = world.write("a.md", "one version of it")
    world.run()
    reference = world.base / "reference"
    reference.touch()
    os.utime(reference, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    path.write_text("two version of it")
    os.utime(path, ns=(reference.stat().st_atime_ns, reference.stat().st_mtime_ns))
    assert world.run().files.changed == 1
    world.assert_like_fresh()


@pytest.mark.deep
def test_an_edit_within_the_clocks_grain_is_noticed(world):
    """The second write falls into the tick of the first, so that size and times are what the journal has."""
    path = world.write("a.md", "first")
    world.run()
    facts = path.stat()
    noticed = 0
    for number in range(ROUNDS):
        path.write_text(f"text{number % 10}")
        world.run()
        path.write_text(f"TEXT{number % 10}")
        noticed += world.run().files.changed
    assert noticed == ROUNDS
    assert path.stat().st_ino == facts.st_ino
    world.assert_like_fresh()


def test_files_from_the_future_and_from_before_the_epoch_are_files(world):
    for name, seconds in (("future.md", time.time() + 10**8), ("past.md", -(10**8)), ("far.md", 2**33)):
        os.utime(world.write(name, f"the file {name}"), (seconds, seconds))
    world.run()
    assert world.run().files.unchanged == 15
    (world.folder / "future.md").write_text("now")
    assert world.run().files.changed == 1
    world.assert_like_fresh()


@only_deep
def test_a_clock_that_jumps_back_by_years_stops_no_retry(world):
    """Due times lie in the future of the old clock; the next change, or a person, is heard all the same."""
    path = world.write("a.md", "words")
    world.now = 2_000_000_000.0
    world.run()
    world.now = 1_000_000_000.0
    path.write_text("other words")
    assert world.run().files.changed == 1
    world.now = 3_000_000_000.0
    path.write_text("more words")
    assert world.run().files.changed == 1
    world.assert_like_fresh()
