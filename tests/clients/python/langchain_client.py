"""PyPI `langchain-ollama`: always a list, thirteen options that are null. And `langchain-cohere`, which reranks."""

import cohere
import ollama
from langchain_cohere.rerank import CohereRerank
from langchain_core.documents import Document
from langchain_ollama import OllamaEmbeddings

from common import DOCUMENTS, MODEL, QUERY, RERANKER, TEXT, URL, check, check_order

embeddings = OllamaEmbeddings(model=MODEL, base_url=URL, validate_model_on_init=True)
check(
    "langchain-ollama",
    embeddings.embed_query,
    embeddings.embed_documents,
    lambda: OllamaEmbeddings(model="nope", base_url=URL).embed_query(TEXT),
    ollama.ResponseError,
)


def ranked(most, model=RERANKER):
    ranker = CohereRerank(model=model, cohere_api_key="unused", base_url=URL, top_n=most)
    found = ranker.compress_documents([Document(page_content=text) for text in DOCUMENTS], QUERY)
    return [(document.page_content, document.metadata["relevance_score"]) for document in found]


check_order("langchain-cohere", ranked, cohere.NotFoundError, lambda: ranked(1, "nope"))
