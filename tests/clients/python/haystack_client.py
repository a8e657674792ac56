"""PyPI `haystack-ai` and `ollama-haystack`: embedders of texts and of documents, over both spellings."""

import openai
from haystack import Document
from haystack.components.embedders import OpenAIDocumentEmbedder, OpenAITextEmbedder
from haystack.utils import Secret
from haystack_integrations.components.embedders.ollama import OllamaDocumentEmbedder, OllamaTextEmbedder

from common import MODEL, OTHER, TEXT, URL, check, near

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
