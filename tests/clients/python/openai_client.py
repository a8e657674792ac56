"""PyPI `openai`: base64 by default, numbers when asked for, the list of models."""

import openai

from common import MODEL, TEXT, URL, check, near

client = openai.OpenAI(base_url=f"{URL}/v1", api_key="unused", max_retries=0)


def embed(texts, **more):
    return [item.embedding for item in client.embeddings.create(model=MODEL, input=texts, **more).data]


check(
    "openai",
    lambda text: embed(text)[0],
    embed,
    lambda: client.embeddings.create(model="nope", input=TEXT),
    openai.NotFoundError,
)
assert near(embed(TEXT, encoding_format="float")[0], embed(TEXT)[0]) > 0.999999
assert len(embed(TEXT, dimensions=32)[0]) == 32
assert client.embeddings.create(model=MODEL, input=TEXT).usage.prompt_tokens == 8
assert f"{MODEL}:latest" in [model.id for model in client.models.list().data]
assert client.models.retrieve(MODEL).id == MODEL
try:
    client.embeddings.create(model=MODEL, input=[[1, 2, 3]])
except openai.BadRequestError as error:
    assert "invalid input type" in str(error)
else:
    raise SystemExit("token ids were not refused")
