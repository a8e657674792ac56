"""PyPI `ollama`: `embed`, the older `embeddings`, and what it asks about models."""

import ollama

from common import LONG, MODEL, TEXT, URL, check, near

client = ollama.Client(host=URL)
check(
    "ollama",
    lambda text: client.embed(MODEL, text).embeddings[0],
    lambda texts: client.embed(MODEL, texts).embeddings,
    lambda: client.embed("nope", TEXT),
    ollama.ResponseError,
)
old = client.embeddings(MODEL, TEXT).embedding
assert near(old, client.embed(MODEL, TEXT).embeddings[0]) > 0.9999
assert len(client.embed(MODEL, TEXT, dimensions=64, keep_alive=60.0, options={"num_ctx": 64}).embeddings[0]) == 64
assert client.embed(MODEL, "").embeddings == []
assert client.embed(MODEL, TEXT, keep_alive=-1).prompt_eval_count == 8
assert MODEL in [model.model.removesuffix(":latest") for model in client.list().models]
assert "embedding" in client.show(MODEL).capabilities
assert any(model.name == f"{MODEL}:latest" for model in client.ps().models)
assert [step.status for step in client.pull(MODEL, stream=True)][-1] == "success"
try:
    client.embed(MODEL, LONG, truncate=False)
except ollama.ResponseError as error:
    assert error.status_code == 400
    assert error.error == "the input length exceeds the context length"
else:
    raise SystemExit("a text that is too long was not refused")
