"""PyPI `langchain-openai`: with the setting that sends texts, and at its defaults, which send token ids."""

import gzip
import os
import tempfile
from importlib import resources
from pathlib import Path

import openai
from langchain_openai import OpenAIEmbeddings

from common import EXPECTED, MODEL, TEXT, URL, check, near

where = {"base_url": f"{URL}/v1", "api_key": "unused", "max_retries": 0}
embeddings = OpenAIEmbeddings(model=MODEL, check_embedding_ctx_length=False, **where)
check(
    "langchain-openai",
    embeddings.embed_query,
    embeddings.embed_documents,
    lambda: OpenAIEmbeddings(model="nope", check_embedding_ctx_length=False, **where).embed_query(TEXT),
    openai.NotFoundError,
)
# At its defaults it cuts texts into tokens of OpenAI's vocabulary itself. It would fetch that from the network; here it
# lies in its cache.
with tempfile.TemporaryDirectory() as cache:
    packed = resources.files("bpe_openai").joinpath("data/cl100k_base.tiktoken.gz").read_bytes()
    Path(cache, "9b5ad71b2ce5302211f9c61530b329a4922fc6a4").write_bytes(gzip.decompress(packed))
    os.environ["TIKTOKEN_CACHE_DIR"] = cache
    try:
        OpenAIEmbeddings(model=MODEL, **where).embed_query(TEXT)
    except openai.BadRequestError as error:
        assert "check_embedding_ctx_length=False" in error.message, error.message
    else:
        raise SystemExit("token ids were not refused by a server that was not told their vocabulary")
    told = OpenAIEmbeddings(
        model=MODEL, base_url=f"{os.environ['EMBEDINGEST_IDS_URL']}/v1", api_key="unused", max_retries=0
    )
    assert near(told.embed_query(TEXT), EXPECTED) > 0.999999
    first, second = told.embed_documents(["the grass is green 夜", TEXT])
    assert near(second, EXPECTED) > 0.9999
    assert near(first, embeddings.embed_query("the grass is green 夜")) > 0.9999
