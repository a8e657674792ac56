"""A survey sorts files by their stat facts alone: done with, to be read, gone; below what it could not see it claims nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedingest.config import SourceConfig
from embedingest.ingest.run.survey import Survey, survey_paths, survey_root
from embedingest.ingest.scan.ignore import Rules
from embedingest.ingest.scan.roots import Root
from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.state.journal import FileState, Journal, stat_facts


class Place:
    """A folder, its scanner, and a journal that can be told what is known of its files."""

    def __init__(self, base: Path) -> None:
        self.folder = base / "docs"
        self.folder.mkdir()
        self.root = Root("docs", self.folder, SourceConfig(path=self.folder))
        self.journal = Journal(base / "journal.sqlite")
        self.scanner = Scanner(self.folder, Rules.of())

    def write(self, *names: str) -> None:
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)

    def know(self, *names: str, state: str = "done", settled: int = 1) -> None:
        """The journal says of these files that they are in `state`, with the stat facts that they have now."""
        found = {item.relative: item for item in self.scanner.scan()}
        for name in names:
            facts = stat_facts(found[name].facts)
            self.journal.record([FileState(f"docs/{name}", "docs", *facts, settled, state)])

    def look(self, *relatives: str, due: frozenset[str] = frozenset()) -> Survey:
        if relatives:
            return survey_paths(self.root, self.scanner, self.journal, relatives, due=due)
        return survey_root(self.root, self.scanner, self.journal, due=due)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def to_read(survey: Survey) -> list[str]:
    return sorted(candidate.source for candidate in survey.candidates)


def test_what_the_journal_knows_as_it_is_needs_nothing(place: Place) -> None:
    place.write("done.md", "skipped.md", "empty.md", "failed.md", "new.md")
    for state in ("done", "skipped", "empty", "failed"):
        place.know(f"{state}.md", state=state)
    survey = place.look()
    assert to_read(survey) == ["docs/new.md"]
    assert survey.counts == {"unchanged": 1, "skipped": 1, "empty": 1, "failed": 1}
    assert (survey.seen, survey.gone, survey.failed) == (5, [], ["docs/failed.md"])
    assert not any(candidate.urgent for candidate in survey.candidates)


def test_other_facts_facts_too_young_to_trust_and_unverified_files_are_read(place: Place) -> None:
    place.write("edited.md", "young.md", "unverified.md")
    place.know("edited.md")
    place.know("young.md", settled=0)
    place.know("unverified.md", state="unverified")
    (place.folder / "edited.md").write_text("longer than it was")
    assert to_read(place.look()) == ["docs/edited.md", "docs/unverified.md", "docs/young.md"]


def test_a_failed_file_is_read_again_when_it_is_due(place: Place) -> None:
    place.write("failed.md")
    place.know("failed.md", state="failed")
    assert to_read(place.look()) == []
    assert to_read(place.look(due=frozenset({"docs/failed.md"}))) == ["docs/failed.md"]


def test_what_is_known_and_not_there_is_gone(place: Place) -> None:
    place.write("a.md", "sub/b.md", "sub/c.md")
    place.know("a.md", "sub/b.md", "sub/c.md")
    (place.folder / "sub/b.md").unlink()
    (place.folder / "a.md").unlink()
    assert place.look().gone == ["docs/a.md", "docs/sub/b.md"]
    assert place.look("sub").gone == ["docs/sub/b.md"]
    assert place.look("a.md", "sub/c.md").gone == ["docs/a.md"]


def test_below_a_folder_that_could_not_be_seen_nothing_is_gone(place: Place) -> None:
    place.write("sub/a.md", "b.md")
    place.know("sub/a.md", "b.md")
    (place.folder / "sub/a.md").unlink()
    # Rules that cannot be read hide what is below them, even from a user whom no permission stops.
    (place.folder / "sub/.gitignore").symlink_to(place.folder / "sub/.gitignore")
    survey = place.look()
    assert survey.gone == []
    assert [failure.source for failure in survey.failures] == ["docs/sub"]


def test_paths_that_are_not_taken_are_counted_and_named(place: Place) -> None:
    (place.folder / "loop").symlink_to(place.folder)
    survey = place.look()
    assert (survey.seen, survey.counts["skipped"]) == (1, 1)
    assert [(notice.source, notice.kind) for notice in survey.skipped.notices().named] == [("docs/loop", "link_loop")]


def test_a_folder_stands_for_all_below_it_and_a_changed_ignore_file_for_its_folder(place: Place) -> None:
    place.write("sub/a.md", "sub/deep/b.md", "other.md")
    assert to_read(place.look("sub", "sub/deep/b.md", "sub/deep")) == ["docs/sub/a.md", "docs/sub/deep/b.md"]
    place.write("sub/.gitignore")
    assert to_read(place.look("sub/.gitignore")) == ["docs/sub/a.md", "docs/sub/deep/b.md"]
    place.write(".gitignore")
    assert to_read(place.look(".gitignore")) == ["docs/other.md", "docs/sub/a.md", "docs/sub/deep/b.md"]


def test_the_empty_path_is_the_whole_root(place: Place) -> None:
    place.write("a.md", "sub/b.md")
    assert to_read(place.look("", "a.md")) == ["docs/a.md", "docs/sub/b.md"]
