"""Documents that do harm are named in the report, with the kind of their failure; all others are in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cluster.acceptance.documents import harm, held, library, marked
from tests.cluster.acceptance.encoders import DEADLY_WORD
from tests.cluster.acceptance.places import SMALL, Place, moody, on_any
from tests.cluster.acceptance.tables import differences
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


def test_each_is_named_and_the_others_are_in_the_table(on: str, folder: Path, plugins: str) -> None:
    docs = library(folder / "docs", 200)
    names = harm(docs)
    place = moody(Place(folder / "many", docs, run=SMALL), plugins)
    ended = place.ingest(on).done(code=1)
    assert ended.failures == {f"docs/{name}": "permanent" for name in names}
    assert ended.report["files"]["skipped"] >= 1  # the one of 2 GiB is larger than `max_bytes`
    alone = place.beside("alone")
    one = alone.ingest().done(code=1)
    assert one.failures == ended.failures
    assert one.report["files"] == ended.report["files"]
    assert differences(alone.rows(), place.rows()) == []
    again = place.ingest(on)
    assert again.texts == 0
    assert again.failures == ended.failures or again.code == 0  # permanent ones are not tried again


@on_any
def test_two_gigabytes_that_may_be_read_fail_alone(on: str, folder: Path, plugins: str) -> None:
    docs = library(folder / "docs", 60)
    for name in harm(docs):
        (docs / name).unlink()
    place = moody(Place(folder / "many", docs, run=SMALL), plugins, max_bytes=4 * 2**30, memory_mib=512)
    ended = place.ingest(on).done(code=1)
    assert list(ended.failures) == ["docs/two-gigabytes.txt"]
    alone = place.beside("alone")
    assert alone.ingest().done(code=1).failures == ended.failures
    assert differences(alone.rows(), place.rows()) == []


def test_a_text_that_ends_its_node_fails_alone(on: str, folder: Path, plugins: str) -> None:
    docs = library(folder / "docs", 40)
    marked(docs, DEADLY_WORD)
    place = Place(
        folder / "many", docs, model="brittle", top={"plugins": ["deadly"], "models": {"brittle": {"encoder": "deadly"}}},
        run={**SMALL, "part_files": 4}, environment={"PYTHONPATH": plugins},
    )  # fmt: skip
    ended = place.ingest(on).done(code=1)
    assert ended.failures == {f"docs/{DEADLY_WORD}.md": "permanent"}
    (docs / f"{DEADLY_WORD}.md").rename(folder / "aside.md")
    sound = place.beside("sound")
    sound.ingest().done()
    assert differences(sound.rows(), place.rows()) == []
    assert place.ingest(on).done().texts == 0


@on_any
@pytest.mark.parametrize("what", ["changes", "vanishes"])
def test_a_document_that_changes_or_vanishes_while_it_is_read(on: str, what: str, folder: Path, plugins: str) -> None:
    docs, word = library(folder / "docs", 60), folder / "word"
    slow = held(docs, word)
    place = moody(Place(folder / "many", docs, run=SMALL), plugins, timeout_seconds=120)
    running = place.start(on)
    until(word.with_suffix(".pid").exists, "the document that is read")
    if what == "changes":
        slow.write_text("text that came while it was read")
    else:
        slow.unlink()
    word.touch()
    running.wait()
    place.ingest(on).done()
    fresh = place.beside("fresh")
    fresh.ingest().done()
    assert differences(fresh.rows(), place.rows()) == []
