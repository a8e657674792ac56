"""Packing: texts laid end to end have the vectors they have alone, and only where the architecture allows it.

The kernel for several lengths runs on GPUs only: here each text attends by itself, and all else is the same code.
"""

from __future__ import annotations

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.torch.encoder import Runner, create
from embedingest.engine.torch.packing import Pack, can_pack
from embedingest.engine.vectors import cosines
from embedingest.errors import ModelLoadError
from tests.depth import only_deep
from tests.engine.tiny import KINDS, TEXTS, vectors

pytestmark = pytest.mark.slow

CPU = ModelConfig(device="cpu")
ARCHITECTURES = {"bert", "roberta", "xlm-roberta", "distilbert"}
# What follows the pooling is the same code as without packing.
ALWAYS = {"bert-mean", "bert-cls", "bert-last-token", "bert-max", "bert-weighted-mean", "roberta", "distilbert"}
# A mean of layers needs what lies between them, which packing does not keep.
PACKED = [
    pytest.param(name, marks=[] if name in ALWAYS else only_deep)
    for name, kind in KINDS.items()
    if kind.architecture in ARCHITECTURES and not kind.layers
]


def test_a_pack_knows_where_each_token_lies():
    batch = Pack([[7, 8, 9], [5], [6, 4]], first_position=2)
    assert batch.ids.tolist() == [[7, 8, 9, 5, 6, 4]]
    assert batch.positions.tolist() == [[2, 3, 4, 2, 2, 3]]
    assert batch.bounds.tolist() == [0, 3, 4, 6]
    assert batch.cells.tolist() == [0, 1, 2, 3, 6, 7]
    assert batch.mask.tolist() == [[1, 1, 1], [1, 0, 0], [1, 1, 0]]


@pytest.mark.deep
@pytest.mark.parametrize("name", PACKED)
def test_packed_texts_have_the_vectors_of_sentence_transformers(tiny_folder, name):
    folder = ModelFolder.open(tiny_folder(name))
    encoder = create(folder, CPU, packed=True)
    assert encoder.runtime["packed"] == "yes"
    np.testing.assert_allclose(encoder.encode(encoder.tokenize(TEXTS)), vectors(folder.path, TEXTS), atol=2e-5)


def test_an_architecture_that_sees_its_neighbours_otherwise_is_padded(tiny_folder):
    assert not any(can_pack(name) for name in {kind.architecture for kind in KINDS.values()} - ARCHITECTURES)
    folder = ModelFolder.open(tiny_folder("mpnet"))
    encoder = create(folder, CPU, packed=True)
    assert "packed" not in encoder.runtime
    np.testing.assert_allclose(encoder.encode(encoder.tokenize(TEXTS)), vectors(folder.path, TEXTS), atol=2e-5)


@pytest.mark.parametrize("packed", [True, False])
def test_in_16_bits_the_transformer_alone_is_rounded(tiny_folder, packed):
    folder = ModelFolder.open(tiny_folder("bert-dense"))
    encoder = create(folder, CPU)
    rows = encoder.with_specials(encoder.tokenize(TEXTS))
    rounded = Runner(folder, "cpu", half="bfloat16", packed=packed)(rows)
    assert rounded.dtype == np.float32
    cosine = cosines(vectors(folder.path, TEXTS), rounded)
    assert 0.999 < cosine.min() < 0.9999999


def test_torch_refuses_eight_bits(tiny_folder):
    with pytest.raises(ModelLoadError, match="int8"):
        create(ModelFolder.open(tiny_folder("bert-mean")), ModelConfig(device="cpu", precision="int8"))
