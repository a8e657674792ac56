"""PyPI `litellm`: as Ollama and as an OpenAI-compatible server."""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else it asks another host for prices
import litellm

from common import MODEL, TEXT, URL, check, near

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
