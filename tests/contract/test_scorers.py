"""Every scorer keeps the contract: our own over a model folder, and the plug-in of the guide, by the door of encoders."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from embedingest import ConfigError, EngineConfig, ModelConfig
from embedingest.engine.compiled.encoder import create as compiled_scorer
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.local import LocalEngine
from embedingest.engine.torch.scorer import create as torch_scorer
from embedingest.testing import checks, contract
from tests.engine import cross
from tests.installed import Site

pytestmark = pytest.mark.slow

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "plugins.md").read_text("utf-8")
(OVERLAP,) = re.findall(r"^```python\n# overlap/embedingest_overlap.py\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


def overlap():
    names = {}
    exec(OVERLAP, names)
    return names["WordOverlap"]()


@pytest.fixture(scope="module")
def cross_folder(tmp_path_factory):
    return ModelFolder.open(cross.save("bert", tmp_path_factory.mktemp("cross") / "bert"))


@pytest.fixture(scope="module", params=["torch", "compiled"])
def scorer(request, cross_folder, tmp_path_factory):
    settings = ModelConfig(device="cpu")
    if request.param == "torch":
        return torch_scorer(cross_folder, settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMBEDINGEST_CACHE", str(tmp_path_factory.mktemp("cache")))
        made = compiled_scorer(cross_folder, settings)
    assert made.runtime["runtime"].startswith("openvino")
    return made


test_plugin = contract("scorers", overlap)


@pytest.mark.parametrize("check", checks("scorers"), ids=lambda check: check.name)
def test_over_a_folder(check, scorer):
    check(scorer)


@pytest.mark.parametrize("fault", ["shape", "double", "nan", "order", "mates", "deaf", "blind", "closed"])
def test_a_scorer_that_breaks_the_contract_is_caught(fault):
    scorer = overlap()
    right = scorer.score

    def wrong(pairs):
        numbers = right(pairs)
        match fault:
            case "shape":
                return numbers[:, None]
            case "double":
                return numbers.astype(np.float64)
            case "nan":
                return np.where(numbers == 0, np.nan, numbers).astype(np.float32)
            case "order":
                return numbers[::-1].copy()
            case "mates":
                return numbers + numbers.sum()
            case "deaf":
                return np.float32([len(document) for _, document in pairs])
            case "blind":
                return np.float32([len(query) for query, _ in pairs])
        return numbers

    scorer.score = wrong
    if fault == "closed":
        scorer.activation = "softmax"
    broken = []
    for check in checks("scorers"):
        try:
            check(scorer)
        except AssertionError:
            broken.append(check.name)
    assert broken, f"nothing noticed the fault `{fault}`"


@pytest.fixture
def installed(tmp_path, monkeypatch):
    site = Site(tmp_path)
    site.install("embedingest-overlap", "0.1.0", "encoders", {"overlap": "embedingest_overlap:create"}, OVERLAP)
    monkeypatch.syspath_prepend(str(tmp_path))


def test_the_scorer_of_a_plugin_is_a_model_that_reranks_and_embeds_nothing(installed):
    with LocalEngine(EngineConfig(), {"words": ModelConfig(encoder="overlap")}) as engine:
        answer = engine.rerank("blue sky", ["a red sea", "the blue sky", "sky"], model="words")
        assert answer.scores.tolist() == [0, 2, 1]
        assert answer.order == [1, 2, 0]
        info = engine.describe("words")
        assert (info.kind, info.dimensions, info.fingerprint) == ("reranker", 0, answer.fingerprint)
        assert engine.rerank("sky " * 100_000, ["sky"], model="words").truncated == (0,)
        with pytest.raises(ConfigError, match="model words:latest is a reranker"):
            engine.embed(["sky"], model="words")
        with pytest.raises(ConfigError, match="model words:latest is a reranker"):
            engine.sizer("words")
