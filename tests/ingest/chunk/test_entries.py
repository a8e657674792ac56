"""JSON and YAML are cut between their entries, and what is cut says under which keys it stands."""

import json

import pytest

from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.chunk.code import create
from embedingest.ingest.chunk.entries import Entries
from embedingest.types import Document

YAML = """# For the mill
version: 3
services:
  web:
    image: nginx
    ports:
    - "80:80"
    text: |
      note: no key
      of the file
  # The store
  "my db":
    image: postgres
steps:
- name: Build it
  env:
    A: 1
-
  - plain words
---
other: document
"""
JSON = {"servers": [{"name": "web", "tags": {"a": "one two"}}, {"id": 7, "x": []}], "deep": {"er": {"est": 1}}}


def entries(text, language):
    """The first line of each entry with the keys around it."""
    found = Entries(text, language)
    return [
        (text[place:].split("\n", 1)[0].strip(), found.path(place, len(text)))
        for place, _ in found.places(lambda start, end: end - start > 1)
    ]


def test_entries_of_yaml_stand_under_their_keys():
    found = dict(entries(YAML, "yaml"))
    assert found["services:"] == ()
    assert found["ports:"] == ("services", "web")
    assert found["# The store"] == ("services",)
    assert not {"note: no key", "of the file", '"80:80"'} & set(found)
    whole = Entries(YAML, "yaml")
    assert whole.path(YAML.index("      of the file"), len(YAML)) == ("services", "web", "text")
    assert whole.path(YAML.index("    A: 1"), len(YAML)) == ("steps", "Build it", "env")
    assert whole.path(YAML.index("    image: postgres"), len(YAML)) == ("services", "my db")
    assert whole.path(YAML.index("other:"), len(YAML)) == ()


def test_entries_of_json_stand_under_their_keys():
    text = json.dumps(JSON, indent=2)
    whole = Entries(text, "json")
    assert whole.path(text.index('      "tags"'), len(text)) == ("servers", "web")
    assert whole.path(text.index('        "a"'), len(text)) == ("servers", "web", "tags")
    assert whole.path(text.index('      "x"'), len(text)) == ("servers", "7")
    assert whole.path(text.index('      "est"'), len(text)) == ("deep", "er")
    assert not any(line.startswith(("}", "]")) for line, _ in entries(text, "json"))


def cut(text, language, capacity):
    return create().chunk(Document("x", text, "code", language=language), HashingSizer(capacity))


def test_a_record_that_fits_is_not_cut_and_the_keys_above_it_are_embedded_with_it():
    people = [{"name": f"Person {n}", "town": "Leeds", "street": f"{n} Mill Road"} for n in range(40)]
    chunks = cut(json.dumps({"people": people, "size": 40}, indent=2), "json", 96)
    assert len(chunks) > 5
    assert all(chunk.text.lstrip().startswith("{") for chunk in chunks)
    assert {chunk.prefix for chunk in chunks[1:]} <= {"people\n\n"}
    assert chunks[0].text.startswith('{\n  "people": [\n    {\n      "name": "Person 0"')
    assert all(chunk.text.count('"name"') == chunk.text.count('"street"') for chunk in chunks)


def test_what_is_cut_within_an_entry_has_its_keys_in_front():
    steps = "".join(f"      - step {n} of the work\n" for n in range(60))
    chunks = cut(f"jobs:\n  build:\n    steps:\n{steps}", "yaml", 96)
    assert {chunk.prefix for chunk in chunks[1:]} == {"jobs > build > steps\n\n"}
    assert {chunk.metadata["symbol"] for chunk in chunks[1:]} == {"jobs.build.steps"}
    assert chunks[0].text.startswith("jobs:\n  build:\n    steps:\n      - step 0")
    assert all(HashingSizer(0).count(chunk.prefix + chunk.text) <= 96 for chunk in chunks)


@pytest.mark.parametrize("language", ["json", "yaml"])
@pytest.mark.parametrize(
    "text", ["", "\n", "{", "- - - a", "a", ": b", "- |", "\ta: 1\n b: 2", '"', "}\n]", "---\n---"]
)
def test_any_text_is_cut_into_itself(text, language):
    chunks = create(trim=False).chunk(Document("x", text, "code", language=language), HashingSizer(16))
    assert "".join(chunk.text for chunk in chunks).strip() == text.strip()
