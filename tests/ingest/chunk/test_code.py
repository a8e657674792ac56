"""Source code falls apart where a programmer would cut it, and every piece knows its names."""

import pytest

from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.chunk.code import create
from embedingest.ingest.chunk.syntax import GRAMMARS, parse
from embedingest.types import Document

PYTHON = '''import os

LIMIT = 3


# About the mill.
@decorated
class Mill:
    """Größe: groß."""

    def grind(self, sacks):
        # how it grinds
        return sacks * 40

    def stop(self):
        return None


def richest(mills):
    return max(mills)
'''


def cut(text, language, capacity=24, **settings):
    return create(**settings).chunk(Document("x", text, "code", language=language), HashingSizer(capacity))


def test_functions_stay_whole_and_know_their_names():
    chunks = cut(PYTHON, "python", capacity=18)
    symbols = [(chunk.metadata.get("symbol"), chunk.heading_path) for chunk in chunks]
    assert ("Mill.grind", ("Mill", "grind")) in symbols
    assert any("def stop(self):\n        return None" in chunk.text for chunk in chunks)
    assert sum("def richest(mills):\n    return max(mills)" in chunk.text for chunk in chunks) == 1


def test_comments_and_decorators_stay_with_what_they_are_about():
    chunks = cut(PYTHON, "python")
    assert any("# About the mill.\n@decorated\nclass Mill:" in chunk.text for chunk in chunks)


def test_a_small_file_is_one_chunk():
    assert [chunk.text for chunk in cut(PYTHON, "python", capacity=500)] == [PYTHON.strip()]


def test_names_around_a_chunk_can_be_embedded_in_front():
    body = "\n".join(f"        step_{n} = sacks * {n}" for n in range(30))
    chunks = cut(f"class Mill:\n    def grind(self, sacks):\n{body}\n", "python", capacity=60, heading_prefix=True)
    assert {chunk.prefix for chunk in chunks[1:]} == {"Mill > grind\n\n"}
    assert all(HashingSizer(0).count(chunk.prefix + chunk.text) <= 60 for chunk in chunks)


SOURCES = {
    "bash": ("greet() {\n  echo hi\n}\n", "greet"),
    "c": ("int grind(int sacks) {\n  return sacks;\n}\n", "grind"),
    "cpp": ("class Mill {\n  int wheels;\n};\n", "Mill"),
    "csharp": ("class Mill {\n  int Wheels;\n}\n", "Mill"),
    "go": ("func Grind(sacks int) int {\n\treturn sacks\n}\n", "Grind"),
    "java": ("class Mill {\n  int grind() {\n    return 1;\n  }\n}\n", "Mill"),
    "javascript": ("function grind(sacks) {\n  return sacks;\n}\n", "grind"),
    "php": ("<?php\nfunction grind($sacks) {\n  return $sacks;\n}\n", "grind"),
    "python": ("def grind(sacks):\n    return sacks\n", "grind"),
    "ruby": ("def grind(sacks)\n  sacks\nend\n", "grind"),
    "rust": ("impl Mill {\n    fn grind(&self) -> u8 {\n        1\n    }\n}\n", "Mill"),
    "tsx": ("function Grind() {\n  return <p>flour</p>;\n}\n", "Grind"),
    "typescript": ("interface Mill {\n  wheels: number;\n}\n", "Mill"),
}


def test_every_grammar_is_tried():
    assert set(SOURCES) == set(GRAMMARS)


@pytest.mark.parametrize("language", sorted(SOURCES))
def test_each_language_names_its_definitions(language):
    source, symbol = SOURCES[language]
    assert cut(source, language, capacity=100)[0].metadata["symbol"] == symbol


def test_a_language_without_a_grammar_is_cut_between_its_definitions():
    source = "\n\n".join(f"let f{n} x =\n  x + {n}\n\n  |> ignore" for n in range(20)) + "\n"
    chunks = cut(source, "ocaml")
    assert len(chunks) > 3
    assert all(chunk.text.startswith("let f") for chunk in chunks)


def test_a_source_nested_very_deep_is_cut():
    chunks = cut("x = " + "(" * 20_000 + "1" + ")" * 20_000 + "\n", "python")
    assert "".join(chunk.text for chunk in chunks).count("(") == 20_000


def test_a_source_above_the_limit_is_cut_without_its_syntax():
    assert parse(PYTHON, "python", max_bytes=10) is None


def test_every_chunk_says_its_language():
    assert {chunk.metadata["language"] for chunk in cut(PYTHON, "python")} == {"python"}
    assert {chunk.metadata["language"] for chunk in cut("fn a() {}\n", "zig")} == {"zig"}
    assert cut("words\n", None)[0].metadata == {}


def test_lines_that_go_on_and_on_are_cut_without_a_syntax_that_takes_for_ever():
    assert parse("x = 1 + \\\n  2\n" * 30, "python", 2**20) is not None
    for piece, language in (("\\\n", "python"), ("a\\\n", "python"), ("a\\\n", "c"), ("<<A\n", "bash")):
        chunks = cut(piece * 6_000, language, capacity=60)
        assert "".join("".join(chunk.text for chunk in chunks).split()) == "".join((piece * 6_000).split())
