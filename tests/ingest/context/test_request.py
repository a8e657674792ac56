"""What is asked about a chunk is named by its content, and what is answered fits in front of it, whatever it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.config import ContextConfig
from embedingest.engine.hashing import HashingSizer
from embedingest.ingest.context.front import FrontSettings
from embedingest.ingest.context.request import MOST_CHARACTERS, AnswerError, requests_of, sentence_of, with_sentences
from embedingest.ingest.extract.values import Extracted, Part
from embedingest.ingest.scan.files import FileFacts
from embedingest.types import Chunk, Document

COMMAND = ContextConfig(command=("writer",), document_characters=20)
FACTS = FileFacts(0, 0, 0, 0, 0, 0o100644)
TEXT = "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda"


def chunk_of(start: int, end: int, text: str = TEXT, prefix: str = "") -> Chunk:
    return Chunk(text[start:end], start, end, 1, 1, heading_path=("Head",), prefix=prefix)


def extracted(*chunks: Chunk, text: str = TEXT, source: str = "docs/a.md", title: str | None = "T") -> Extracted:
    document = Document(source=source, text=text, title=title)
    return Extracted(source, "hash", FACTS, FACTS, parts=(Part(document, chunks, len(text), "structured", "1"),))


def key_of(file: Extracted, context: ContextConfig = COMMAND) -> str:
    (request,) = requests_of(file, context)
    return request.key


def test_the_request_has_what_stands_around_the_chunk():
    (request,) = requests_of(extracted(chunk_of(23, 30)), COMMAND)
    assert json.loads(request.body) == {
        "source": "docs/a.md",
        "title": "T",
        "headings": ["Head"],
        "document": TEXT[13:40],
        "chunk": TEXT[23:30],
    }
    (request,) = requests_of(extracted(chunk_of(0, 5)), replace_of(document_characters=0))
    assert json.loads(request.body)["document"] == ""
    (request,) = requests_of(extracted(chunk_of(0, 5)), replace_of(document_characters=10_000_000))
    assert json.loads(request.body)["document"] == TEXT


def replace_of(**changes: object) -> ContextConfig:
    return ContextConfig(**{"command": ("writer",), "document_characters": 20, **changes})


def test_content_names_a_request_and_the_place_of_the_document_does_not():
    key = key_of(extracted(chunk_of(23, 30)))
    assert key == key_of(extracted(chunk_of(23, 30), source="elsewhere/b.md"))
    assert key == key_of(extracted(chunk_of(23, 30), text=TEXT + " far away"))
    assert key == key_of(extracted(chunk_of(23, 30)), replace_of(timeout_seconds=5, concurrency=9, max_tokens=9))
    others = [
        key_of(extracted(chunk_of(23, 30), title="U")),
        key_of(extracted(replace(chunk_of(23, 30), heading_path=("Other",)))),
        key_of(extracted(chunk_of(23, 31))),
        key_of(extracted(chunk_of(23, 30), text=TEXT.replace("zeta", "beta"))),
        key_of(extracted(chunk_of(23, 30)), replace_of(command=("writer", "--other"))),
        key_of(extracted(chunk_of(23, 30)), replace_of(document_characters=22)),
        key_of(extracted(chunk_of(23, 30)), ContextConfig(url="http://writer/", document_characters=20)),
    ]
    assert len({key, *others}) == 1 + len(others)


@given(st.binary(max_size=200))
def test_a_sentence_is_one_line_of_printable_words_or_an_error(answer):
    try:
        sentence = sentence_of(answer, "writer")
    except AnswerError as error:
        assert str(error).startswith("writer answered")
        return
    assert sentence == " ".join(sentence.split())
    assert 0 < len(sentence) <= MOST_CHARACTERS
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 for letter in sentence)
    assert sentence_of(sentence.encode(), "writer") == sentence


@given(
    st.lists(st.text("ab ß日.\n", max_size=60), min_size=1, max_size=4),
    st.text("ab ß日.", min_size=1, max_size=400),
    st.integers(3, 40),
)
@settings(max_examples=200, deadline=None)
def test_a_sentence_and_its_chunk_fit_and_the_chunk_stays_the_documents(pieces, words, window):
    text = "\n".join(pieces)
    sizer = HashingSizer(window)
    ends = [sum(map(len, pieces[: index + 1])) + index for index in range(len(pieces))]
    chunks = [chunk_of(end - len(piece), end, text, "Head\n\n") for piece, end in zip(pieces, ends, strict=True)]
    file = extracted(*chunks, text=text)
    keys = [request.key for request in requests_of(file, COMMAND)]
    sentence = " ".join(words.split()) or "x"
    put = with_sentences(file, keys, dict.fromkeys(keys, sentence), FrontSettings(window, window // 3), sizer)
    (part,) = put.parts
    whole = 0
    for before, after in zip(chunks, part.chunks, strict=True):
        assert text[after.start : after.end] == after.text == before.text
        assert after.prefix.endswith(before.prefix)
        assert sizer.count(after.prefix + after.text) <= max(window, sizer.count(before.prefix + before.text))
        whole += after.prefix == f"{sentence}\n\n{before.prefix}"
    assert part.document.notices.get("context_cut", 0) == len(chunks) - whole
    assert part.document.text == ""


@pytest.mark.parametrize("sentences", [{}, {"another": "x"}])
def test_without_a_sentence_a_chunk_is_as_it_was(sentences):
    file = extracted(chunk_of(0, 5), chunk_of(6, 10))
    keys = [request.key for request in requests_of(file, COMMAND)]
    put = with_sentences(file, keys, sentences, FrontSettings(30, 10), HashingSizer(30))
    assert put.parts[0].chunks == file.parts[0].chunks
    assert not put.parts[0].document.notices
