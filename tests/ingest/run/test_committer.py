"""Ready files are written together: at once where one is urgent, else with enough rows or after some seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from embedingest.ingest.report import IngestReport
from embedingest.ingest.run import committer as committer_module
from embedingest.ingest.run.committer import (
    COMMIT_CHARACTERS,
    COMMIT_ROWS,
    COMMIT_SECONDS,
    MOST_NOTICED,
    Committer,
)
from embedingest.ingest.run.planner import PlannedFile, Planner
from embedingest.ingest.run.resources import Resources
from embedingest.ingest.state.table_facts import noted_facts
from tests.ingest.run.values import INFO, RECIPE, candidate, read
from tests.ingest.world import World


@pytest.fixture
def resources(tmp_path: Path) -> Iterator[Resources]:
    with World(tmp_path).resources() as resources:
        yield resources


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def ready(name: str, texts: list[str], *, urgent: bool = False) -> PlannedFile:
    """A file that the table does not have, with a vector for each of its texts."""
    planner = Planner(RECIPE, lambda _: {}, now=lambda: 0.0)
    (file,) = planner.plan([read(candidate(name, urgent=urgent), texts)])
    vector = np.full(INFO.dimensions, INFO.dimensions**-0.5, np.float32)
    file.use_known({row.text_hash: vector for row in file.difference.new}, RECIPE)
    return file


def test_a_commit_writes_table_journal_and_report(resources: Resources) -> None:
    report = IngestReport()
    committer = Committer(resources, report)
    assert committer.commit() == []
    files = [ready("a", ["one", "two"]), ready("b", []), ready("c", ["one"])]
    for file in files:
        committer.add(file)
    assert committer.commit() == files
    assert {source: state.rows for source, state in resources.table().source_states().items()} == {
        "docs/a": 2,
        "docs/c": 1,
    }
    assert [state.source for state in resources.journal.files(state="done")] == ["docs/a", "docs/c"]
    assert noted_facts(resources.journal, resources.token()) == resources.table().facts()  # for `status` in the midst
    assert (report.files.new, report.files.empty, report.chunks.new) == (2, 1, 3)
    assert committer.noticed == {"docs/b"}, "a file without text is noticed"
    assert committer.commit() == []


def test_a_few_large_rows_are_due_as_many_small_ones_are(resources: Resources) -> None:
    committer = Committer(resources, IngestReport(), clock=Clock())
    half = COMMIT_CHARACTERS // 2
    committer.add(ready("a", ["x" * (half - 1000)]))
    assert not committer.due
    committer.add(ready("b", ["y" * half, "z" * 1000]))
    assert committer.due
    committer.commit()
    committer.add(ready("c", ["x"]))
    assert not committer.due, "what was written counts no longer"


def test_what_is_urgent_is_due_at_once_and_the_backlog_after_some_seconds(resources: Resources) -> None:
    clock = Clock()
    committer = Committer(resources, IngestReport(), clock=clock)
    assert not committer.due
    clock.now = 100.0
    committer.add(ready("a", ["one"]))
    assert not committer.due
    clock.now += COMMIT_SECONDS / 2
    committer.add(ready("b", ["two"]))
    assert not committer.due
    clock.now += COMMIT_SECONDS / 2
    assert committer.due, "the oldest counts"
    committer.commit()
    assert not committer.due
    committer.add(ready("c", ["three"], urgent=True))
    assert committer.due


def test_many_rows_are_due_at_once(resources: Resources) -> None:
    committer = Committer(resources, IngestReport(), clock=Clock())
    committer.add(ready("a", [f"text {number}" for number in range(COMMIT_ROWS - 2)]))
    assert not committer.due
    committer.add(ready("b", []))
    assert committer.due, "a file counts as a row: a thousand empty ones are written too"


@pytest.mark.parametrize(("urgent", "commits"), [(False, 4), (True, 16)])
def test_the_table_is_tended_after_some_commits_and_later_while_somebody_waits(
    resources: Resources, urgent: bool, commits: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer_module, "MAINTAIN_COMMITS", 4)
    report = IngestReport()
    committer = Committer(resources, report)
    for number in range(commits):
        committer.maintain_when_due(urgent=urgent)
        assert "maintain" not in report.seconds
        committer.add(ready(str(number), ["one"]))
        committer.commit()
    committer.maintain_when_due(urgent=urgent)
    assert "maintain" in report.seconds


def test_only_so_many_files_with_notices_are_named(resources: Resources) -> None:
    committer = Committer(resources, IngestReport())
    for number in range(MOST_NOTICED + 5):
        committer.add(ready(str(number), []))
    committer.commit()
    assert len(committer.noticed) == MOST_NOTICED + 1
