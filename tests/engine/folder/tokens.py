"""Tokens of a folder's tokenizer: ours by its files and settings, and those of transformers."""

from __future__ import annotations

import json

from embedingest.engine.folder.tokenizer import FastTokenizer
from embedingest.engine.folder.words import word_settings

FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


def changes(folder):
    read = [json.loads((folder / name).read_text()) for name in ("config.json", "tokenizer_config.json")]
    return word_settings(*read)


def ours(folder, texts):
    tokenizer = FastTokenizer(folder / "tokenizer.json", words=changes(folder))
    return [[*tokenizer.prefix, *ids, *tokenizer.suffix] for ids in tokenizer.tokenize(texts)]


def theirs(folder, texts):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    return tokenizer(texts, truncation=False)["input_ids"]


def listed_as(token):
    """An added token as settings state it."""
    return {"content": token.content, **{flag: getattr(token, flag) for flag in FLAGS}}
