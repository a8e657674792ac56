"""What was ingested with models beside is found by each of them, with the query embedded by the same."""

from __future__ import annotations

import pytest

from embedingest.errors import ConfigError, FingerprintError, ModelNotFoundError
from embedingest.query import Searcher
from tests.ingest.test_beside import OWLS, SEALS, world_at
from tests.ingest.world import World
from tests.words_engine import WordsEngine


@pytest.fixture
def world(tmp_path):
    world = world_at(tmp_path)
    world.write("owls.md", OWLS)
    world.write("seals.md", SEALS)
    world.run()
    world.engine.texts.clear()
    return world


def searcher_of(world: World, **options) -> Searcher:
    return Searcher(world.table, world.engine, "hashing", **options)


@pytest.mark.parametrize(
    ("mode", "asked"),
    [
        ("sparse", {"sparse"}),
        ("late", {"vector", "sparse", "late"}),
        ("hybrid", {"vector", "sparse", "late"}),
        ("vector", {"vector"}),
        ("text", set()),
    ],
)
def test_each_mode_asks_the_models_that_it_needs_and_finds(world, mode, asked):
    with searcher_of(world) as searcher:
        hits = searcher.search("sleep on ice", mode=mode, explain=True).hits
    assert hits[0].source == "docs/seals.md"
    assert {kind for kind, _ in world.engine.texts} == asked


def test_the_same_model_under_another_name_stands_in_for_one_that_is_gone(world):
    engine = WordsEngine()
    engine.fingerprints = {"other": "terms-1", "tokens": "tokens-1"}
    engine.models = lambda: ["other", "tokens"]
    world.engine = engine
    with searcher_of(world) as searcher:
        assert searcher.search("ice", mode="sparse").hits
        engine.fingerprints = {"other": "terms-2", "tokens": "tokens-1"}
        with pytest.raises(ModelNotFoundError, match="terms"):
            searcher.search("ice", mode="sparse")


def test_another_model_of_the_same_name_is_refused_before_it_is_loaded(world):
    world.engine.fingerprints["terms"] = "terms-2"
    with searcher_of(world) as searcher, pytest.raises(FingerprintError, match="column `sparse`"):
        searcher.search("ice", mode="sparse")
    assert not world.engine.texts


def test_an_engine_that_gives_no_weights_is_told(world):
    class Plain:
        describe = world.engine.describe
        embed = world.engine.embed

    world.engine = Plain
    with searcher_of(world) as searcher, pytest.raises(ConfigError, match="this engine gives no weights"):
        searcher.search("ice", mode="sparse")


def test_an_unknown_option_of_a_search_is_not_what_a_model_makes(world):
    with searcher_of(world) as searcher, pytest.raises(ConfigError, match="has no `sparse`"):
        searcher.search("ice", sparse=[1])
