"""Same text, same vector as sentence-transformers in fp32: every architecture, pooling, batch and order."""

from __future__ import annotations

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine.auto import explain
from embedingest.engine.compiled.encoder import create as compiled
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.torch.encoder import create as torch_encoder
from tests.depth import few, only_deep
from tests.engine.tiny import KINDS, TEXTS, reference, vectors

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_cache")]


def in_one_batch(encoder, texts=TEXTS):
    room = encoder.max_tokens - encoder.special_tokens
    return encoder.encode([tokens[:room] for tokens in encoder.tokenize(texts)])


@pytest.fixture(params=[kind for kind in KINDS if kind not in ("convbert", "bigbird")])
def folder(request, tiny_folder) -> ModelFolder:
    return ModelFolder.open(tiny_folder(request.param))


# In fp32; test_same_calls.py has one of each kind of layout in the precision that it gets where it runs.
COMPILED_ALWAYS = {"bert-mean", "causal-left-padded"}
TORCH_ONLY = {"convbert", "bigbird", "longformer"}
COMPILED = [
    pytest.param(kind, marks=[] if kind in COMPILED_ALWAYS else only_deep) for kind in KINDS if kind not in TORCH_ONLY
]


@few(10)
@pytest.mark.deep
@pytest.mark.parametrize("folder", COMPILED, indirect=True)
def test_the_compiled_model_gives_the_vectors_of_sentence_transformers(folder):
    for _ in ("as it was made", "as it is found"):
        encoder = compiled(folder, ModelConfig(precision="fp32"))
        assert encoder.runtime["runtime"].startswith("openvino")
        np.testing.assert_allclose(in_one_batch(encoder), vectors(folder.path, TEXTS), atol=2e-5)
        encoder.model.warm_up()  # from here on in streams
        np.testing.assert_allclose(in_one_batch(encoder), vectors(folder.path, TEXTS), atol=2e-5)
        encoder.close()


# What padding changes is the vector of a text alone; BigBird goes over to full attention for good with the first short
# text, so sentence-transformers' own vectors depend on what came before.
ALONE = {"convbert", "bigbird"}


def by_themselves(folder):
    reset = getattr(reference(folder)[0].model, "set_attention_type", lambda _: None)
    rows = []
    for text in TEXTS:
        reset("block_sparse")
        rows.append(vectors(folder, [text])[0])
    return np.stack(rows)


@only_deep
@pytest.mark.parametrize("folder", sorted(ALONE), indirect=True)
def test_what_padding_would_change_is_run_by_torch_without(folder):
    encoder = compiled(folder, ModelConfig())
    assert (encoder.runtime["runtime"], encoder.runtime["padding"]) == ("torch", "none")
    np.testing.assert_allclose(in_one_batch(encoder), by_themselves(folder.path), atol=2e-5)
    facts = explain(folder, ModelConfig())
    assert "padding changes its vectors" in facts["reason"]
    encoder.close()


def test_longformer_stays_with_torch_and_has_two_positions_less(tiny_folder):
    """Its compiled form cannot give its vectors; `models show` says so."""
    folder = ModelFolder.open(tiny_folder("longformer"))
    assert folder.context_length == 48


@few(10)
def test_torch_gives_the_vectors_of_sentence_transformers(folder):
    encoder = torch_encoder(folder, ModelConfig())
    np.testing.assert_allclose(in_one_batch(encoder), vectors(folder.path, TEXTS), atol=2e-5)
    encoder.close()
