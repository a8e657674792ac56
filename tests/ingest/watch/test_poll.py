"""Looking again finds what differs from the last look, and nothing else."""

from __future__ import annotations

import pytest

from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.watch.poll import Poller


@pytest.fixture
def root(tmp_path):
    for relative in ("a.md", "sub/b.md"):
        (tmp_path / relative).parent.mkdir(exist_ok=True)
        (tmp_path / relative).write_text("text")
    return tmp_path


def changes(poller):
    polled = poller.poll()
    return sorted(relative for relative, _ in polled.changed), sorted(polled.folders)


def test_the_first_look_finds_everything_and_the_second_nothing(root):
    poller = Poller(Scanner(root))
    assert changes(poller) == (["a.md", "sub/b.md"], [])
    assert changes(poller) == ([], [])


def test_an_edit_a_new_file_and_a_deletion(root):
    poller = Poller(Scanner(root))
    poller.poll()
    (root / "a.md").write_text("longer text")
    (root / "new.md").write_text("text")
    (root / "sub/b.md").unlink()
    assert changes(poller) == (["a.md", "new.md"], ["sub/b.md"])


def test_a_folder_that_cannot_be_read_any_more_is_named_once_and_what_lay_below_still_counts(root):
    (root / "sub/.gitignore").write_text("*.log")
    poller = Poller(Scanner(root))
    poller.poll()
    (root / "sub/.gitignore").write_text("x\n" * 30_000)  # more rules than are read, and so nothing below is taken
    assert changes(poller) == ([], ["sub"])
    assert changes(poller) == ([], [])
    (root / "sub/.gitignore").unlink()
    assert changes(poller) == ([], ["sub"])


class Disturbed(Scanner):
    """A scanner during whose next scan something is done, once its first folder was listed."""

    deed = None

    def listings(self, below="", *, files=True):
        for listing in super().listings(below, files=files):
            yield listing
            deed, self.deed = self.deed, None
            if deed is not None:
                deed()


def test_a_look_in_the_middle_of_a_move_finds_both_ends(root):
    scanner = Disturbed(root)
    poller = Poller(scanner)
    poller.poll()
    scanner.deed = lambda: (root / "sub/b.md").rename(root / "b.md")
    assert changes(poller) == (["b.md"], ["sub/b.md"])


def test_what_goes_between_two_looks_of_one_call_is_said_by_the_next(root):
    scanner = Disturbed(root)
    poller = Poller(scanner)
    poller.poll()
    (root / "sub/b.md").unlink()
    scanner.deed = (root / "a.md").unlink
    said = [changes(poller)[1], changes(poller)[1]]
    assert said == [["sub/b.md"], ["a.md"]]
    assert changes(poller) == ([], [])
