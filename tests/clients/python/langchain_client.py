"""PyPI `langchain-ollama`: always a list, thirteen options that are null."""

import ollama
from langchain_ollama import OllamaEmbeddings

from common import MODEL, TEXT, URL, check

embeddings = OllamaEmbeddings(model=MODEL, base_url=URL, validate_model_on_init=True)
check(
    "langchain-ollama",
    embeddings.embed_query,
    embeddings.embed_documents,
    lambda: OllamaEmbeddings(model="nope", base_url=URL).embed_query(TEXT),
    ollama.ResponseError,
)
