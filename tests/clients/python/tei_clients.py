"""Clients of TEI: PyPI `tei-client`, `huggingface-hub`, and the embeddings of LlamaIndex over TEI.

None of them names a model in its body: the server's one embedding model is meant, or the one that the address names.
LangChain's embeddings over TEI take no address any more.
"""

from __future__ import annotations

import asyncio
import os
from importlib.metadata import version

os.environ["HF_HUB_OFFLINE"] = "0"  # it refuses any address otherwise; only the server under trial is asked

from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
from llama_index.embeddings.text_embeddings_inference import TextEmbeddingsInference
from tei_client import HttpClient
from tei_client.models import ModelType

from common import DOCUMENTS, LONG, MODEL, QUERY, RERANKER, TEXT, URL, check, check_order, near

ANOTHER = "/embed?model=nope"

client, reranker = HttpClient(URL), HttpClient(URL, params={"model": RERANKER})
told = client.info()
assert client.health()
assert told.server_model_id.startswith(MODEL), told
assert (told.server_model_type, told.server_model_metadata.pooling) == (ModelType.Embedding, "mean"), told
assert (told.max_input_length, told.max_client_batch_size) == (256, 32_768), told
assert asyncio.run(reranker.async_info()).server_model_type == ModelType.Reranker


def error_of_another():
    raise LookupError(client.client.post(ANOTHER, json={"inputs": TEXT}).json()["error"])


def single(text):
    return client.embed(text, truncate=text == LONG)[0]


def batch(texts):
    return asyncio.run(HttpClient(URL).async_embed(texts))


def ranked(most):
    ranks = reranker.rerank(QUERY, DOCUMENTS, raw_scores=False).ranks[:most]
    return [(DOCUMENTS[rank.index], rank.score) for rank in ranks]


def unknown_reranker():
    asked = {"query": QUERY, "texts": DOCUMENTS, "model": "nope"}
    raise LookupError(reranker.client.post("/rerank", json=asked).json()["error"])


check("tei-client", single, batch, error_of_another, LookupError)
check_order("tei-client", ranked, LookupError, unknown_reranker)

hub = InferenceClient(f"{URL}/embed")
check(
    "huggingface-hub",
    lambda text: hub.feature_extraction(text, truncate=True)[0],
    hub.feature_extraction,
    lambda: InferenceClient(URL + ANOTHER).feature_extraction(TEXT),
    HfHubHTTPError,
)

# This one looks at no status: what is refused is a KeyError there.
llama = TextEmbeddingsInference(model_name=MODEL, base_url=URL)
for text in (TEXT, LONG):
    assert near(llama.get_query_embedding(text), hub.feature_extraction(text, truncate=True)[0]) > 0.999999
assert len(llama.get_text_embedding_batch([TEXT, "third"])) == 2
package = "llama-index-embeddings-text-embeddings-inference"
print(f"{package} {version(package)}: single, batch, long text: ok")
