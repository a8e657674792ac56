"""What is decided once of a file for every walk: whether it is read again, is gone, has moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedingest.config import SourceConfig
from embedingest.errors import DocumentError
from embedingest.ingest.extract.values import Extracted
from embedingest.ingest.run.outcome import GoneContent, is_gone, not_embedded, to_read_again, went_away
from embedingest.ingest.run.survey import Candidate
from embedingest.ingest.scan.files import FileFacts, facts_at
from embedingest.ingest.scan.listing import FoundFile
from embedingest.ingest.scan.roots import Root
from embedingest.ingest.state.journal import NO_STAT, FileState

FACTS = FileFacts(1, 2, 3, 4, 5, 0o100644)


def candidate_of(folder: Path, name: str, *, link: bool = False) -> Candidate:
    root = Root("docs", folder, SourceConfig(path=folder))
    facts = facts_at(str(folder), name, follow=True)
    assert facts is not None
    return Candidate(root, root.source(name), FoundFile(name, facts, link))


def test_a_file_that_was_written_while_it_was_read_is_read_again_three_times(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("One mill.")
    candidate: Candidate | None = candidate_of(tmp_path, "a.md")
    still = Extracted("docs/a.md", "hash", FACTS, FACTS)
    moving = Extracted("docs/a.md", "hash", FACTS, FACTS._replace(size=2))
    assert candidate is not None
    assert to_read_again(candidate, still) is None
    tries = []
    while candidate := to_read_again(candidate, moving):
        tries.append(candidate.tries)
    assert tries == [1, 2, 3]


@pytest.mark.parametrize("becomes", ["nothing", "a folder", "a file"])
def test_what_is_no_file_any_more_is_gone(tmp_path: Path, becomes: str) -> None:
    path = tmp_path / "a.md"
    path.write_text("One mill.")
    candidate = candidate_of(tmp_path, "a.md")
    assert not is_gone(candidate)
    path.unlink()
    if becomes == "a folder":
        path.mkdir()
    elif becomes == "a file":
        path.write_text("Another.")
    assert is_gone(candidate) == (becomes != "a file")


def test_only_a_file_that_vanished_went_away(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("One mill.")
    candidate = candidate_of(tmp_path, "a.md")
    assert went_away(candidate, DocumentError("no", source="docs/a", code="vanished"))
    assert not went_away(candidate, not_embedded("docs/a", "it is no text"))


def test_a_text_that_cannot_be_embedded_fails_its_document_for_good_and_says_why() -> None:
    error = not_embedded("docs/a", "it is no text")
    assert (error.source, error.kind, error.code) == ("docs/a", "permanent", "embedding")
    assert str(error) == "docs/a has a text that cannot be embedded: it is no text"


def test_each_file_that_is_gone_has_moved_once_at_most() -> None:
    gone = GoneContent()
    state = FileState("docs/a", "docs", *NO_STAT, 1, "done", content_hash="same")
    gone.expect([state, state._replace(source="docs/b"), state._replace(source="docs/unread", content_hash="")])
    assert [gone.found_again("same") for _ in range(3)] == [True, True, False]
    assert not gone.found_again("other")
    assert not gone.found_again("")
    assert gone.moved == {"docs/a", "docs/b"}
