"""A named plug-in reads its suffixes, unless the settings say otherwise; a place that is no folder needs a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from embedingest.build.extend import extended
from embedingest.config import PipelineConfig
from embedingest.errors import ConfigError, PluginError
from embedingest.ingest.load.choose import choose

if TYPE_CHECKING:
    from pathlib import Path

    from tests.installed import Site

LOADER = """
    class Toy:
        name, version, mimes = "{name}", "1", frozenset()

        def __init__(self, suffixes):
            self.suffixes = frozenset(suffixes)

    def create(*, more: str = ""):
        return Toy({{{suffixes}, *more.split()}})
"""
SOURCE = """
    class Shelf:
        def __init__(self, books):
            self.books = books

    def create(*, books: int = 1):
        return Shelf(books)
"""


@pytest.fixture
def toys(site: Site) -> None:
    site.install(
        "toy-one", "1", "loaders", {"one": "toy_one:create"}, LOADER.format(name="one", suffixes="'.toy', '.md'")
    )
    site.install("toy-two", "1", "loaders", {"two": "toy_two:create"}, LOADER.format(name="two", suffixes="'.toy'"))
    site.install("toy-shelf", "1", "sources", {"shelf": "toy_shelf:create"}, SOURCE)


def pipeline(tmp_path: Path, **settings: Any) -> PipelineConfig:
    return PipelineConfig(**{"sources": [{"path": tmp_path}], "model": "hashing", **settings})


@pytest.mark.usefixtures("toys")
def test_a_named_loader_goes_before_the_built_in_and_an_unnamed_one_does_nothing(tmp_path: Path) -> None:
    config = pipeline(tmp_path)
    named = extended(config, ["one"], tmp_path).load.chosen()
    assert [choose(name, b"words", named) for name in ("a.toy", "a.md", "a.txt")] == ["one", "one", "text"]
    assert extended(config, [], tmp_path) == config


@pytest.mark.usefixtures("toys")
def test_settings_go_before_what_a_plugin_says(tmp_path: Path) -> None:
    config = pipeline(tmp_path, load={"loaders": {"*.md": "markdown", "special/*": "code"}})
    named = extended(config, ["one"], tmp_path).load.chosen()
    names = ("a.md", "special/a.toy", "b.toy")
    assert [choose(name, b"words", named) for name in names] == ["markdown", "code", "one"]


@pytest.mark.usefixtures("toys")
def test_a_loaders_own_settings_may_change_its_suffixes(tmp_path: Path) -> None:
    config = pipeline(tmp_path, load={"options": {"two": {"more": ".game makefile"}}})
    named = extended(config, ["two"], tmp_path).load.chosen()
    assert [choose(name, b"words", named) for name in ("a.game", "sub/makefile")] == ["two", "two"]


@pytest.mark.usefixtures("toys")
def test_two_loaders_of_one_suffix_are_refused_until_the_settings_choose(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match=r"loaders `one` and `two` both read `\.toy` files") as caught:
        extended(pipeline(tmp_path), ["one", "two"], tmp_path)
    assert caught.value.remedy == "choose one under `load.loaders`: `'*.toy': one`"
    chosen = pipeline(tmp_path, load={"loaders": {"*.toy": "two"}})
    assert choose("a.toy", b"words", extended(chosen, ["one", "two"], tmp_path).load.chosen()) == "two"


@pytest.mark.usefixtures("toys")
def test_a_source_of_a_plugin_is_known_by_a_folder_of_ours_and_has_no_ignore_files(tmp_path: Path) -> None:
    sources = [{"path": tmp_path}, {"source": "shelf", "as": "books", "options": {"books": 3}}]
    config = extended(pipeline(tmp_path, sources=sources, table="t"), [], tmp_path / "state")
    folder, shelf = config.sources
    assert folder.path == tmp_path
    assert (shelf.path, shelf.gitignore, shelf.hidden) == (tmp_path / "state/mirrors/t/books", False, False)


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("alias", [None, "a/b"])
def test_a_source_of_a_plugin_needs_a_plain_name(tmp_path: Path, alias: str | None) -> None:
    config = pipeline(tmp_path)
    (source,) = config.sources
    nameless = source.model_copy(update={"source": "shelf", "path": None, "alias": alias})
    with pytest.raises(ConfigError, match="source `shelf` needs a plain name"):
        extended(config.model_copy(update={"sources": (nameless,)}), [], tmp_path)
