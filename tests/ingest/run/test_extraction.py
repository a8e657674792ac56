"""Workers have a bounded number of files at once, and every file that was started ends with one outcome."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from embedingest.engine.hashing import HashingSizer
from embedingest.errors import DocumentError
from embedingest.ingest.extract.extractor import Extracted, Job
from embedingest.ingest.run.extraction import MOST_BYTES, MOST_HELD, MOST_JOBS, Extraction, Outcome
from embedingest.ingest.run.survey import Candidate
from embedingest.ingest.scan.files import facts_at
from embedingest.ingest.scan.listing import FoundFile
from embedingest.ingest.scan.roots import Root
from embedingest.ingest.state.journal import FileState
from tests.ingest.run.values import RECIPE, candidate, extracted
from tests.ingest.world import InProcess


class Desk:
    """Workers that a test lets end one by one, and the outcomes that were posted."""

    def __init__(self) -> None:
        self.jobs: list[tuple[Job, bool, Future[Extracted]]] = []
        self.slow: dict[str, Any] = {}
        self.outcomes: list[Outcome] = []
        self.extraction = Extraction(lambda: self, self.outcomes.append)

    def submit(self, job: Job, *, urgent: bool = False, on_slow: Any = None) -> Future[Extracted]:
        future: Future[Extracted] = Future()
        self.jobs.append((job, urgent, future))
        self.slow[job.source] = on_slow
        return future

    def close(self) -> None: ...


def test_the_backlog_is_bounded_by_files_and_what_is_urgent_by_twice_as_many() -> None:
    desk = Desk()
    for number in range(MOST_JOBS):
        assert not desk.extraction.full(urgent=False)
        desk.extraction.start(candidate(str(number)), None)
    assert desk.extraction.full(urgent=False)
    for number in range(MOST_JOBS):
        assert not desk.extraction.full(urgent=True)
        desk.extraction.start(candidate(f"u{number}", urgent=True), None)
    assert desk.extraction.full(urgent=True)
    assert [urgent for _, urgent, _ in desk.jobs] == [False] * MOST_JOBS + [True] * MOST_JOBS


def test_the_backlog_is_bounded_by_bytes_and_has_room_again_once_outcomes_were_taken() -> None:
    desk = Desk()
    desk.extraction.start(candidate("a", size=MOST_BYTES), None)
    assert desk.extraction.full(urgent=False)
    assert not desk.extraction.full(urgent=True)
    desk.jobs[0][2].cancel()
    assert desk.extraction.under_way == 1, "it is not taken yet"
    (outcome,) = desk.outcomes
    desk.extraction.ended(outcome)
    assert outcome == Outcome(candidate("a", size=MOST_BYTES), None, None)
    assert desk.extraction.under_way == 0
    assert not desk.extraction.full(urgent=False)


def test_a_slow_file_holds_back_no_other_and_what_it_gave_is_never_put_back() -> None:
    desk = Desk()
    large, urgent, other = candidate("a", size=MOST_BYTES), candidate("u", urgent=True), candidate("b")
    desk.extraction.start(large, None)
    desk.extraction.start(urgent, None)
    assert desk.extraction.full(urgent=False)
    for file in (large, urgent):
        desk.slow[file.source]()
    assert not desk.extraction.full(urgent=False)
    assert (desk.extraction.under_way, desk.extraction.slow_urgent) == (2, 1)
    desk.extraction.start(other, None)
    for file, (_, _, future) in zip((large, urgent, other), desk.jobs, strict=True):
        future.set_result(replace(extracted(file, ["text"]), weight=MOST_HELD))
    assert [outcome.put_back for outcome in desk.outcomes] == [False, False, True]
    for outcome in desk.outcomes:
        desk.extraction.ended(outcome)
    assert (desk.extraction.under_way, desk.extraction.slow_urgent, desk.extraction.bytes_under_way) == (0, 0, 0)


def test_what_workers_gave_is_held_until_it_is_stored_and_what_is_too_much_is_put_back() -> None:
    desk = Desk()
    weights = {"a": MOST_HELD - 1, "b": 5 * MOST_HELD, "c": 1, "u": MOST_HELD}
    files = {name: candidate(name, urgent=name == "u") for name in weights}
    for name, file in files.items():
        desk.extraction.start(file, None)
        desk.jobs[-1][2].set_result(replace(extracted(file, [name]), weight=weights[name]))
    assert [outcome.put_back for outcome in desk.outcomes] == [False, False, True, False], "an urgent one never is"
    assert [outcome.result is None for outcome in desk.outcomes] == [False, False, True, False]
    for outcome in desk.outcomes:
        desk.extraction.ended(outcome)
    for name in ("a", "b", "u"):
        assert desk.extraction.full(urgent=False), name
        assert not desk.extraction.full(urgent=True)
        desk.extraction.stored(files[name].source)
    assert not desk.extraction.full(urgent=False)
    desk.extraction.start(files["b"], None)
    assert desk.extraction.full(urgent=False), "files that grow so much come one by one for a while"


def test_what_an_archive_grew_by_holds_back_archives_and_no_notes() -> None:
    desk = Desk()
    bomb, archive, notes = candidate("a.ZIP"), candidate("b.zip"), [candidate(f"{name}.md") for name in "cde"]
    desk.extraction.start(bomb, None)
    desk.jobs[0][2].set_result(replace(extracted(bomb, ["text"]), weight=10 * MOST_HELD))
    desk.extraction.ended(desk.outcomes[0])
    desk.extraction.stored(bomb.source)
    for note in notes:
        desk.extraction.start(note, None)
        assert not desk.extraction.full(urgent=False)
    desk.extraction.start(archive, None)
    assert desk.extraction.full(urgent=False)
    desk.slow[archive.source]()
    assert not desk.extraction.full(urgent=False), "others are read past it"
    desk.jobs[-1][2].cancel()
    desk.extraction.ended(desk.outcomes[-1])
    assert not desk.extraction.full(urgent=False)
    desk.extraction.start(archive, None)
    assert desk.extraction.full(urgent=False), "it was forgotten once"


def test_bytes_that_are_stored_already_are_not_cut_again_but_only_what_went_well_is_trusted() -> None:
    desk = Desk()
    states = {
        state: FileState("docs/a", "docs", 1, 2, 3, 4, 1, state, "digest") for state in ("done", "empty", "failed")
    }
    for state in (None, *states.values()):
        desk.extraction.start(candidate("a"), state)
    assert [job.known_hash for job, _, _ in desk.jobs] == ["", "digest", "digest", ""]


def test_what_a_real_extraction_gives_or_raises_is_posted(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("A mill by the river.")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 torn")
    root = Root("docs", tmp_path, RECIPE.config.sources[0])
    outcomes: list[Outcome] = []
    workers = InProcess(RECIPE, HashingSizer(64))
    extraction = Extraction(lambda: workers, outcomes.append)
    for name in ("a.md", "bad.pdf"):
        found = facts_at(str(tmp_path), name)
        assert found is not None
        extraction.start(Candidate(root, f"docs/{name}", FoundFile(name, found)), None)
    good, bad = (outcome.result for outcome in outcomes)
    assert isinstance(good, Extracted)
    assert [chunk.text for chunk in good.parts[0].chunks] == ["A mill by the river."]
    assert isinstance(bad, DocumentError)
    assert bad.source == "docs/bad.pdf"
