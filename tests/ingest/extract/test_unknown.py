"""Words in a script that the model has no tokens for are told; all others cost nothing and say nothing."""

import pytest

from embedingest.build.models import open_engine
from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.chunk.capped import CappedSizer
from embedingest.ingest.extract.unknown import unknown_tokens


@pytest.fixture(scope="module")
def sizer():
    engine = open_engine()
    try:
        yield engine.sizer("all-minilm")
    finally:
        engine.close()


@pytest.mark.weights
@pytest.mark.parametrize("text", ["Plain words.", "Größe, naïve façade, Ελλάδα, Москва", "日本", "", "a 😀 b → c"])
def test_known_scripts_are_not_counted(sizer, text):
    assert unknown_tokens(text, sizer) == 0


@pytest.mark.weights
def test_words_of_an_unknown_script_are_counted(sizer):
    assert unknown_tokens("Words ᚠᚢᚦ ᚨᚱᚲ and words", sizer) == 2
    assert unknown_tokens("Words ᚠᚢᚦ ᚨᚱᚲ and words", CappedSizer(sizer, 20)) == 2


def test_a_sizer_that_cannot_say_counts_nothing():
    assert unknown_tokens("ᚠᚢᚦ", HashingSizer(20)) == 0
    assert unknown_tokens("ᚠᚢᚦ", CappedSizer(HashingSizer(20), 10)) == 0
