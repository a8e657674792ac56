"""A cache of its own for every test run, and the tiny models made once."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest

from embedingest.engine.compiled import reference, rest
from tests.engine import routed, tiny

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session", autouse=True)
def _torch_once() -> Iterator[None]:
    """Torch's side of models is kept between tests: importing it takes longer than most of them."""
    with pytest.MonkeyPatch.context() as kept:
        kept.setattr(reference, "_KEPT_SECONDS", 3600.0)
        kept.setattr(rest, "_STOP_SECONDS", 60.0)
        yield


@pytest.fixture(autouse=True)
def _torch_is_no_garbage() -> Iterator[None]:
    """Torch is half a million objects, looked through at each collection: once it is imported they are left out."""
    before = "sentence_transformers" in sys.modules
    yield
    if not before and "sentence_transformers" in sys.modules:
        gc.collect()
        gc.freeze()


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
