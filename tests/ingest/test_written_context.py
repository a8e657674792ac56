"""Sentences that a command writes about chunks: asked for once, kept by content, and never left out in silence."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from embedingest.errors import ConfigError
from embedingest.ingest.identity import text_hash
from embedingest.ingest.run.contexts import MOST_REQUESTS
from tests.depth import only_deep
from tests.ingest.world import World
from tests.waiting import HANGS_SECONDS, until

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """\
import json, pathlib, sys
asked = json.load(sys.stdin)
with open(sys.argv[1], "a") as log:
    log.write(json.dumps(asked) + "\\n")
if "BAD" in asked["chunk"] and pathlib.Path(sys.argv[1]).with_name("strict").exists():
    sys.exit("no quota left")
print("From", asked["title"] or "a note", *sys.argv[2:], "about", asked["chunk"].split()[-1])
"""
ONE_PARAGRAPH = {"max_tokens": 8}


class Written(World):
    """A world whose context a command writes."""

    def __init__(self, base: Path, *arguments: str, **context: object) -> None:
        super().__init__(base, chunk=ONE_PARAGRAPH)
        self.log = base / "log"
        self.asks(*arguments, **context)

    def asks(self, *arguments: str, code: str = WRITER, **context: object) -> None:
        command = [sys.executable, "-S", "-c", code, str(self.log), *arguments]
        self.settings["context"] = {"command": command, "document_characters": 0, "max_tokens": 20, **context}

    def asked(self) -> list[dict[str, object]]:
        """What was asked since the last look."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    def rows(self):
        with contextlib.closing(self.table()) as table:
            return {row.text: row for rows in table.rows(list(table.source_states())).values() for row in rows}


TWO = "red owls hunt mice in cold nights\n\nold seals sleep on white northern ice\n"


@pytest.fixture
def world(tmp_path):
    return Written(tmp_path)


def test_the_sentence_is_embedded_hashed_and_told(world):
    world.write("two.txt", TWO)
    report = world.run()
    assert (report.files.failed, report.embedded.texts) == (0, 2)
    assert [(one["source"], one["title"], one["headings"], one["document"]) for one in world.asked()] == [
        ("docs/two.txt", None, [], "")
    ] * 2
    rows = world.rows()
    assert {row.context for row in rows.values()} == {"From a note about nights\n\n", "From a note about ice\n\n"}
    for row in rows.values():
        assert TWO[row.start : row.end] == row.text
        assert row.context + row.text in world.engine.texts
        assert row.text_hash == text_hash(row.fingerprint, "", row.context + row.text)


def test_title_headings_and_sentence_stand_together(world):
    world.asks(parts=["title", "headings"])
    world.write("a.md", "---\ntitle: Birds\n---\n# Owls\n\nThey hunt mice.\n")
    world.run()
    assert {row.context for row in world.rows().values()} == {"From Birds about mice.\n\nBirds\n\nOwls\n\n"}


def test_nothing_unchanged_is_asked_again_also_after_a_restart_a_move_and_in_a_table_made_anew(world):
    world.write("two.txt", TWO)
    world.write("copy.txt", TWO)
    world.run()
    assert len(world.asked()) == 2
    assert not world.run().changed_anything()
    (world.folder / "two.txt").rename(world.folder / "moved.txt")
    world.write("again.txt", TWO)
    report = world.run()
    assert (report.files.moved, report.embedded.texts, world.asked()) == (1, 0, [])
    with contextlib.closing(world.table()) as table:
        assert table.count() == 6
    with world.pipeline(table="another") as pipeline:
        report = pipeline.converge()
    assert (report.files.new, report.embedded.texts, world.asked()) == (3, 0, [])


def test_a_changed_chunk_is_asked_about_alone(world):
    world.write("two.txt", TWO)
    world.run()
    world.asked()
    world.write("two.txt", TWO.replace("mice", "voles"))
    assert world.run().embedded.texts == 1
    assert [one["chunk"] for one in world.asked()] == ["red owls hunt voles in cold nights"]
    world.assert_like_fresh()


@only_deep
def test_what_stands_around_a_chunk_counts_where_it_is_sent(world):
    world.asks(document_characters=40)
    text = "\n\n".join(f"paragraph {number} of a long long note" for number in range(6))
    world.write("six.txt", text)
    world.run()
    for one in world.asked():
        assert one["document"] in text
        assert one["chunk"] in one["document"]
        assert len(one["document"]) <= len(one["chunk"]) + 40
    world.write("six.txt", text.replace("paragraph 5", "paragraph 7"))
    world.run()
    assert [one["chunk"][:11] for one in world.asked()] != []
    world.write("six.txt", text.replace("paragraph 5", "paragraph 8"))
    world.run()
    assert len(world.asked()) < 6


@only_deep
def test_another_command_is_asked_about_everything_and_embeds_what_it_changes(world):
    world.write("two.txt", TWO)
    world.run()
    world.asked()
    world.asks("again")
    assert world.run().embedded.texts == 2
    assert len(world.asked()) == 2
    assert "From a note again about ice\n\n" in {row.context for row in world.rows().values()}
    world.assert_like_fresh()


def test_a_document_whose_context_fails_is_not_embedded_without_and_is_tried_again(world):
    (world.base / "strict").touch()
    world.write("good.txt", TWO)
    world.write("bad.txt", "a BAD text\n")
    report = world.run()
    assert (report.files.new, report.files.failed) == (1, 1)
    (failure,) = report.failures
    assert failure.source == "docs/bad.txt"
    assert "docs/bad.txt has a chunk without context: " in failure.error
    assert "exited with status 1: no quota left" in failure.error
    assert "tries it again" in failure.error
    assert not any("BAD" in text for text in world.engine.texts)
    assert world.sources_in_table() == {"docs/good.txt"}
    assert report.exit_code == 1
    (world.base / "strict").unlink()
    world.now += 3600
    report = world.run()
    assert (report.files.failed, report.embedded.texts) == (0, 1)
    world.assert_like_fresh()


def test_another_command_is_tried_at_once_with_what_failed(world):
    (world.base / "strict").touch()
    world.write("bad.txt", "a BAD text\n")
    assert world.run().files.failed == 1
    assert world.run().files.failed == 1
    world.asks(code="import sys; print('mended', sys.argv[1:] and '')")
    report = world.run()
    assert (report.files.failed, report.embedded.texts) == (0, 1)


def test_a_failure_keeps_what_is_stored(world):
    world.write("a.txt", "a good text\n")
    world.run()
    (world.base / "strict").touch()
    world.write("a.txt", "a BAD text\n")
    assert world.run().files.failed == 1
    assert set(world.rows()) == {"a good text"}


def test_a_command_that_is_not_there_ends_the_run_and_changes_nothing(world):
    world.write("two.txt", TWO)
    world.run()
    context = dict(world.settings["context"])
    world.settings["context"] = {**context, "command": ["no-such-program-anywhere"]}
    world.write("three.txt", "three\n")
    with pytest.raises(ConfigError, match="no program `no-such-program-anywhere`"):
        world.run()
    world.settings["context"] = context
    assert len(world.rows()) == 2
    assert world.run().files.new == 1


def test_stopping_ends_a_command_that_hangs_and_keeps_what_was_written(world):
    begun = world.base / "begun"
    hangs = (
        "import json, pathlib, signal, sys\n"
        "if 'seals' in json.load(sys.stdin)['chunk']:\n"
        f"    pathlib.Path({str(begun)!r}).touch(); signal.pause()\n"
        "open(sys.argv[1], 'a').write('{}\\n'); print('fine')\n"
    )
    world.asks(code=hangs)
    world.write("two.txt", TWO)
    stopped_at: list[float] = []

    def stop() -> None:
        until(begun.exists)
        world.stop.set()
        stopped_at.append(time.monotonic())

    stopper = threading.Thread(target=stop)
    stopper.start()
    report = world.run()
    stopper.join()
    assert report.stopped
    assert time.monotonic() - stopped_at[0] < HANGS_SECONDS / 4
    assert not world.engine.texts


@only_deep
def test_more_chunks_than_are_asked_about_at_once_all_get_theirs(tmp_path):
    world = Written(tmp_path, concurrency=8)
    count = 60
    world.write("many.txt", "\n\n".join(f"number {n} of the many many lines here" for n in range(count)))
    world.run()
    assert len(world.asked()) == len(world.rows()) >= count // 2
    assert count < MOST_REQUESTS


def test_a_sentence_that_does_not_fit_is_cut_and_told_and_the_chunk_is_whole(world):
    world.asks(*["very"] * 60)
    world.write("two.txt", TWO)
    report = world.run()
    assert report.notices.counts["context_cut"] == {"files": 1, "count": 2}
    assert report.chunks.truncated == 0
    assert {row.context for row in world.rows().values()} == {"From a note " + " ".join(["very"] * 15) + "\n\n"}


def test_verify_and_plan_ask_nobody(world):
    world.write("two.txt", TWO)
    world.run()
    world.asked()
    with world.pipeline() as pipeline:
        assert pipeline.verify(sample=2).problems == []
        assert pipeline.plan()["files"]["unchanged"] == 1
    world.write("three.txt", "three\n")
    with world.pipeline() as pipeline:
        assert pipeline.plan()["files"]["new"] == 1
    assert world.asked() == []


def test_a_lost_cache_asks_again_only_for_what_is_read_again(world):
    world.write("two.txt", TWO)
    world.run()
    world.asked()
    for path in world.state.glob("contexts.sqlite*"):
        path.unlink()
    assert not world.run().changed_anything()
    assert world.asked() == []
