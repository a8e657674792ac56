"""What travels between processes comes back as it was, and is pickled as one call with its fields."""

import copy
import pickle
from dataclasses import dataclass, fields

import pytest

from embedingest.ingest.extract.extractor import Extracted, Part
from embedingest.ingest.extract.reading import Job
from embedingest.ingest.scan.files import FileFacts
from embedingest.types import Chunk, Document, Span

SPAN = Span(0, 4, "page", 1)
DOCUMENT = Document("d/a.md", "text", spans=(SPAN,), metadata={"k": [1, 2]}, notices={"empty": 1}, title="T")
CHUNK = Chunk("text", 0, 4, 1, 1, heading_path=("A", "B"), metadata={"cell": 3})
PART = Part(DOCUMENT, (CHUNK,), 4, "text", "1")
FACTS = FileFacts(1, 2, 3, 4, 5, 6)
VALUES = [
    SPAN,
    DOCUMENT,
    CHUNK,
    PART,
    Job("/r", "a.md", "d/a.md", 7),
    Extracted("d/a.md", "h", FACTS, FACTS, parts=(PART,)),
]


@dataclass(frozen=True, slots=True)
class TitledChunk(Chunk):
    """As an author of a plug-in may have it."""

    label: str = ""


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_as_it_was(value):
    assert pickle.loads(pickle.dumps(value, pickle.HIGHEST_PROTOCOL)) == value
    assert copy.copy(value) == value


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_value_is_pickled_as_a_call_with_its_fields(value):
    values = tuple(getattr(value, field.name) for field in fields(value))
    assert value.__reduce__() == (type(value), values)


def test_a_kind_of_its_own_keeps_what_it_has_beside():
    value = TitledChunk("text", 0, 4, 1, 1, label="fig. 3")
    assert pickle.loads(pickle.dumps(value)) == value
