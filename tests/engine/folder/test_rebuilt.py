"""Tokenizers that transformers builds anew from words and settings: tokens are its own, whatever tokenizer.json says."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.engine.folder.fingerprint import canonical_tokenizer
from tests.depth import few, much
from tests.engine.folder.tokens import changes, listed_as, ours, theirs

TEXTS = [
    "the sky", " the sky ", "The  SKY", "tab\tthe\n\nsky", "café CAFÉ", "cafe\u0301", "sky-blue!", "", " ", "``the'' sky",
    "don't", "the 42 skies", "<s> sky", "sky<mask> blue", "ﬁne", "\u3000the\u00a0sky", "the▁sky", "123 4567",
]  # fmt: skip
WORDS = [
    "▁the",
    "▁sky",
    "▁",
    "the",
    "sky",
    "▁The",
    "S",
    "K",
    "Y",
    "caf",
    "é",
    "e",
    "▁blue",
    '"',
    "-",
    "!",
    "'",
    "t",
    "4",
]
NO_LETTERS = base64.b64encode((1024).to_bytes(4, "little") + bytes(1024)).decode()  # a table that changes none
LETTERS = {"type": "Precompiled", "precompiled_charsmap": NO_LETTERS}
SPACES = {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": "▁"}
MARKED = {"type": "Metaspace", "replacement": "▁", "add_prefix_space": True}
LEVEL = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}

# Of each class: architecture, words that have their places, and the special tokens around a text.
PIECES = {
    "XLMRobertaTokenizer": ("xlm-roberta", ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<s> $A </s>"),
    "CamembertTokenizer": ("camembert", ["<s>", "<pad>", "</s>", "<unk>", "<s>NOTUSED", "<mask>"], "<s> $A </s>"),
    "T5Tokenizer": ("t5", ["<pad>", "</s>", "<unk>"], "$A </s>"),
    "AlbertTokenizer": ("albert", ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]"], "[CLS] $A [SEP]"),
    "XLNetTokenizer": ("xlnet", ["<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>"], "$A <sep> <cls>"),
    "DebertaV2Tokenizer": ("deberta-v2", ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"], "[CLS] $A [SEP]"),
}
BYTES = {
    "RobertaTokenizer": ("roberta", ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<s> $A </s>"),
    "LongformerTokenizer": ("longformer", ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], "<s> $A </s>"),
    "GPT2Tokenizer": ("gpt2", ["<|endoftext|>"], "$A"),
    "DebertaTokenizer": ("deberta", ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "[MASK]"], "[CLS] $A [SEP]"),
    "GemmaTokenizer": ("gemma3_text", ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"], "<bos> $A <eos>"),
    "Qwen2Tokenizer": ("qwen3", ["<|endoftext|>", "<|im_end|>"], "$A <|endoftext|>"),
}
FAMILIES = {**PIECES, **BYTES}


def model_of(kind):
    from tokenizers import models, pre_tokenizers

    marks = FAMILIES[kind][1]
    if kind in PIECES:
        words = [*dict.fromkeys([*marks, *WORDS, *"abcdehinorsuwxyzTHE"])]
        unknown = next(i for i, word in enumerate(words) if word.lower() in ("<unk>", "[unk]"))
        return models.Unigram([(word, -float(i) / 10) for i, word in enumerate(words)], unk_id=unknown)
    if kind == "GemmaTokenizer":
        words = [*marks, *(f"<0x{number:02X}>" for number in range(256)), *"▁thesky", "th", "the", "▁the", "sk", "sky"]
        merges = [("t", "h"), ("th", "e"), ("▁", "the"), ("s", "k"), ("sk", "y")]
        ids = {word: i for i, word in enumerate(words)}
        return models.BPE(ids, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    words = [*marks, *sorted(pre_tokenizers.ByteLevel.alphabet()), "th", "the", "Ġthe", "sk", "sky", "Ġsky"]
    merges = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("s", "k"), ("sk", "y"), ("Ġ", "sky")]
    return models.BPE({word: i for i, word in enumerate(words)}, merges)


def written(folder, *, kind, stated, steps, architecture=None, listed=None):
    """A tokenizer's files: a tokenizer.json with these steps, and settings that may say something else."""
    from tokenizers import AddedToken, Tokenizer, processors

    own, marks, around = FAMILIES[kind]
    tokenizer = Tokenizer(model_of(kind))
    ids = [(word, tokenizer.token_to_id(word)) for word in around.split() if word != "$A"]
    tokenizer.post_processor = processors.TemplateProcessing(single=around, special_tokens=ids)
    tokenizer.add_special_tokens(marks)
    if listed is not None:
        stated = stated | {"added_tokens_decoder": stated_tokens(tokenizer, listed)}
        tokenizer.add_tokens(["blue!", AddedToken("sky", single_word=True)])
    content = {**json.loads(tokenizer.to_str()), **steps}
    (folder / "tokenizer.json").write_text(json.dumps(content))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind, **stated}))
    (folder / "config.json").write_text(json.dumps({"model_type": architecture or own}))
    return folder


def stated_tokens(tokenizer, listed):
    """The first `listed` added tokens, as settings list them."""
    added = list(tokenizer.get_added_tokens_decoder().items())
    return {str(number): listed_as(token) for number, token in added[:listed]}


FLAG = st.booleans()
OF_PIECES = st.fixed_dictionaries({
    "normalizer": st.sampled_from(
        [None, LETTERS, {"type": "Sequence", "normalizers": [LETTERS, SPACES]}, {"type": "Lowercase"}]
    ),
    "pre_tokenizer": st.sampled_from(
        [MARKED, {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, MARKED]}]
    ),
})  # fmt: skip
OF_BYTES = st.fixed_dictionaries({
    "normalizer": st.sampled_from([None, {"type": "NFC"}, {"type": "Lowercase"}]),
    "pre_tokenizer": st.sampled_from([LEVEL, LEVEL | {"add_prefix_space": False}]),
})  # fmt: skip
STATED = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("add_prefix_space", "do_lower_case", "keep_accents", "split_by_punct"), FLAG)
)


@few(4)
@pytest.mark.deep
@pytest.mark.parametrize("kind", FAMILIES)
@settings(max_examples=much(5, 60))
@given(data=st.data())
def test_tokens_are_those_of_transformers(tmp_path_factory, kind, data):
    steps = data.draw(OF_PIECES if kind in PIECES else OF_BYTES)
    named = data.draw(st.sampled_from([kind, f"{kind}Fast", "PreTrainedTokenizerFast", None]))
    stated = data.draw(STATED) | {"tokenizer_class": named}
    listed = data.draw(st.sampled_from([None, 1, 2, 5]))
    folder = written(tmp_path_factory.mktemp("rebuilt"), kind=kind, stated=stated, steps=steps, listed=listed)
    assert ours(folder, TEXTS) == theirs(folder, TEXTS)


ARCHITECTURES = ("bert", "modernbert", "qwen2", "mpnet", "xlm-roberta", "eurobert", "mistral")
PAIRS = [
    (architecture, kind)
    for architecture in ARCHITECTURES
    for kind in ("RobertaTokenizer", "XLMRobertaTokenizer", "Qwen2Tokenizer")
    if not (architecture == "qwen2" and kind in PIECES)  # its own class cannot take words of such a model
]


@pytest.mark.parametrize(("architecture", "kind"), PAIRS)
def test_the_class_is_the_one_that_transformers_takes(tmp_path, architecture, kind):
    steps = {"normalizer": None, "pre_tokenizer": LEVEL if kind in BYTES else MARKED}
    folder = written(tmp_path, kind=kind, stated={}, steps=steps, architecture=architecture)
    assert ours(folder, TEXTS) == theirs(folder, TEXTS)


def test_an_older_notation_of_the_same_steps_is_the_same_tokenizer(tmp_path):
    older = {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, MARKED]}
    newer = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    for steps in (older, {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, newer]}):
        step = {"normalizer": LETTERS, "pre_tokenizer": steps}
        folder = written(tmp_path, kind="XLMRobertaTokenizer", stated={}, steps=step)
        path = folder / "tokenizer.json"
        assert canonical_tokenizer(path, changes(folder)) == canonical_tokenizer(path)


def test_a_space_before_the_first_word_is_another_tokenizer(tmp_path):
    steps = {"normalizer": None, "pre_tokenizer": LEVEL | {"add_prefix_space": False}}
    prints = set()
    for stated in ({}, {"add_prefix_space": False}, {"add_prefix_space": True}):
        folder = written(tmp_path, kind="RobertaTokenizer", stated=stated, steps=steps)
        prints.add(canonical_tokenizer(folder / "tokenizer.json", changes(folder)))
    assert len(prints) == 2
