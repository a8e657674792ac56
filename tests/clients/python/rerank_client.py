"""PyPI `cohere` (both of its interfaces), the rerankers of LlamaIndex for TEI and Cohere, and LangChain's for Jina."""

from __future__ import annotations

import asyncio
from importlib.metadata import version

import cohere
from langchain_community.document_compressors import JinaRerank, jina_rerank
from langchain_core.documents import Document
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.postprocessor.cohere_rerank import CohereRerank
from llama_index.postprocessor.tei_rerank import TextEmbeddingInference

from common import DOCUMENTS, QUERY, RERANKER, URL, check_order

WHERE = {"api_key": "unused", "base_url": URL}


def old(most, model=RERANKER):
    answer = cohere.Client(**WHERE).rerank(
        model=model, query=QUERY, documents=DOCUMENTS, top_n=most, return_documents=True
    )
    return [(result.document.text, result.relevance_score) for result in answer.results]


def new(most, model=RERANKER):
    answer = cohere.ClientV2(**WHERE).rerank(model=model, query=QUERY, documents=DOCUMENTS, top_n=most)
    return [(DOCUMENTS[result.index], result.relevance_score) for result in answer.results]


def awaited(most):
    async def ask():
        return await cohere.AsyncClientV2(**WHERE).rerank(
            model=RERANKER, query=QUERY, documents=DOCUMENTS, top_n=most, max_tokens_per_doc=4096
        )

    return [(DOCUMENTS[result.index], result.relevance_score) for result in asyncio.run(ask()).results]


for interface in (old, new, awaited):
    check_order("cohere", interface, cohere.NotFoundError, lambda: new(1, "nope"))


def of_nodes(ranker):
    nodes = [NodeWithScore(node=TextNode(text=text), score=0.0) for text in DOCUMENTS]
    found = ranker.postprocess_nodes(nodes, query_bundle=QueryBundle(QUERY))
    return [(node.node.get_content(), node.score) for node in found]


def llama_cohere(most, model=RERANKER):
    return of_nodes(CohereRerank(top_n=most, model=model, **WHERE))


check_order(
    "llama-index-postprocessor-cohere-rerank", llama_cohere, cohere.NotFoundError, lambda: llama_cohere(1, "nope")
)
# This one names no model in its request: the server takes its only reranker.
tei = of_nodes(TextEmbeddingInference(base_url=URL, top_n=3, model_name=RERANKER))
assert [text for text, _ in tei] == [text for text, _ in new(3)], tei
print(f"llama-index-postprocessor-tei-rerank {version('llama-index-postprocessor-tei-rerank')}: reranks: ok")


def jina(most):
    ranker = JinaRerank(model=RERANKER, jina_api_key="unused", top_n=most)
    found = ranker.compress_documents([Document(page_content=text) for text in DOCUMENTS], QUERY)
    return [(document.page_content, document.metadata["relevance_score"]) for document in found]


jina_rerank.JINA_API_URL = f"{URL}/v1/rerank"  # which it takes from nowhere else
found = jina(3)
assert [text for text, _ in found] == [text for text, _ in new(3)], found
print(f"langchain-community {version('langchain-community')}, Jina's reranker: ok")
