"""PyPI `lancedb`: its own `ollama` function, alone and filling a table."""

import tempfile

import lancedb
import ollama
from lancedb.embeddings import get_registry
from lancedb.pydantic import LanceModel, Vector

from common import MODEL, OTHER, TEXT, URL, check

function = get_registry().get("ollama").create(name=MODEL, host=URL, max_retries=0)
check(
    "lancedb",
    lambda text: function.compute_query_embeddings(text)[0],
    function.compute_source_embeddings,
    lambda: get_registry().get("ollama").create(name="nope", host=URL, max_retries=0).compute_query_embeddings(TEXT),
    ollama.ResponseError,
)


class Document(LanceModel):
    """One text and the vector that the function gives it."""

    text: str = function.SourceField()
    vector: Vector(function.ndims()) = function.VectorField()


with tempfile.TemporaryDirectory() as folder:
    table = lancedb.connect(folder).create_table("documents", schema=Document)
    table.add([{"text": TEXT}, {"text": OTHER}, {"text": "a recipe for bread"}])
    assert table.search("colour of the sky").limit(1).to_list()[0]["text"] == TEXT
