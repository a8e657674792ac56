"""Names and hashes come from content, never from positions, and never collide by accident."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import embedingest
from embedingest.ingest.identity import (
    Source,
    below,
    canonical_json,
    chunk_id,
    config_hash,
    content_hash,
    escape,
    hash_fields,
    inside,
    occurrences,
    parent_source,
    path_of_source,
    source_name,
    speller,
    text_hash,
)

file_names = st.binary(min_size=1, max_size=12).filter(lambda raw: not {0, ord("/")} & set(raw)).map(os.fsdecode)

# Names made of what a spelling could mistake, and any others; halves of pairs too, which Windows and archives allow.
_MISTAKABLE = st.text(st.sampled_from("!/%2510AuD8é\0\ud800\udce9"), max_size=10)
_anything = _MISTAKABLE | st.text(max_size=8) | file_names
_aliases = st.text(st.sampled_from("!%21a5"), min_size=1, max_size=8) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="/\0"), min_size=1, max_size=6
)
_paths = _anything.filter(lambda path: not path.startswith("/"))
_sources = st.builds(Source, _aliases, _paths, st.lists(_anything, max_size=3).map(tuple))


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


@given(_sources)
def test_a_source_is_spelled_and_parsed_without_loss(source: Source) -> None:
    spelled = source.spelled
    spelled.encode("utf-8")
    assert "\0" not in spelled.removeprefix(source.alias)
    assert Source.parse(spelled) == source
    assert Source.parse(spelled).spelled == spelled


@given(_sources, _sources)
def test_no_two_documents_share_a_source(one: Source, other: Source) -> None:
    assert (one.spelled == other.spelled) == (one == other)


@given(_aliases, file_names)
def test_many_paths_are_spelled_as_one_is(alias: str, path: str) -> None:
    assert speller(alias)(path) == source_name(alias, path)


def test_no_other_module_knows_how_a_source_is_spelled() -> None:
    package = Path(embedingest.__file__).parent
    modules = [path for path in package.rglob("*.py") if path.relative_to(package).as_posix() != "ingest/identity.py"]
    assert [path.name for path in modules if '"!/"' in path.read_text("utf-8")] == []


@given(_sources, _anything)
def test_a_document_inside_another_is_its_files(source: Source, name: str) -> None:
    child = inside(source.spelled, name)
    assert Source.parse(child) == source._replace(members=(*source.members, name))
    assert parent_source(child) == source_name(source.alias, source.path)


@given(_aliases, st.lists(file_names, min_size=1, max_size=3), st.lists(file_names, min_size=1, max_size=3))
def test_what_lies_below_a_folder_begins_as_it_says(alias: str, folder: list[str], other: list[str]) -> None:
    prefix, path = below(source_name(alias, "/".join(folder))), "/".join(other)
    assert source_name(alias, path).startswith(prefix) == path.startswith("/".join(folder) + "/")
    assert source_name(alias, "/".join(folder + other)).startswith(prefix)
    assert source_name(alias, path).startswith(below(source_name(alias, "")))


@pytest.mark.parametrize(
    ("source", "spelled"),
    [
        (Source("docs", "Yahoo!/a.md"), "docs/Yahoo%21/a.md"),
        (Source("docs", "Yahoo%21/a.md"), "docs/Yahoo%2521/a.md"),
        (Source("docs", "hooray!"), "docs/hooray!"),
        (Source("docs", "100%.md"), "docs/100%.md"),
        (Source("docs", "%21"), "docs/%2521"),
        (Source("Yahoo!", "a.md"), "Yahoo%21/a.md"),
        (Source("hooray!"), "hooray!"),
        (Source("100%25AB", "a.md"), "100%25AB/a.md"),
        (Source("docs", "z.zip", ("a/b.md",)), "docs/z.zip!/a/b.md"),
        (Source("docs", "z!", ("a!/b.md", "end!")), "docs/z!!/a%21/b.md!/end!"),
        (Source("may.eml", "", ("caf\udce9",)), "may.eml!/caf%E9"),
    ],
)
def test_ordinary_names_are_spelled_as_they_are(source: Source, spelled: str) -> None:
    assert (source.spelled, Source.parse(spelled)) == (spelled, source)


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
