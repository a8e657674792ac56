"""PyPI `semantic-kernel`: its text embeddings over Ollama's client and over OpenAI's."""

import asyncio

import openai
from semantic_kernel.connectors.ai.ollama import OllamaTextEmbedding
from semantic_kernel.connectors.ai.open_ai import OpenAITextEmbedding
from semantic_kernel.exceptions import ServiceResponseException

from common import MODEL, TEXT, URL, check, near


def over_openai(texts, model=MODEL):
    async def embed():
        async with openai.AsyncOpenAI(base_url=f"{URL}/v1", api_key="unused", max_retries=0) as client:
            return await OpenAITextEmbedding(ai_model_id=model, async_client=client).generate_embeddings(texts)

    return asyncio.run(embed()).tolist()


check(
    "semantic-kernel",
    lambda text: over_openai([text])[0],
    over_openai,
    lambda: over_openai([TEXT], "nope"),
    ServiceResponseException,
)
own = asyncio.run(OllamaTextEmbedding(ai_model_id=MODEL, host=URL).generate_embeddings([TEXT]))
assert near(own[0].tolist(), over_openai([TEXT])[0]) > 0.999999
