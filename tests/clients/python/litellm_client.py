"""PyPI `litellm`: as Ollama and as an OpenAI-compatible server; and as Cohere, where it reranks."""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks another host for prices
import litellm

from common import DOCUMENTS, MODEL, QUERY, RERANKER, TEXT, URL, check, check_order, near

litellm.suppress_debug_info = True


def embed(texts, model=f"ollama/{MODEL}", **where):
    answer = litellm.embedding(model=model, input=texts, **(where or {"api_base": URL}))
    return [item["embedding"] for item in answer.data]


check(
    "litellm",
    lambda text: embed([text])[0],
    embed,
    lambda: embed([TEXT], "ollama/nope"),
    litellm.NotFoundError,
)
openai = {"model": f"openai/{MODEL}", "api_base": f"{URL}/v1", "api_key": "unused", "encoding_format": "float"}
assert near(embed([TEXT], **openai)[0], embed([TEXT])[0]) > 0.999999


def ranked(most, model=RERANKER):
    answer = litellm.rerank(
        model=f"cohere/{model}", query=QUERY, documents=DOCUMENTS, top_n=most, api_base=URL, api_key="unused"
    )
    return [(DOCUMENTS[result["index"]], result["relevance_score"]) for result in answer.results]


check_order("litellm", ranked, litellm.NotFoundError, lambda: ranked(1, "nope"))
