"""What is embedded is tokenised once: its tokens come from the count by which the document was cut, and are the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.build.models import open_engine
from embedingest.config import PipelineConfig, SourceConfig
from embedingest.ingest.extract.counted import CountedDocument
from embedingest.ingest.extract.extractor import Extractor
from embedingest.ingest.extract.reading import Job
from embedingest.ingest.rows.recipe import Recipe
from embedingest.types import Chunk

pytestmark = pytest.mark.weights

PIECES = [
    " ",
    "\n",
    "\t",
    "\r\n",
    "word",
    "Größe,",
    "e\u0301",
    "\u0301",
    "\u00a0",
    "\x1c",
    "日本",
    "x" * 120,
    "[SEP]",
    "a-b",
    "##s",
    "ΣΑΣ",
]
texts = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@pytest.fixture(scope="module")
def engine():
    with open_engine() as engine:
        yield engine


@pytest.fixture(scope="module")
def sizer(engine):
    return engine.sizer("all-minilm")


class Heard:
    """A token source that notes how many characters it was given, and for what."""

    parts_at_blanks = True

    def __init__(self, source):
        self.source = source
        self.placed_characters = 0
        self.made = []

    def placed(self, text):
        self.placed_characters += len(text)
        return self.source.placed(text)

    def tokens(self, texts):
        self.made += texts
        return self.source.tokens(texts)


def chunk_of(text, start, end, prefix=""):
    return Chunk(text[start:end], start, end, None, None, prefix=prefix)


@given(
    texts, st.data(), st.sampled_from(["", "passage: ", "passage:", "a\n\n"]), st.sampled_from(["", "Top > Sub\n\n"])
)
def test_the_tokens_of_a_part_are_those_that_the_engine_makes_of_it(sizer, text, data, prompt, prefix):
    places = st.integers(0, len(text))
    cuts = data.draw(st.lists(st.tuples(places, places).map(sorted), max_size=5))
    document = CountedDocument(text, sizer, sizer, prompt)
    whole = data.draw(places)
    for window in (text[:whole], text[whole:]):
        document.starts(window)
    chunks = [chunk_of(text, start, end, prefix) for start, end in cuts]
    wanted = sizer.tokens([prompt + prefix + chunk.text for chunk in chunks])
    assert [list(tokens) for tokens in document.tokens_of(chunks)] == [list(tokens) for tokens in wanted]


def test_a_chunk_that_is_not_what_stands_at_its_place_is_tokenised_by_itself(sizer):
    document = CountedDocument("one two three", sizer, sizer, "")
    document.starts("one two three")
    other = Chunk("two", 8, 13, None, None)
    assert [list(tokens) for tokens in document.tokens_of([other])] == [list(sizer.tokens(["two"])[0])]


@pytest.mark.parametrize("most", [None, 40])
def test_a_document_is_tokenised_once_for_its_cuts_and_for_the_engine(engine, tmp_path, most):
    config = PipelineConfig(
        sources=(SourceConfig(path=tmp_path),), model="all-minilm", chunk={} if most is None else {"max_tokens": most}
    )
    setup = Recipe(config, engine.describe("all-minilm")).setup(engine.sizer("all-minilm"))
    heard = Heard(setup.tokens)
    text = "\n\n".join(f"Paragraph {n}. " + "Plain words of some length stand here. " * 9 for n in range(60))
    (tmp_path / "a.txt").write_text(text)
    extracted = Extractor(replace(setup, tokens=heard)).extract(Job(str(tmp_path), "a.txt", "docs/a.txt"))
    (part,) = extracted.parts
    assert len(part.tokens) == len(part.chunks) > 10
    assert heard.placed_characters == part.characters
    assert heard.made == []
