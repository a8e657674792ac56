"""Who saved last goes first, no file is under way twice, and no save is lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.run.file_queue import LEAST_URGENT, MOST_URGENT, FileQueue
from embedingest.ingest.run.survey import Candidate
from tests.ingest.run.values import candidate

files = st.builds(candidate, st.sampled_from("abcd"), mtime_ns=st.integers(0, 5), urgent=st.booleans())
steps = st.lists(st.one_of(files, st.just("take"), st.just("done")), max_size=40)


class Play:
    """A queue that is used at random, as a walk does: files come, are taken, and end in any order."""

    def __init__(self) -> None:
        self.queue = FileQueue()
        self.under_way: list[Candidate] = []
        self.unread: set[str] = set()

    def step(self, step: Candidate | str) -> None:
        if isinstance(step, Candidate):
            overtaken = self.queue.add([step])
            busy = step.source in {file.source for file in self.under_way}
            assert overtaken == ([step.source] if busy and step.urgent else [])
            self.unread.add(step.source)
        elif step == "take" and self.queue.waiting:
            file = self.queue.take()
            if file is not None:
                assert file.source not in {other.source for other in self.under_way}
                self.under_way.append(file)
                self.unread.discard(file.source)
        elif step == "done" and self.under_way:
            self.queue.done(self.under_way.pop(0))


@given(steps)
def test_every_save_is_read_after_it_and_all_counts_come_out_even(steps: list[Candidate | str]) -> None:
    play = Play()
    for step in steps:
        play.step(step)
        assert play.queue.urgent >= 0
        assert play.queue.finished <= play.queue.total
    while play.queue.waiting or play.under_way:
        play.step("take" if play.queue.waiting else "done")
    assert not play.unread
    assert play.queue.urgent == 0
    assert play.queue.finished == play.queue.total


@given(st.lists(files, unique_by=lambda file: file.source))
def test_urgent_files_go_first_and_then_those_that_changed_last(files: list[Candidate]) -> None:
    queue = FileQueue()
    queue.add(files)
    assert queue.urgent == sum(file.urgent for file in files)
    order = []
    while queue.waiting:
        expected = queue.next_is_urgent
        file = queue.take()
        assert file is not None
        assert file.urgent == expected
        order.append(file)
    assert order == sorted(files, key=lambda file: (not file.urgent, -file.file.facts.mtime_ns))
    assert not queue.next_is_urgent


@given(st.integers(0, 3 * MOST_URGENT), st.lists(st.integers(0, 9), max_size=3 * MOST_URGENT))
def test_only_so_many_files_are_urgent_and_they_are_the_newest(busy: int, times: list[int]) -> None:
    queue = FileQueue()
    queue.add(candidate(f"busy{number}", urgent=True) for number in range(busy))
    files = [candidate(str(number), mtime_ns=mtime_ns) for number, mtime_ns in enumerate(times)]
    ranked = queue.with_urgency(files)
    assert [file._replace(urgent=False) for file in ranked] == files
    urgent = [file.file.facts.mtime_ns for file in ranked if file.urgent]
    others = [file.file.facts.mtime_ns for file in ranked if not file.urgent]
    assert len(urgent) == min(len(files), max(LEAST_URGENT, MOST_URGENT - busy))
    assert not others or not urgent or max(others) <= min(urgent)


def test_a_file_saved_while_it_is_under_way_waits_again_once_that_is_over() -> None:
    queue = FileQueue()
    queue.add([candidate("a")])
    first = queue.take()
    assert first is not None
    assert queue.add([candidate("a", mtime_ns=1)]) == []
    assert queue.add([candidate("a", mtime_ns=2, urgent=True)]) == ["docs/a"]
    assert queue.waiting == 0
    queue.done(first)
    assert queue.take() == candidate("a", mtime_ns=2, urgent=True)
    assert queue.waiting == 0


def test_files_that_may_have_moved_go_before_the_backlog_and_after_urgent_ones() -> None:
    queue = FileQueue()
    queue.add([candidate("newest", mtime_ns=9), candidate("twin", mtime_ns=1, size=77)])
    queue.prefer([77, 78])
    queue.add([candidate("urgent", urgent=True), candidate("later twin", mtime_ns=2, size=78)])
    order = [file.source for file in (queue.take() for _ in range(4)) if file is not None]
    assert order == ["docs/urgent", "docs/later twin", "docs/twin", "docs/newest"]


@given(st.lists(st.one_of(files, st.just("take"), st.just("done")), max_size=40))
def test_a_size_is_held_as_long_as_a_file_of_it_is_not_done_with(steps: list[Candidate | str]) -> None:
    play = Play()
    for step in steps:
        resized = step
        if isinstance(step, Candidate):
            resized = candidate(step.source[-1], size=ord(step.source[-1]), urgent=step.urgent)
        play.step(resized)
        busy = {file.source for file in play.under_way} | play.unread
        assert all(play.queue.holds(ord(source[-1])) for source in busy)
    while play.queue.waiting or play.under_way:
        play.step("take")
        play.step("done")
    assert not any(play.queue.holds(ord(name)) for name in "abcd")
