"""PyPI `haystack-ai` and `ollama-haystack`: embedders of texts and of documents, over both spellings.

And `cohere-haystack`, whose ranker asks for at most so many tokens of each document.
"""

import cohere
import openai
from haystack import Document
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.utils import Secret
from haystack_integrations.components.embedders.ollama import OllamaDocumentEmbedder, OllamaTextEmbedder
from haystack_integrations.components.rankers.cohere import CohereRanker

from common import DOCUMENTS, MODEL, OTHER, QUERY, RERANKER, TEXT, URL, check, check_order, near

where = {"api_key": Secret.from_token("unused"), "api_base_url": f"{URL}/v1", "max_retries": 0}


def single(text, model=MODEL):
    return OpenAITextEmbedder(model=model, **where).run(text)["embedding"]


def batch(texts):
    documents = OpenAIDocumentEmbedder(model=MODEL, progress_bar=False, **where).run(
        [Document(content=t) for t in texts]
    )
    return [document.embedding for document in documents["documents"]]


check("haystack-ai", single, batch, lambda: single(TEXT, "nope"), openai.NotFoundError)
own = OllamaTextEmbedder(model=MODEL, url=URL).run(TEXT)["embedding"]
assert near(own, single(TEXT)) > 0.999999
documents = OllamaDocumentEmbedder(model=MODEL, url=URL, progress_bar=False).run([Document(content=OTHER)])["documents"]
assert near(documents[0].embedding, single(OTHER)) > 0.9999


def ranked(most, model=RERANKER):
    ranker = CohereRanker(model=model, api_key=where["api_key"], api_base_url=URL, top_k=most)
    found = ranker.run(query=QUERY, documents=[Document(content=text) for text in DOCUMENTS])["documents"]
    return [(document.content, document.score) for document in found]


check_order("cohere-haystack", ranked, cohere.NotFoundError, lambda: ranked(1, "nope"))
