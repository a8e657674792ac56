"""PyPI `llama-index-embeddings-ollama`: a string for one text, a list for many."""

import ollama
from llama_index.embeddings.ollama import OllamaEmbedding

from common import MODEL, TEXT, URL, check

embedding = OllamaEmbedding(model_name=MODEL, base_url=URL)
check(
    "llama-index-embeddings-ollama",
    embedding.get_query_embedding,
    embedding.get_text_embedding_batch,
    lambda: OllamaEmbedding(model_name="nope", base_url=URL).get_query_embedding(TEXT),
    ollama.ResponseError,
)
