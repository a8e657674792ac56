"""The fingerprint: the same digits for the same model in every version, since tables remember them."""

from __future__ import annotations

import os

import pytest

from embedingest.engine.folder.fingerprint import file_hash
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.packaged import PACKAGED
from tests.engine.folder.handmade import BERT, DENSE, POOLING, model


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))


GOLDEN = {
    "plain": ({}, "df69a968f1bcd00224a104260ac9d1a8"),
    "lowered": ({"lower": True}, "f7c5c66028779ca8dfa7f2ce22afbb4b"),
    "cls and mean": ({"pooling": {**POOLING, "pooling_mode": ["cls", "mean"]}}, "560053cbae8beb156bda88a716368f40"),
    "named the old way": (
        {"pooling": {"word_embedding_dimension": 4, "pooling_mode_cls_token": True}},
        "22e8bc95b326fbdea3ebb0ad4d6fb92d",
    ),
    "dense": ({"dense": DENSE}, "7f620c380431b3c7262aa2ac494c3bc1"),
    "other weights": ({"numbers": (1, 2, 3, 5)}, "f40c3ebe3e0cbe46ee22e95513dcf3ec"),
    "other architecture": ({"config": {**BERT, "model_type": "roberta"}}, "d751c28eb53e3c295079534819b2b73d"),
    "other words": (
        {"tokenizer": {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"b": 0}}}},
        "a07e25c9c05eb6e68e706b02ad1b787d",
    ),
}


@pytest.mark.parametrize(("facts", "digits"), GOLDEN.values(), ids=GOLDEN)
def test_the_digits_of_a_model_are_those_that_tables_remember(tmp_path, facts, digits):
    folder = model(tmp_path / "model", **facts)
    assert folder.fingerprint() == f"{digits}:exact"
    assert folder.fingerprint("int8:w8-channel") == f"{digits}:int8:w8-channel"


def test_whatever_changes_a_vector_changes_the_digits():
    assert len({digits for _, digits in GOLDEN.values()}) == len(GOLDEN)


@pytest.mark.parametrize(
    "facts",
    [
        {"config": {**BERT, "transformers_version": "9", "_name_or_path": "elsewhere", "torch_dtype": "float16"}},
        {"tokenizer": {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0}}, "padding": {"length": 9}}},
    ],
    ids=["names and versions", "padding"],
)
def test_what_no_forward_pass_reads_does_not(tmp_path, facts):
    assert model(tmp_path / "model", **facts).fingerprint() == f"{GOLDEN['plain'][1]}:exact"


@pytest.mark.weights
def test_the_digits_of_the_packaged_model_are_those_that_tables_remember():
    path = PACKAGED["all-minilm"].path()
    assert path is not None
    assert ModelFolder.open(path).fingerprint() == "42b49abc36d4205f67e00c79411abe02:exact"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="only Unix knows owners and modes")
@pytest.mark.parametrize("how", ["others may write it", "a link", "another user's"])
def test_a_remembered_hash_that_somebody_else_may_have_written_is_not_taken(tmp_path, caplog, monkeypatch, how):
    file = tmp_path / "weights"
    file.write_bytes(b"weights")
    digest = file_hash(file)
    (note,) = (tmp_path / "cache" / "hashes").iterdir()
    assert note.stat().st_mode & 0o077 == 0
    note.write_text(note.read_text().replace(digest, "f" * 64))
    assert file_hash(file) == "f" * 64, "an own note is taken"
    if how == "others may write it":
        note.chmod(0o666)
    elif how == "a link":
        note.rename(tmp_path / "note")
        note.symlink_to(tmp_path / "note")
    elif os.geteuid() == 0:
        os.chown(note, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: note.stat().st_uid + 1)
    assert file_hash(file) == digest
    assert "a note of the cache is not taken" in caplog.text
