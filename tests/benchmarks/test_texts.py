"""What the benchmarks embed: real pieces of mixed length that fit the window, and queries of exactly ten tokens."""

import importlib
import sys
from pathlib import Path

import pytest

from embedingest.engine.packaged import PACKAGED
from tests.depth import only_deep

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
pytestmark = pytest.mark.weights


@pytest.fixture
def corpora(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("texts")
    sys.modules.pop("texts")


@pytest.fixture
def vocabulary():
    return PACKAGED["all-minilm"].path() / "tokenizer.json"


@only_deep
def test_pieces_differ_fit_the_window_and_have_every_length(corpora, vocabulary):
    pieces = corpora.chunks(None, 1000, vocabulary, 256)
    lengths = [len(found.ids) for found in corpora.whole(vocabulary).encode_batch(pieces)]
    assert len(set(pieces)) == 1000
    assert max(lengths) <= 256
    assert all(sum(low <= n < low + 64 for n in lengths) >= 50 for low in (0, 64, 128, 192))
    assert pieces == corpora.chunks(None, 1000, vocabulary, 256)


def test_queries_have_ten_tokens_and_no_two_are_alike(corpora, vocabulary):
    queries = corpora.queries(corpora.documents(None), 300, vocabulary)
    lengths = {len(found.ids) for found in corpora.whole(vocabulary).encode_batch(queries)}
    assert (len(set(queries)), lengths) == (300, {10})
