"""Any real model folder against sentence-transformers: the same tokens and the same vectors.

    EMBEDINGEST_TEST_MODELS=/models/all-mpnet-base-v2 pytest tests/engine/test_real_weights.py

Several folders are parted as in PATH. What is compiled goes to the user's cache, so that a second run is short.
"""

from __future__ import annotations

import os
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine.auto import create
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import LEAST_COSINE, MEAN_COSINE
from embedingest.engine.vectors import cosines, normalise
from tests.engine.tiny import TEXTS, reference, vectors

FOLDERS = [Path(name) for name in os.environ.get("EMBEDINGEST_TEST_MODELS", "").split(os.pathsep) if name]
REAL = [*TEXTS, *(topics[name][start : start + 600] for name in sorted(topics)[:12] for start in (0, 700))]

pytestmark = [
    pytest.mark.skipif(
        not FOLDERS, reason="no large model travels with the tests: name some in EMBEDINGEST_TEST_MODELS"
    ),
    pytest.mark.timeout(1800),  # the first run converts the model
]


@pytest.fixture(params=FOLDERS, ids=lambda path: path.name)
def folder(request) -> ModelFolder:
    return ModelFolder.open(request.param)


def test_a_real_model_gives_the_tokens_of_sentence_transformers(folder):
    encoder = create(folder, ModelConfig(device="cpu"))
    theirs = reference(folder.path).tokenizer(REAL, truncation=True, max_length=folder.max_tokens)["input_ids"]
    room = encoder.max_tokens - encoder.special_tokens
    ours = encoder.with_specials([tokens[:room] for tokens in encoder.tokenize(REAL)])
    assert [list(row) for row in ours] == theirs
    encoder.close()


@pytest.mark.parametrize(
    ("precision", "mean", "least"), [("auto", MEAN_COSINE, LEAST_COSINE), ("fp32", 0.999999, 0.999999)]
)
def test_a_real_model_gives_the_vectors_of_sentence_transformers(folder, precision, mean, least):
    encoder = create(folder, ModelConfig(device="cpu", precision=precision))
    room = encoder.max_tokens - encoder.special_tokens
    tokens = [tokens[:room] for tokens in encoder.tokenize(REAL)]
    ours = np.concatenate([encoder.encode(tokens[:20]), encoder.encode(tokens[20:])])
    cosine = cosines(normalise(vectors(folder.path, REAL)), ours)
    assert cosine.mean() >= mean
    assert cosine.min() >= least
    alone = np.concatenate([encoder.encode([row]) for row in tokens[:6]])
    assert cosines(alone, ours[:6]).min() >= LEAST_COSINE
    encoder.close()
