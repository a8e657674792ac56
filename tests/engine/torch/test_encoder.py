"""What the torch path owes a GPU, as far as a CPU can show it: one copy of the weights, and batches side by side."""

from __future__ import annotations

import json
import shutil
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.torch import encoder as torch_path
from embedingest.engine.torch.encoder import Runner, create, load_chain
from embedingest.engine.torch.padding import keeps_state
from tests.depth import few, only_deep
from tests.engine.tiny import TEXTS

CPU = ModelConfig(device="cpu")


@pytest.fixture
def loaded(monkeypatch):
    """Every chain that was loaded, as it was when the next one was: there or gone."""
    chains: list[weakref.ref] = []

    def load(*args, **settings):
        assert [chain for chain in chains if chain() is not None] == [], "another copy of the weights is there"
        chain = load_chain(*args, **settings)
        chains.append(weakref.ref(chain))
        return chain

    monkeypatch.setattr(torch_path, "load_chain", load)
    return chains


@only_deep
@pytest.mark.parametrize(("precision", "copies"), [("auto", 2), ("fp32", 1)])
def test_a_gpu_holds_one_copy_of_the_weights_while_it_is_gated(tiny_folder, loaded, precision, copies):
    encoder = create(ModelFolder.open(tiny_folder("mpnet")), CPU)
    encoder.close()
    loaded.clear()
    run = encoder._fastest(ModelConfig(device="cpu", precision=precision))
    assert run.precision == {"auto": "fp16", "fp32": "fp32"}[precision]
    assert len(loaded) == copies


def test_a_model_that_is_closed_is_gone(tiny_folder):
    encoder = create(ModelFolder.open(tiny_folder("bert-mean")), CPU)
    chain = weakref.ref(encoder._run._chain)
    encoder.close()
    assert chain() is None


@few(1)
@pytest.mark.parametrize(
    ("name", "packed"), [("bert-mean", True), ("bert-mean", False), ("causal-right-padded", False)]
)
def test_batches_side_by_side_have_the_vectors_of_one_after_the_other(tiny_folder, name, packed):
    folder = ModelFolder.open(tiny_folder(name))
    encoder = create(folder, CPU)
    rows = encoder.with_specials(encoder.tokenize(TEXTS))
    run = Runner(folder, "cpu", packed=packed)
    batches = [rows[start::5] for start in range(5)] * 4
    with ThreadPoolExecutor(2) as pool:
        for alone, beside in zip(map(run, batches), pool.map(run, batches), strict=True):
            np.testing.assert_allclose(beside, alone, atol=1e-6)


def test_a_model_that_a_batch_changes_runs_one_at_a_time(tiny_folder, tmp_path):
    found = {name: load_chain(ModelFolder.open(tiny_folder(name))) for name in ("bigbird", "mpnet", "gemma3-two-dense")}
    assert {name: keeps_state(chain) for name, chain in found.items()} == {
        "bigbird": True,
        "mpnet": False,
        "gemma3-two-dense": False,
    }
    scaled = tmp_path / "model"
    shutil.copytree(tiny_folder("causal-right-padded"), scaled)
    config = json.loads((scaled / "config.json").read_text())
    config["rope_parameters"] |= {"rope_type": "dynamic", "factor": 2.0}
    (scaled / "config.json").write_text(json.dumps(config))
    assert keeps_state(load_chain(ModelFolder.open(scaled)))
