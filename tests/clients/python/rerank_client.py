"""PyPI `cohere` (both of its interfaces), and the rerankers of LlamaIndex and LangChain for TEI and Jina.

The model's weights are random: what is held is that every client reads the same order.
"""

from __future__ import annotations

from importlib.metadata import version

import cohere
from langchain_community.document_compressors import JinaRerank, jina_rerank
from langchain_core.documents import Document
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.postprocessor.tei_rerank import TextEmbeddingInference

from common import URL

MODEL = "tiny-reranker"
QUERY = "the sky is blue"
DOCUMENTS = ["the sea is blue", "a cat sat on warm roof", "light", "rain fell over hills"]

old = cohere.Client("unused", base_url=URL).rerank(model=MODEL, query=QUERY, documents=DOCUMENTS, return_documents=True)
order = [result.index for result in old.results]
assert sorted(order) == [0, 1, 2, 3]
assert [result.document.text for result in old.results] == [DOCUMENTS[index] for index in order]
new = cohere.ClientV2("unused", base_url=URL).rerank(model=MODEL, query=QUERY, documents=DOCUMENTS, top_n=3)
assert [result.index for result in new.results] == order[:3]
try:
    cohere.ClientV2("unused", base_url=URL).rerank(model="nope", query=QUERY, documents=DOCUMENTS)
except cohere.NotFoundError as error:
    assert "not found" in str(error), error
else:
    raise SystemExit("cohere: an unknown model was not refused")
print(f"cohere {version('cohere')}: both interfaces, unknown model: ok")

nodes = [NodeWithScore(node=TextNode(text=text), score=0.0) for text in DOCUMENTS]
tei = TextEmbeddingInference(base_url=URL, top_n=3, model_name=MODEL)
ranked = tei.postprocess_nodes(nodes, query_bundle=QueryBundle(QUERY))
assert [node.node.get_content() for node in ranked] == [DOCUMENTS[index] for index in order[:3]], ranked
name = "llama-index-postprocessor-tei-rerank"
print(f"{name} {version(name)}: ok")

jina = JinaRerank(model=MODEL, jina_api_key="unused", top_n=3)
jina_rerank.JINA_API_URL = f"{URL}/v1/rerank"  # which it takes from nowhere else
found = jina.compress_documents([Document(page_content=text) for text in DOCUMENTS], QUERY)
assert [document.page_content for document in found] == [DOCUMENTS[index] for index in order[:3]], found
print(f"langchain-community {version('langchain-community')}, Jina's reranker: ok")
