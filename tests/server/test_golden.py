"""The vectors themselves: Ollama's published numbers, single against batch, and texts that trouble other servers."""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

import numpy as np
import pytest

from tests.depth import much
from tests.server.client import post

pytestmark = pytest.mark.weights

GOLDEN = json.loads((Path(__file__).parent.parent / "data" / "vectors" / "ollama-all-minilm.json").read_text("utf-8"))
MODEL = "all-minilm"
COUNT = much(40, 500)


DOCUMENTED = (
    "argparse asyncio collections datetime decimal email.message http.client json.decoder pathlib statistics string "
    "subprocess textwrap tarfile unittest.case zipfile ipaddress logging smtplib threading"
)


def unit(numbers) -> np.ndarray:
    vector = np.array(numbers, dtype=np.float64)
    return vector / np.linalg.norm(vector)


def real_texts() -> list[str]:
    """Paragraphs of the standard library's own documentation, of 1 to some hundred words."""
    texts: dict[str, None] = {}
    for module in map(importlib.import_module, DOCUMENTED.split()):
        for value in [module, *(v for _, v in sorted(vars(module).items()) if inspect.isclass(v))]:
            for member in [value, *(m for _, m in sorted(vars(value).items()) if inspect.isfunction(m))]:
                texts |= dict.fromkeys((inspect.getdoc(member) or "").split("\n\n"))
    paragraphs = sorted(text for text in texts if len(text) > 40)
    paragraphs = paragraphs[:: len(paragraphs) // COUNT][:COUNT]
    # Mixed lengths, most of them short: every twenty-fifth is left whole.
    return [text if i % 25 == 0 else text[: 10 + i % 200] for i, text in enumerate(paragraphs)]


def test_the_vector_is_the_one_that_ollama_publishes(serve):
    answer = post(serve().port, "/api/embed", {"model": MODEL, "input": GOLDEN["text"]})
    assert answer.vectors()[0] @ unit(GOLDEN["all-minilm"]) >= 0.9999
    assert answer.vectors()[0][:4] == pytest.approx([0.0100, -0.0018, 0.0501, 0.0469], abs=1e-3)


@pytest.mark.deep
def test_batch_equals_single_over_real_texts(serve):
    texts = real_texts()
    assert len(texts) == COUNT
    port = serve().port
    batch = post(port, "/api/embed", {"model": MODEL, "input": texts}).json()
    alone = [post(port, "/api/embed", {"model": MODEL, "input": text}).json() for text in texts]
    single = np.array([answer["embeddings"][0] for answer in alone], dtype=np.float32)
    assert np.einsum("nd,nd->n", np.array(batch["embeddings"], dtype=np.float32), single).min() >= 0.9999
    assert batch["prompt_eval_count"] == sum(answer["prompt_eval_count"] for answer in alone)


ODD = {
    "empty": "",
    "blank": " \t\n\u00a0\u3000",
    "emoji": "👩‍👩‍👧‍👦 family 🏳️‍🌈",
    "cjk": "天空为什么是蓝色的？空はなぜ青いのか",
    "nul": "a\x00b\x00",
    "controls": "\x01\x02\x1b[31mred\x7f",
    "special tokens": "[CLS] [SEP] [PAD] [UNK] [MASK] </s> <|endoftext|>",
    "right to left": "\u202eabc שלום مرحبا",
    "combining": "e\u0301" + "\u0300" * 500,
    "surrogate pair": "\U0001f600\U0010ffff",
    "one word of 100 000": "x" * 100_000,
    "100 000 emoji": "😀" * 100_000,
    "100 000 letters of words": "word " * 20_000,
    "100 000 blanks": " " * 100_000,
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_an_odd_text_is_a_unit_vector_and_the_next_request_is_answered(serve, text):
    port = serve().port
    answer = post(port, "/api/embed", {"model": MODEL, "input": [text, "after it"]})
    assert answer.status == 200
    assert np.linalg.norm(answer.vectors(), axis=1) == pytest.approx([1, 1], abs=1e-5)
    assert 2 <= answer.json()["prompt_eval_count"] - 4 <= 256
    assert post(port, "/api/embed", {"model": MODEL, "input": "after it"}).vectors()[0] @ answer.vectors()[1] >= 0.9999


def test_base64_and_numbers_are_the_same_floats(serve):
    port = serve().port
    body = {"model": MODEL, "input": ["why is the sky blue?", "odd: 天空"]}
    numbers = post(port, "/v1/embeddings", body).vectors()
    assert post(port, "/v1/embeddings", {**body, "encoding_format": "base64"}).vectors().tobytes() == numbers.tobytes()
