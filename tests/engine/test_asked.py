"""Rerankers that answer yes or no inside a prompt: each layout gives the scores that transformers gives for the whole prompt."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from embedingest import EngineConfig, ModelConfig, ModelLoadError
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.local import LocalEngine
from tests.engine import asked, cross

pytestmark = pytest.mark.slow

QUERY = "Why is the sky blue?"
DOCUMENTS = [
    "The sky is blue: light scatters.",
    "  a cat sat on\n\na warm roof!\n",
    "",
    "42",
    "«Привет», said rain — and went.",
    "light " * 12,
]
PAIRS = [(query, text) for query in (QUERY, "sky", "two\nlines\n", "  spaced ") for text in DOCUMENTS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = {}

    def folder(layout):
        if layout not in made:
            made[layout] = asked.save(tmp_path_factory.mktemp(layout) / "Tiny-Qwen3-Reranker", layout)
        return made[layout]

    return folder


def found(folder, encoder, pairs):
    settings = ModelConfig(path=folder, device="cpu", encoder=encoder)
    with LocalEngine(EngineConfig(), {"r": settings}) as engine:
        return np.concatenate([engine.rerank(query, [text], model="r").scores for query, text in pairs]), engine.rerank(
            QUERY, DOCUMENTS, model="r"
        )


@pytest.mark.parametrize("encoder", ["sentence-transformers", "auto"])
@pytest.mark.parametrize("layout", ["language", "classifier", "listed"])
def test_a_pair_has_the_score_of_its_whole_prompt_alone_and_in_a_batch(folder, own_cache, layout, encoder) -> None:
    place = folder(layout)
    due = cross.scores(place, PAIRS) if layout == "listed" else asked.scores(place, PAIRS)
    alone, together = found(place, encoder, PAIRS)
    assert np.abs(alone - due).max() < 1e-4
    assert np.abs(together.scores - due[: len(DOCUMENTS)]).max() < 1e-4
    assert due.std() > 1e-3, "the scores of this model tell nothing apart"


def test_a_long_document_is_cut_and_the_prompt_stays_whole(folder, own_cache) -> None:
    settings = ModelConfig(path=folder("classifier"), device="cpu", encoder="sentence-transformers")
    with LocalEngine(EngineConfig(), {"r": settings}) as engine:
        answer = engine.rerank(QUERY, ["light dark " * 400, "light"], model="r")
        assert answer.truncated == (0,)
        assert answer.token_counts[0] == 256
        assert abs(answer.scores[0] - answer.scores[1]) > 1e-6


def test_a_template_that_says_nothing_of_pairs_is_refused_with_the_reason(folder, tmp_path) -> None:
    strange = shutil.copytree(folder("listed"), tmp_path / "strange")
    (strange / "chat_template.jinja").write_text("{{ messages[0].content }}")
    with pytest.raises(ModelLoadError, match="does not put a query and then a document"):
        ModelFolder.open(strange)
    (strange / "chat_template.jinja").write_text("{{ messages.__class__.__mro__ }}{{ nothing() }}")
    with pytest.raises(ModelLoadError, match=r"the chat template of .* fails"):
        ModelFolder.open(strange)


def test_another_prompt_is_another_fingerprint(folder, tmp_path) -> None:
    other = shutil.copytree(folder("listed"), tmp_path / "other")
    text = (other / "chat_template.jinja").read_text()
    (other / "chat_template.jinja").write_text(text.replace("Is it so?", "Is it?"))
    assert ModelFolder.open(other).fingerprint() != ModelFolder.open(folder("listed")).fingerprint()


def test_a_language_model_of_another_name_is_no_reranker(folder, tmp_path) -> None:
    other = shutil.copytree(folder("language"), tmp_path / "language-model")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelLoadError, match=r"has no `modules\.json`"):
        ModelFolder.open(other)
