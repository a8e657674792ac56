"""A cache of its own for every test run, and the tiny models made once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.engine import routed, tiny

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def shelf_of_models(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def tiny_folder(shelf_of_models):
    """Gives the folder of a tiny model by the name of its kind."""

    def folder(name: str) -> Path:
        path = shelf_of_models / name
        return path if path.is_dir() else tiny.save(tiny.KINDS[name], path)

    return folder


@pytest.fixture(scope="session")
def routed_folder(shelf_of_models):
    """Gives the folder of a tiny model with a Router by the name of its layout."""

    def folder(layout: str) -> Path:
        path = shelf_of_models / f"routed-{layout}"
        return path if path.is_dir() else routed.save(layout, path)

    return folder


@pytest.fixture(scope="session")
def compiled_cache(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def own_cache(compiled_cache, monkeypatch) -> Path:
    """Compiled models of this run are kept apart from the user's."""
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(compiled_cache))
    return compiled_cache
