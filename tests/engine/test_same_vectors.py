"""Same text, same vector as sentence-transformers in fp32: every architecture, pooling, batch and order."""

from __future__ import annotations

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine.compiled.encoder import create as compiled
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.torch.encoder import create as torch_encoder
from tests.depth import only_deep
from tests.engine.tiny import KINDS, TEXTS, vectors

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_cache")]


def in_one_batch(encoder, texts=TEXTS):
    return encoder.encode(encoder.tokenize(texts))


@pytest.fixture(params=KINDS)
def folder(request, tiny_folder) -> ModelFolder:
    return ModelFolder.open(tiny_folder(request.param))


# Each takes seconds to compile, from the very chain that torch is held to below with all architectures and poolings.
COMPILED_ALWAYS = {"bert-mean", "bert-weighted-mean", "mpnet", "modernbert", "causal-left-padded"}
COMPILED = [pytest.param(kind, marks=[] if kind in COMPILED_ALWAYS else only_deep) for kind in KINDS]


@pytest.mark.deep
@pytest.mark.parametrize("folder", COMPILED, indirect=True)
def test_the_compiled_model_gives_the_vectors_of_sentence_transformers(folder):
    encoder = compiled(folder, ModelConfig(precision="fp32"))
    assert encoder.runtime["runtime"].startswith("openvino")
    np.testing.assert_allclose(in_one_batch(encoder), vectors(folder.path, TEXTS), atol=2e-5)
    encoder.close()


def test_torch_gives_the_vectors_of_sentence_transformers(folder):
    encoder = torch_encoder(folder, ModelConfig())
    np.testing.assert_allclose(in_one_batch(encoder), vectors(folder.path, TEXTS), atol=2e-5)
    encoder.close()
