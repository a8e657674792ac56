"""Where tokenizer.json and tokenizer_config.json disagree, tokens are those of transformers."""

from __future__ import annotations

import json
import pickle
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.engine.folder.fingerprint import canonical_tokenizer
from embedingest.engine.folder.tokenizer import FastTokenizer
from tests.depth import much
from tests.engine.folder.tokens import FLAGS, changes, listed_as, ours, theirs

MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
MPNET_MARKS = ["<s>", "</s>", "<pad>", "<mask>"]
WORDS = [
    "the", "sky", "The", "Sky", "café", "cafe", "caf", "##é", "##e", "e", "é", "天", "空", "天空", "##空", "new", "##x",
    "is", "blue", "BLUE", "naive", "naïve", "!", ".", "-", "don", "'", "t", "ß", "ss", "İ", "i", "straße", "x", "1", "##1",
]  # fmt: skip
TEXTS = [
    "the sky", "The Sky", "THE SKY IS BLUE", "café", "cafe\u0301", "CAFÉ!", "naïve naive", "天空", "天空 is blue", "the天空sky",
    "空天", "", " ", "x", "xx", "x1 11", "new.x", "don't", "straße STRASSE", "İi", "a\u0000b", "the\u200bsky", "tab\tthe\nsky",
    "[MASK]", "the [SEP] sky", "[mask]", "blue<mask>", "<s> sky </s>", "EXTRA extra", "the extra sky", "sky-blue", "!..",
    "the" * 40, "x" * 101, "é" * 30, "\u00a0the\u3000sky", "𠀀天", "the sky is blue " * 20,
]  # fmt: skip


def pieces(*, lowercase, accents, chinese, clean):
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocabulary = {word: i for i, word in enumerate([*MARKS, *MPNET_MARKS, *WORDS])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(
        lowercase=lowercase, strip_accents=accents, handle_chinese_chars=chinese, clean_text=clean
    )
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return tokenizer, processors, vocabulary


def written(folder, *, architecture, kind, stated, extra, **flags):
    """A tokenizer's files: a tokenizer.json by the flags, and settings that may say something else."""
    tokenizer, processors, ids = pieces(**flags)
    first, last = ("<s>", "</s>") if architecture == "mpnet" else ("[CLS]", "[SEP]")
    marks = [(name, ids[name]) for name in (first, last)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{first} $A {last}", special_tokens=marks)
    tokenizer.add_special_tokens([*MARKS, *(MPNET_MARKS if architecture == "mpnet" else ())])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {**stated, **({} if kind is None else {"tokenizer_class": kind})}
    if extra:
        held = {str(i): listed_as(token) for i, token in tokenizer.get_added_tokens_decoder().items()}
        more = {str(len(ids)): named("extra", normalized=False), str(ids["new"]): named("new", single_word=True)}
        settings["added_tokens_decoder"] = held | more
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "config.json").write_text(json.dumps({"model_type": architecture}))
    return folder


def named(word, **flags):
    return {"content": word, **dict.fromkeys(FLAGS, False), **flags}


FLAG = st.booleans()
MAYBE = st.sampled_from([None, True, False])
CASES = st.fixed_dictionaries({
    "architecture": st.sampled_from(["bert", "mpnet", "distilbert", "modernbert"]),
    "kind": st.sampled_from([None, "own", "ownFast", "PreTrainedTokenizerFast"]),
    "lowercase": FLAG, "accents": MAYBE, "chinese": FLAG, "clean": FLAG, "extra": FLAG,
    "stated": st.fixed_dictionaries(
        {}, optional={"do_lower_case": FLAG, "strip_accents": MAYBE, "tokenize_chinese_chars": FLAG}
    ),
})  # fmt: skip
OWN = {"bert": "BertTokenizer", "mpnet": "MPNetTokenizer", "distilbert": "DistilBertTokenizer"}


@pytest.mark.deep
@settings(max_examples=much(25, 150))
@given(case=CASES)
def test_tokens_are_those_of_transformers(tmp_path_factory, case):
    kind = case["kind"]
    if kind is not None and kind.startswith("own"):
        kind = OWN.get(case["architecture"], "BertTokenizer") + kind.removeprefix("own")
    folder = written(tmp_path_factory.mktemp("words"), **case | {"kind": kind})
    assert ours(folder, TEXTS) == theirs(folder, TEXTS)


SAID = {
    "architecture": "bert",
    "kind": "BertTokenizer",
    "accents": None,
    "chinese": True,
    "clean": True,
    "extra": False,
}


def test_settings_that_agree_leave_the_fingerprint_as_it_was(tmp_path):
    folder = written(tmp_path, **SAID, lowercase=True, stated={"do_lower_case": True})
    assert changes(folder)
    assert canonical_tokenizer(folder / "tokenizer.json", changes(folder)) == canonical_tokenizer(
        folder / "tokenizer.json"
    )


@cache
def plain(path):
    return canonical_tokenizer(path)


@pytest.mark.parametrize(
    "stated", [{"do_lower_case": False}, {"strip_accents": False}, {"tokenize_chinese_chars": False}], ids=str
)
def test_settings_that_change_tokens_change_the_fingerprint_and_the_sizer(tmp_path, stated):
    folder = written(tmp_path, **SAID, lowercase=True, stated=stated)
    path = folder / "tokenizer.json"
    assert canonical_tokenizer(path, changes(folder)) != plain(path)
    tokenizer = FastTokenizer(path, words=changes(folder))
    sizer = pickle.loads(pickle.dumps(tokenizer.sizer(64)))
    assert [sizer.count(text) for text in TEXTS] == [len(ids) for ids in tokenizer.tokenize(TEXTS)]
    assert tokenizer.tokenize(TEXTS) != FastTokenizer(path).tokenize(TEXTS)


@pytest.mark.parametrize(
    "listed", [7, [], {"x": 1}, {"4": "text"}, {"4": {"content": 3}}, {"4": {}}, {"-1": {"content": "a"}}], ids=str
)
def test_lists_of_added_tokens_that_are_none_are_left_out(tmp_path, listed):
    folder = written(tmp_path, **SAID, lowercase=True, stated={"added_tokens_decoder": listed})
    assert FastTokenizer(folder / "tokenizer.json", words=changes(folder)).tokenize(["the sky"])
