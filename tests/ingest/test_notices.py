"""What did not reach the table is counted for each file, stays known, and never grows beyond what can be read."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from embedingest.ingest.audit.status import journal_status, lag
from embedingest.ingest.notices import MOST_NAMED, Tally, meaning
from embedingest.ingest.report import IngestReport, Notices
from tests import samples
from tests.ingest.world import ENGINE, CountingEngine, World

RUSSIAN = "Мельница стоит у реки. "


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def noticed(report: IngestReport) -> list[tuple[str, str, int]]:
    return [(notice.source, notice.kind, notice.count) for notice in report.notices.named]


def status(world: World) -> dict[str, Any]:
    return journal_status(world.state / "chunks.sqlite", now=world.now)


def test_what_a_file_lost_is_told_in_every_run_until_it_changes(world: World) -> None:
    world.write("mixed.txt", RUSSIAN.encode() + b"caf\xe9, na\xefve")
    world.write("scan.pdf", samples.pdf([["Water turns the wheel."], []]))
    world.write("pictures.pdf", samples.pdf([[]]))
    world.write("nothing.md", "")
    world.write("sound.md", "Nothing is wrong here, and this \ufffd is the author's own.")
    first = world.run()
    expected = [
        ("docs/nothing.md", "empty", 1),
        ("docs/pictures.pdf", "image_only", 1),
        ("docs/scan.pdf", "pages_without_text", 1),
        ("docs/mixed.txt", "undecodable", 2),
    ]
    assert noticed(first) == expected
    assert first.exit_code == 0, "what was read in part did not fail"
    unchanged = world.run()
    assert noticed(unchanged) == expected
    assert {kind: status(world)["notice_counts"][kind] for kind in ("empty", "undecodable")} == {
        "empty": {"files": 1, "count": 1},
        "undecodable": {"files": 1, "count": 2},
    }
    world.write("mixed.txt", RUSSIAN)
    (world.folder / "pictures.pdf").unlink()
    assert noticed(world.run(allow_deletes=True)) == [expected[0], expected[2]]


def test_a_skipped_file_says_why(world: World) -> None:
    world.write("pictures.pdf", samples.pdf([[], []]))
    world.run()
    (notice,) = status(world)["notices"]
    assert notice["detail"] == "docs/pictures.pdf has 2 pages of pictures and no text; read it with an OCR plug-in"


def test_a_damaged_page_is_counted_and_the_others_are_kept(world: World) -> None:
    world.write("b.pdf", samples.pdf([["one"], ["two"], ["three"]]).replace(b"11 0 obj\n<<", b"11 0 obj\n[["))
    assert noticed(world.run()) == [("docs/b.pdf", "unreadable_pages", 1)]
    assert [row[0].text for row in world.contents().values()] == ["one\n\nthree"]


def test_documents_inside_count_for_the_file_that_holds_them(world: World) -> None:
    world.settings["load"] = {"loaders": {"*.zip": "archive"}}
    inner = {"a.txt": RUSSIAN.encode() + b"\xff", "b.txt": RUSSIAN.encode() + b"\xfe", "c.bin": bytes(range(256))}
    world.write("all.zip", samples.zipped(inner))
    assert noticed(world.run()) == [("docs/all.zip", "inner_binary", 1), ("docs/all.zip", "undecodable", 2)]


def test_a_touched_file_keeps_its_notices_and_a_lost_journal_finds_them_again(world: World) -> None:
    path = world.write("a.txt", RUSSIAN.encode() + b"\xff")
    world.run()
    path.touch()
    assert noticed(world.run()) == [("docs/a.txt", "undecodable", 1)]
    (world.state / "chunks.sqlite").unlink()
    assert noticed(world.run()) == [("docs/a.txt", "undecodable", 1)]


def test_what_a_scan_does_not_take_is_told_with_its_reason(world: World) -> None:
    world.write("sound.md", "words")
    outside = world.base / "secret.md"
    outside.write_text("not to be read")
    (world.folder / "away.md").symlink_to(outside)
    os.mkfifo(world.folder / "pipe")
    for report in (world.run(), world.run()):
        assert noticed(report) == [("docs/away.md", "link_outside", 1), ("docs/pipe", "special", 1)]
        assert sum(kind["files"] for kind in report.notices.counts.values()) == report.files.skipped == 2
    left = Tally()
    lag(world.pipeline(), left)
    again = journal_status(world.state / "chunks.sqlite", now=world.now, skipped=left)
    assert [notice["source"] for notice in again["notices"]] == ["docs/away.md", "docs/pipe"]


def test_many_files_are_all_counted_and_some_named(world: World) -> None:
    for number in range(MOST_NAMED + 30):
        world.write(f"{number:03}.txt", RUSSIAN.encode() + b"\xff" * (1 + number % 2))
    report = world.run()
    assert report.notices.counts == {"undecodable": {"files": MOST_NAMED + 30, "count": (MOST_NAMED + 30) * 3 // 2}}
    assert len(report.notices.named) == MOST_NAMED


def test_a_single_change_tells_of_that_file_alone(world: World) -> None:
    from embedingest.ingest.watch.values import Batch

    world.write("old.txt", RUSSIAN.encode() + b"\xff")
    with world.pipeline() as pipeline:
        pipeline.converge()
        world.write("new.txt", RUSSIAN.encode() + b"\xff\xff")
        report = pipeline.converge([Batch(str(pipeline.roots[0].path), files=frozenset({"new.txt"}))])
        assert noticed(report) == [("docs/new.txt", "undecodable", 2)]
    assert status(world)["notice_counts"] == {"undecodable": {"files": 2, "count": 3}}


class Cutting:
    """An engine that says it cut every text with a certain word in it."""

    def embed(self, texts: Any, **options: Any) -> Any:
        answer = ENGINE.embed(texts, **options)
        return dataclasses.replace(answer, truncated=tuple(n for n, text in enumerate(texts) if "long" in text))

    def __getattr__(self, name: str) -> Any:
        return getattr(ENGINE, name)


def test_chunks_that_the_engine_cut_are_counted_for_their_files(world: World) -> None:
    world.engine = CountingEngine(Cutting())
    world.write("a.md", "# One\n\nA long tale.\n\n# Two\n\nA short one.\n")
    world.write("b.md", "Brief.")
    report = world.run()
    assert report.chunks.truncated == 1
    assert noticed(report) == noticed(world.run()) == [("docs/a.md", "truncated_chunks", 1)]


def test_every_kind_has_words_even_one_of_a_strangers_loader() -> None:
    assert meaning("lost_footnotes") == "lost footnotes"
    assert "encrypted" in meaning("inner_encrypted")
    assert Notices.from_json({}) == Notices()
