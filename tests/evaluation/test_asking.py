"""What an evaluation asks of the models: each question once, however many modes it is put in."""

from __future__ import annotations

import pytest

import embedingest
from embedingest.errors import ConfigError
from embedingest.evaluation.evaluate import evaluate
from embedingest.evaluation.questions import Question
from embedingest.query import Searcher
from embedingest.store.table import open_table
from tests.depth import only_deep
from tests.engine.shelf import Watched, engine_of

QUESTIONS = [Question(str(n), f"where does walrus {n} sleep", {f"docs/{n}.md": 1}) for n in range(5)]


@pytest.fixture
def encoders():
    return []


@pytest.fixture
def searcher(tmp_path, encoders):
    """Over a table of five documents, with an engine whose encoders are noted."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(5):
        (docs / f"{number}.md").write_text(f"Walrus {number} sleeps on floe {number}.\n")
    embedingest.ingest(docs, model="hashing", db=tmp_path / "db", state=tmp_path / "state")

    def made():
        encoders.append(Watched())
        return encoders[-1]

    def open_it():
        return open_table(str(tmp_path / "db"), "chunks")

    with engine_of(tmp_path / "data", {"m": made}) as engine, Searcher(open_it, lambda: engine, "m") as opened:
        yield opened


def test_each_question_is_embedded_once_for_all_modes_and_with_the_others(searcher, encoders):
    known = []
    told = evaluate(searcher, QUESTIONS, on_mode=lambda mode, ndcg: known.append((mode, ndcg)))
    [encoder] = encoders
    texts = [text for batch in encoder.batches for text in batch]
    assert sorted(texts) == [question.text for question in QUESTIONS]
    assert len(encoder.batches) < len(QUESTIONS)
    assert known == [(mode, pytest.approx(scores["ndcg@10"].mean())) for mode, scores in told.modes.items()]
    assert [mode for mode, _ in known] == ["hybrid", "vector", "text"]


@only_deep
def test_the_figures_are_those_of_searches_one_by_one(searcher):
    told = evaluate(searcher, QUESTIONS, modes=["vector"])
    for question, score in zip(QUESTIONS, told.modes["vector"]["mrr@10"], strict=True):
        found = [hit.source for hit in searcher.search(question.text, mode="vector", group=True)]
        assert score == pytest.approx(1 / (1 + found.index(next(iter(question.relevant)))))


def test_a_filter_that_is_none_is_refused_before_a_model_is_loaded(searcher, encoders):
    with pytest.raises(ConfigError):
        evaluate(searcher, QUESTIONS, filter="nothing = 'x'")
    assert encoders == []
