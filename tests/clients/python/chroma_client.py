"""PyPI `chromadb`: its embedding functions for Ollama and OpenAI, alone and filling a collection."""

import chromadb
from chromadb.config import Settings
from chromadb.utils.embedding_functions import OllamaEmbeddingFunction, OpenAIEmbeddingFunction
from ollama import ResponseError

from common import MODEL, OTHER, TEXT, URL, check, near

function = OllamaEmbeddingFunction(url=URL, model_name=MODEL)
check(
    "chromadb",
    lambda text: function([text])[0],
    function,
    lambda: OllamaEmbeddingFunction(url=URL, model_name="nope")([TEXT]),
    ResponseError,
)
openai = OpenAIEmbeddingFunction(api_key="unused", api_base=f"{URL}/v1", model_name=MODEL)
assert near(openai([TEXT])[0], function([TEXT])[0]) > 0.999999
client = chromadb.EphemeralClient(Settings(anonymized_telemetry=False))
collection = client.create_collection("documents", embedding_function=function)
collection.add(ids=["1", "2", "3"], documents=[TEXT, OTHER, "a recipe for bread"])
assert collection.query(query_texts=["colour of the sky"], n_results=1)["ids"] == [["1"]]
