"""A glance at the journal: what is told of it, and that it is read again only where it has changed."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from embedingest.ingest.audit.glance import MOST_NAMED, Glances, name_of_waiting
from embedingest.ingest.state.journal import FileState, Journal
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with closing(Journal(tmp_path / "journal.sqlite")) as made:
        yield made


@pytest.fixture
def glances(journal: Journal) -> Glances:
    return Glances(journal.path)


def failed(source: str, code: str, error: str) -> FileState:
    return FileState(source, "docs", 1, 2, 3, 4, 1, "failed", kind="permanent", code=code, error=error)


def test_files_that_wait_for_a_package_are_counted_by_it(journal: Journal, glances: Glances) -> None:
    journal.record([
        failed("docs/a.pdf", "missing_extra", "docs/a.pdf needs `pypdfium2`, which is not installed (no such module)"),
        failed("docs/b.pdf", "missing_extra", "docs/b.pdf needs `pypdfium2`, which is not installed (no such module)"),
        failed("docs/c.msg", "missing_extra", "docs/c.msg needs `olefile`, which is not installed (no such module)"),
        failed("docs/d.pdf", "corrupt", "docs/d.pdf needs `nothing`"),
    ])  # fmt: skip
    assert glances.glance().extras == {"pypdfium2": 2, "olefile": 1}


def test_many_failures_and_deletions_are_counted_and_the_first_named(journal: Journal, glances: Glances) -> None:
    sources = [f"docs/f{number:04}.md" for number in range(3 * MOST_NAMED)]
    journal.record([failed(source, "corrupt", f"{source} is damaged") for source in sources])
    journal.set_pending(sources, 1.0)
    glance = glances.glance()
    assert [one["source"] for one in glance.failures] == sources[:MOST_NAMED]
    assert (glance.pending, glance.pending_count) == (tuple(sources[:MOST_NAMED]), len(sources))
    assert glance.files == {"failed": len(sources)}
    assert glance.pending_name == name_of_waiting(reversed(sources)) != name_of_waiting(sources[1:])
    assert glances.waiting() == sources


def test_no_two_sets_of_deletions_have_one_name() -> None:
    assert name_of_waiting(["ab", "c"]) != name_of_waiting(["a", "bc"])
    assert name_of_waiting(["caf\udce9"]) != name_of_waiting(["caf"])


def test_it_is_read_again_once_it_has_changed_and_not_before(journal: Journal, glances: Glances) -> None:
    journal.record([failed("docs/a.md", "corrupt", "docs/a.md is damaged")])

    def at_rest() -> bool:
        looks = glances.looks
        for _ in range(100):
            glances.glance()
        return glances.looks == looks

    until(at_rest, "rest")
    journal.record([failed("docs/b.md", "corrupt", "docs/b.md is damaged")])
    until(lambda: glances.glance().files == {"failed": 2}, "the change")


def test_there_may_be_no_journal_yet(tmp_path: Path) -> None:
    glances = Glances(tmp_path / "nowhere" / "journal.sqlite")
    assert (glances.glance().files, glances.glance().fault, glances.waiting()) == ({}, None, [])
