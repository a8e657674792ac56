"""The hashing encoder: near where words are shared, the same on every machine, reversible tokens."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embedingest.engine.encoder import Encoder
from embedingest.engine.hashing import HashingEncoder, create
from embedingest.engine.vectors import cosines, normalise

ENCODER = HashingEncoder()


def embed(*texts):
    return normalise(ENCODER.encode(ENCODER.tokenize(texts)))


def test_it_is_an_encoder():
    assert isinstance(create(), Encoder)


def test_texts_that_share_words_are_nearer_than_those_that_do_not():
    vectors = embed(
        "how to cancel an asyncio task", "cancelling a task in asyncio", "the cat sat quietly on the warm roof"
    )
    near, far = cosines(vectors[:1], vectors[1:2])[0], cosines(vectors[:1], vectors[2:])[0]
    assert near > 0.4 > far + 0.2


def test_case_accents_composed_or_not_and_order_do_not_matter():
    vectors = embed("Café au lait", "CAFE\u0301 AU LAIT", "lait au café")
    np.testing.assert_allclose(cosines(vectors[[0, 0]], vectors[1:]), 1.0, atol=1e-6)


def test_an_empty_text_gives_a_zero_row():
    assert not embed("", "  \n").any()


@given(st.lists(st.text(), max_size=5))
def test_tokens_spell_the_text_again_up_to_white_space(texts):
    for text, tokens in zip(texts, ENCODER.tokenize(texts), strict=True):
        assert "".join(ENCODER.detokenize(tokens).split()) == "".join(text.split())
        assert ENCODER.tokenize([ENCODER.detokenize(tokens)]) == [tokens]


@given(st.text(alphabet=st.characters(codec=None), max_size=60) | st.text(alphabet=st.characters(codec="ascii")))
def test_the_sizer_counts_as_the_encoder_does(text):
    sizer = pickle.loads(pickle.dumps(ENCODER.sizer(100)))
    starts = sizer.starts(text)
    assert sizer.capacity == 100
    assert len(starts) == sizer.count(text) == len(ENCODER.tokenize([text])[0])
    assert starts == sorted(starts)
    assert all(0 <= start < len(text) for start in starts)
    assert sizer.starts(text + " \N{LATIN SMALL LETTER E WITH ACUTE}")[:-1] == starts  # where no text is ASCII alone


def test_dimensions_are_an_option_and_change_the_fingerprint():
    small = HashingEncoder(dimensions=8)
    assert small.encode(small.tokenize(["a b", "c"])).shape == (2, 8)
    assert small.fingerprint != ENCODER.fingerprint


def test_vectors_do_not_depend_on_the_process():
    code = (
        "from embedingest.engine.hashing import create; e = create();"
        "print(e.encode(e.tokenize(['why is the sky blue?'])).tobytes().hex())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    mine = ENCODER.encode(ENCODER.tokenize(["why is the sky blue?"])).tobytes().hex()
    assert other.stdout.strip() == mine
