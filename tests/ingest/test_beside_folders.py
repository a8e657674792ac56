"""Model folders as their libraries save them, from the settings to a search: what the engine gives is what is stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from embedingest import api
from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.local import LocalEngine
from embedingest.errors import FingerprintError
from embedingest.store.table import open_table
from tests.engine import seconds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    base = tmp_path_factory.mktemp("models")
    return {"sparse": seconds.sparse("bert", base / "splade"), "late": seconds.pylate("bert", base / "colbert")}


def test_folders_are_ingested_with_found_by_and_remembered(models, tmp_path):
    docs, words = tmp_path / "docs", seconds.tiny.WORDS
    docs.mkdir()
    texts = [" ".join(words[i : i + 5]) for i in range(0, 15, 5)]
    for number, text in enumerate(texts):
        (docs / f"{number}.txt").write_text(text)
    place: dict[str, Any] = {"state": tmp_path / "state"}
    beside = {name: str(folder) for name, folder in models.items()}
    settings = {"db": str(tmp_path / "db"), **beside}
    report = api.ingest(docs, model="hashing", **settings, **place)
    assert (report.embedded.texts, report.files.failed) == (9, 0)
    assert not api.ingest(docs, model="hashing", **settings, **place).changed_anything()
    for mode in ("sparse", "late", "hybrid"):
        result = api.search(texts[1], mode=mode, db=settings["db"], **place)
        assert result.mode == mode
        assert len(result) == 3
    with pytest.raises(FingerprintError, match="column `sparse` of model `splade`"):
        api.ingest(docs, model="hashing", db=settings["db"], **place)
    assert_as_computed(models, settings["db"])


def assert_as_computed(models, db) -> None:
    """Whatever is stored is what the engine gives of the row's text."""
    named = {name: ModelConfig(path=folder) for name, folder in models.items()}
    with LocalEngine(EngineConfig(threads=1), models=named) as engine, open_table(db, "chunks") as table:
        for (row,) in table.rows(list(table.source_states())).values():
            terms = table.vectors([row.text_hash], "sparse")[row.text_hash]
            weights = engine.embed_sparse([row.text], model="sparse", role="document")
            assert np.array_equal(terms["token"], weights.tokens)
            assert np.allclose(terms["weight"], weights.weights, atol=1e-5)
            tokens = table.vectors([row.text_hash], "late")[row.text_hash]
            expected = engine.embed_late([row.text], model="late", role="document").vectors
            assert np.allclose(tokens, expected, atol=2e-3)
