"""Rerankers that answer yes or no inside a prompt: each layout gives the scores that transformers gives for the whole prompt."""

from __future__ import annotations

import json
import shutil
import time

import numpy as np
import pytest

from embedingest import EngineConfig, ModelConfig, ModelLoadError
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.folder.pair_prompt import prompt_of
from embedingest.engine.local import LocalEngine
from embedingest.system import peak_bytes
from tests.depth import few, only_deep
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


@few(2)
@pytest.mark.parametrize(
    ("layout", "encoder"),
    [
        *((layout, "sentence-transformers") for layout in ("language", "classifier", "listed")),
        *(pytest.param(layout, "auto", marks=only_deep) for layout in ("language", "classifier")),
        ("listed", "auto"),
    ],
)
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


ENDLESS = {
    "loops in loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "a number without end": "{{ 9 ** (9 ** 9) }}",
    "calls that double": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "a text that fills the memory": "{{ 'x' * 99999999999 }}",
    "a text that doubles": "{% set n = namespace(t='x') %}{% for i in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}{{ n.t }}",
    "a field that is wide": "{{ '%9999999999d' % 1 }}",
    "a long answer": "{{ 'x' * 2000000 }}",
}


@few(1)
@pytest.mark.parametrize(
    "template",
    [
        pytest.param(
            template, id=name, marks=only_deep if name in ("a number without end", "calls that double") else []
        )
        for name, template in ENDLESS.items()
    ],
)
def test_a_template_that_takes_all_there_is_is_refused_soon(folder, tmp_path, template) -> None:
    hostile = shutil.copytree(folder("listed"), tmp_path / "hostile")
    (hostile / "chat_template.jinja").write_text(asked.TEMPLATE + template)
    peak, began = peak_bytes(), time.monotonic()
    with pytest.raises(ModelLoadError, match=r"the chat template of .*hostile fails .*: .*(takes|Memory|Error|gives)"):
        ModelFolder.open(hostile)
    assert time.monotonic() - began < 60
    assert peak_bytes() - peak < 2**28, "it was rendered in this process"


def test_a_template_that_wants_messages_in_parts_is_given_them(folder, tmp_path) -> None:
    other = shutil.copytree(folder("listed"), tmp_path / "parts")
    (other / "chat_template.jinja").write_text(
        "{% for m in messages %}<{{ m.role }}>{{ m.content[0]['text'] | upper }}{{ m.content[0].text }}{% endfor %}."
    )
    with pytest.raises(ModelLoadError, match="each once"):
        ModelFolder.open(other)
    (other / "chat_template.jinja").write_text(
        "{% for m in messages %}<{{ m.role }}>{{ m.content[0]['text'].strip() }}{% endfor %}."
    )
    assert prompt_of(ModelFolder.open(other).modules[-1].config) == ("<query>", "<document>", ".")


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
