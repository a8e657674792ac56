"""What a file beside a document says of it reaches every row, follows its changes, and costs no embedding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from embedingest.config import MetadataRules
from embedingest.ingest.watch.values import Batch
from tests.depth import few
from tests.ingest.world import World

TEXT = "\n\n".join(f"Paragraph {n} has some words of its own, number {n * n}." for n in range(12))


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path, metadata_rules={"sidecar": ("{name}.meta.yaml", "{stem}.meta.json")})
    made.write("a.md", f"---\nauthor: Ann\nstate: draft\n---\n{TEXT}")
    made.write("b.txt", TEXT)
    return made


def metadata(world: World, source: str) -> dict[str, Any]:
    """What every row of a source says; all of them say the same."""
    (said,) = {row.metadata for row, _ in world.contents().values() if row.source == source}
    return dict(json.loads(said))


def test_every_row_says_what_the_sidecar_says_and_constants_have_the_last_word(world: World) -> None:
    world.settings["metadata"] = {"team": "docs"}
    world.write("a.md.meta.yaml", "client: Mill & Co\nsigned: 2024-05-01\nstate: final\nteam: nobody\n")
    world.write("sub/c.txt", "words")
    world.write("sub/c.meta.json", '{"tags": ["x", "y"]}')
    report = world.run()
    assert (report.files.seen, report.files.new) == (3, 3), "a sidecar is no document"
    assert metadata(world, "docs/a.md") == {
        "author": "Ann", "client": "Mill & Co", "signed": "2024-05-01", "state": "final", "team": "docs",
    }  # fmt: skip
    assert metadata(world, "docs/sub/c.txt") == {"tags": ["x", "y"], "team": "docs"}
    assert world.run().files.unchanged == 3


def test_a_sidecar_that_comes_changes_and_goes_refreshes_its_rows_alone(world: World) -> None:
    world.run()
    rows = sum(row.source == "docs/b.txt" for row, _ in world.contents().values())
    path = world.folder / "b.txt.meta.yaml"
    for written, said in (("client: one", {"client": "one"}), ("client: another", {"client": "another"}), (None, {})):
        path.write_text(written) if written else path.unlink()
        report = world.run()
        assert metadata(world, "docs/b.txt") == said
        assert (report.chunks.refreshed, report.chunks.new, report.chunks.deleted) == (rows, 0, 0)
        assert world.engine.texts == []
        assert report.files.unchanged == 1
    world.assert_like_fresh()


def test_a_watched_sidecar_has_its_document_looked_at(world: World) -> None:
    with world.pipeline() as pipeline:
        pipeline.converge()
        world.write("a.md.meta.yaml", "client: one")
        world.write("b.meta.json", '{"client": "two"}')
        changed = frozenset({"a.md.meta.yaml", "b.meta.json"})
        report = pipeline.converge([Batch(str(pipeline.roots[0].path), files=changed)])
        assert report.files.changed == 2
        assert metadata(world, "docs/b.txt") == {"client": "two"}
        (world.folder / "b.meta.json").unlink()
        gone = frozenset({"b.meta.json"})  # nobody can tell whether what is gone was a folder
        assert pipeline.converge([Batch(str(pipeline.roots[0].path), folders=gone)]).files.changed == 1
    assert metadata(world, "docs/b.txt") == {}


@few(2)
@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("client: [one", "no YAML: "),
        ("- a\n- b\n", "it is a list, not a mapping"),
        ("a: &x [1]\nb: *x\n", "aliases"),
        (b"\xff\xfe", "it is not UTF-8"),
        (b"a: " + b"x" * 2**20, "1,048,579 bytes"),
    ],
)
def test_a_broken_sidecar_is_named_with_its_reason_and_its_document_goes_in(
    world: World, written: str | bytes, reason: str
) -> None:
    world.write("b.txt.meta.yaml", written)
    for report in (world.run(), world.run()):
        (notice,) = report.notices.named
        assert (notice.source, notice.kind, notice.count) == ("docs/b.txt", "sidecar_unreadable", 1)
        assert notice.detail.startswith("docs/b.txt.meta.yaml")
        assert reason in notice.detail
        assert report.exit_code == 0
    assert metadata(world, "docs/b.txt") == {}
    world.write("b.txt.meta.yaml", "client: one")
    assert not world.run().notices.counts


def test_a_link_is_no_sidecar(world: World) -> None:
    secret = world.base / "secret.yaml"
    secret.write_text("key: value")
    (world.folder / "b.txt.meta.yaml").symlink_to(secret)
    world.run()
    assert metadata(world, "docs/b.txt") == {}


def test_documents_inside_a_file_say_what_its_sidecar_says(world: World) -> None:
    from tests import samples

    world.settings["load"] = {"loaders": {"*.zip": "archive"}}
    world.write("all.zip", samples.zipped({"x.txt": "words"}))
    world.write("all.zip.meta.yaml", "client: one")
    world.run()
    assert metadata(world, "docs/all.zip!/x.txt") == {"client": "one"}


@pytest.mark.parametrize("name", ["meta.yaml", "{name}.txt", "{name}{stem}.yaml", "x/{name}.yaml", "{other}.json"])
def test_a_name_that_speaks_of_no_file_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"needs .* once"):
        MetadataRules(sidecar=(name,))
