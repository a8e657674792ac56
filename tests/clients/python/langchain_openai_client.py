"""PyPI `langchain-openai`: with the setting that sends texts, and what it does at its defaults."""

import openai
import tiktoken
from langchain_openai import OpenAIEmbeddings

from common import MODEL, TEXT, URL, check

where = {"base_url": f"{URL}/v1", "api_key": "unused", "max_retries": 0}
embeddings = OpenAIEmbeddings(model=MODEL, check_embedding_ctx_length=False, **where)
check(
    "langchain-openai",
    embeddings.embed_query,
    embeddings.embed_documents,
    lambda: OpenAIEmbeddings(model="nope", check_embedding_ctx_length=False, **where).embed_query(TEXT),
    openai.NotFoundError,
)
# At its defaults it cuts texts itself and sends token ids of OpenAI's vocabulary, which mean nothing to another model. For
# that it fetches the vocabulary from the network, and without one it fails there; a small one of the same name stands in.
letters = {bytes([number]): number for number in range(256)}
tiktoken.registry.ENCODINGS["cl100k_base"] = tiktoken.Encoding(
    "cl100k_base", pat_str=r"\S+|\s+", mergeable_ranks=letters, special_tokens={}
)
try:
    OpenAIEmbeddings(model=MODEL, **where).embed_query(TEXT)
except openai.BadRequestError as error:
    assert "check_embedding_ctx_length=False" in error.message, error.message
else:
    raise SystemExit("token ids of another vocabulary were not refused")
