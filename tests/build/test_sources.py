"""Sources that are no folders are opened from the settings alone, and read here for the processes that cut them."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

from embedingest import Session
from embedingest.build.extend import extended
from embedingest.build.inspect import FoldersBehind, root_named
from embedingest.build.opener import PipelineOpener
from embedingest.build.remembered import remember
from embedingest.build.sources import open_places
from embedingest.config import PipelineConfig, RunConfig
from embedingest.ingest.rows.recipe import Recipe
from embedingest.ingest.run.survey import survey_root
from embedingest.ingest.scan.folders import Folders
from tests.depth import only_deep
from tests.waiting import HANGS_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.installed import Site

SHELF = """
    from embedingest.plugin import Item

    class Shelf:
        name, hosts = "shelf", ()

        def __init__(self, url, texts):
            self.url, self.texts = url, texts

        def list(self):
            return (Item(key, text, len(text), 10**18) for key, text in self.texts.items())

        def read(self, key):
            return self.texts[key].encode()

        def close(self):
            pass

    def create(*, url: str = "", texts: dict[str, str] = {}):
        return Shelf(url, texts)
"""


@pytest.fixture(autouse=True)
def shelf(site: Site) -> None:
    site.install("toy-shelf", "1", "sources", {"shelf": "toy_shelf:create"}, SHELF)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    file = tmp_path / "shelf.yaml"
    file.write_text(
        """\
state: state
pipelines:
  books:
    model: hashing
    db: state/lancedb
    sources:
      - source: shelf
        as: books
        options: {url: 'toy://me:secret@town/shelf/', texts: {'a b/c.md': 'A walrus.', 'a b': 'An otter.'}}
"""
    )
    with Session(file) as session:
        yield session


def test_items_go_through_the_processes_that_read_files(session: Session) -> None:
    with session.pipeline("books") as pipeline:
        assert pipeline.converge().files.new == 2
        assert pipeline.converge().files.unchanged == 2
        assert pipeline.verify().problems == []
        remember(pipeline, session.config)
        config = pipeline.config
        assert pipeline.journal.roots() == {"books": "toy://town/shelf"}
    folders = FoldersBehind(session.config.state, config.db, config.table)
    assert folders.place("books/a b/c.md") == {"uri": "toy://town/shelf/a%20b/c.md"}
    assert (folders.status()["in_sync"], folders.status()["behind"]["seen"]) == (True, 2)


def test_a_listing_ends_where_the_run_is_asked_to_stop_and_deletes_nothing(session: Session) -> None:
    with session.pipeline("books") as pipeline:
        pipeline.converge()
        pipeline.stop.set()
        report = pipeline.converge()
        assert (report.stopped, report.files.deleted, pipeline.journal.counts()) == (True, 0, {"done": 2})
        assert "asked to stop" in report.failures[0].error


def test_a_source_is_named_by_its_alias_or_its_address(session: Session) -> None:
    settings = session.config.pipelines["books"]
    place = (session.config.state, settings.db, settings.table)
    with session.pipeline("books") as pipeline:
        pipeline.converge()
        assert [root_named(*place, name) for name in ("books", "toy://town/shelf")] == ["books", "toy://town/shelf"]
        assert pipeline.forget("toy://town/shelf").files.seen == 0
        assert (pipeline.journal.roots(), pipeline.table().count()) == ({}, 0)


def test_another_process_reads_what_was_found_here_by_the_settings_alone(session: Session) -> None:
    config = extended(session.config.pipelines["books"], [], session.config.state)
    with session.pipeline("books") as pipeline:
        (root,) = pipeline.roots
        survey = survey_root(root, pipeline.folders.finder(root), pipeline.journal)
    sent = pickle.loads(pickle.dumps(survey.candidates))
    opener = PipelineOpener(session, config)
    recipe = Recipe(config, opener.describe())
    workers = opener.workers(recipe, opener.engine().sizer(config.model, prompt=recipe.prompt))
    try:
        extracted = [workers.submit(candidate.job()).result(HANGS_SECONDS) for candidate in sent]
    finally:
        workers.close()
    assert [(one.source, one.before, one.settled) for one in extracted] == [
        (candidate.source, candidate.file.facts, True) for candidate in survey.candidates
    ]


@only_deep
def test_nodes_in_processes_of_their_own_read_the_items_of_their_parts(session: Session) -> None:
    settings = session.config.pipelines["books"]
    nodes = RunConfig(on="processes", nodes=2, part_files=1)
    several = session.config.model_copy(update={"pipelines": {"books": settings.model_copy(update={"run": nodes})}})
    with Session(several) as other, other.pipeline("books") as pipeline:
        report = pipeline.converge()
        assert (report.files.new, report.exit_code) == (2, 0)
        assert pipeline.verify().problems == []
    with session.pipeline("books") as pipeline:
        assert pipeline.converge().files.unchanged == 2


@pytest.mark.parametrize(
    ("url", "db", "where", "ours"),
    [
        ("", "s3://b/t", "shelf:books", set()),
        ("s3://b/docs/", "s3://b/tables", "s3://b/docs", set()),
        ("s3://b/docs", "s3://b/docs/out/lancedb/", "s3://b/docs", {"out/lancedb/"}),
        ("s3://b", "s3://b", "s3://b", {"chunks__run/"}),
        ("https://me:secret@host/docs?key=secret", "x", "https://host/docs", set()),
    ],
)
def test_a_place_is_named_by_its_address_and_knows_our_tables_in_it(
    tmp_path: Path, url: str, db: str, where: str, ours: set[str]
) -> None:
    sources: Any = [{"source": "shelf", "as": "books", "options": {"url": url}}]
    config = PipelineConfig(sources=sources, db=db)
    (place,) = open_places(extended(config, [], tmp_path))
    assert (place.where, place.ours) == (where, ours)


def test_a_table_of_ours_in_the_place_is_not_read(tmp_path: Path) -> None:
    texts = {"out/lancedb/chunks__run/1/manifest.json": "{}", "out/a.md": "A walrus."}
    sources: Any = [{"source": "shelf", "as": "books", "options": {"url": "s3://b/docs", "texts": texts}}]
    config = extended(PipelineConfig(sources=sources, db="s3://b/docs/out/lancedb"), [], tmp_path)
    folders = Folders.of(config, [], {}, open_places(config))
    (root,) = folders.roots
    excluded: dict[str, int] = {}
    found = [file.relative for file in folders.finder(root).scan(excluded=excluded)]
    assert (found, excluded) == (["out/a.md"], {"our own output": 1})
