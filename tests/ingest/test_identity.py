"""Names and hashes come from content, never from positions, and never collide by accident."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.identity import (
    canonical_json,
    chunk_id,
    config_hash,
    content_hash,
    escape,
    hash_fields,
    occurrences,
    parent_source,
    path_of_source,
    source_name,
    text_hash,
)

file_names = st.binary(min_size=1, max_size=12).filter(lambda raw: not {0, ord("/")} & set(raw)).map(os.fsdecode)


def test_fields_are_length_prefixed() -> None:
    assert hash_fields("ab", "c") != hash_fields("a", "bc")
    assert hash_fields("a", "") != hash_fields("", "a")


def test_hashes_are_of_stated_length() -> None:
    assert len(content_hash(b"")) == 64
    assert len(text_hash("model", "", "text")) == 32
    assert len(chunk_id("source", "hash", 0)) == 32


def test_the_same_text_twice_in_a_document_has_two_ids() -> None:
    assert occurrences(["a", "b", "a", "a"]) == [0, 0, 1, 2]
    assert chunk_id("s", "a", 0) != chunk_id("s", "a", 1)


def test_model_and_prompt_are_part_of_a_text_hash() -> None:
    assert len({text_hash("m", "", "t"), text_hash("n", "", "t"), text_hash("m", "p", "t")}) == 3


@given(file_names, file_names)
def test_no_two_file_names_share_a_source(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@given(st.lists(file_names, min_size=1, max_size=4))
def test_a_source_leads_back_to_its_path(parts: list[str]) -> None:
    relative = "/".join(parts)
    source = source_name("docs", relative)
    source.encode("utf-8")
    assert path_of_source("docs", source) == relative


@pytest.mark.parametrize(
    ("relative", "source"),
    [
        ("a/b.md", "docs/a/b.md"),
        ("", "docs"),
        ("x' OR 'a'='a", "docs/x' OR 'a'='a"),
        ("caf\udce9.md", "docs/caf%E9.md"),
        ("100%.md", "docs/100%.md"),
        ("100%FF.md", "docs/100%25FF.md"),
        ("ü.md", "docs/ü.md"),
    ],
)
def test_only_what_must_be_is_escaped(relative: str, source: str) -> None:
    assert source_name("docs", relative) == source


def test_a_document_inside_another_belongs_to_its_file() -> None:
    assert parent_source("docs/mail.eml!/invoice.pdf") == "docs/mail.eml"
    assert parent_source("docs/mail.eml") == "docs/mail.eml"


def test_equal_mappings_give_equal_json() -> None:
    assert canonical_json({"b": 1, "a": [1, {"z": None, "é": 2**70}]}) == canonical_json(
        {"a": [1, {"é": 2**70, "z": None}], "b": 1}
    )


def test_every_setting_that_applies_is_in_the_config_hash() -> None:
    base = {
        "loader": ("text", "1", {}), "chunker": ("structured", "1", {}), "prompt": "", "capacity": "256", "metadata": {},
    }  # fmt: skip
    others = [
        {"loader": ("html", "1", {})}, {"loader": ("text", "2", {})}, {"loader": ("text", "1", {"a": 1})},
        {"chunker": ("rows", "1", {})}, {"chunker": ("structured", "2", {})}, {"chunker": ("structured", "1", {"a": 1})},
        {"prompt": "p"}, {"capacity": "512"}, {"metadata": {"team": "x"}},
    ]  # fmt: skip
    hashes = {config_hash(**base), *(config_hash(**{**base, **other}) for other in others)}
    assert len(hashes) == 1 + len(others)
