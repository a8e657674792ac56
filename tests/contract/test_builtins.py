"""The built-ins keep the same contract that plug-ins are held to, and a breaker of it is caught."""

from __future__ import annotations

import numpy as np
import pytest

from embedingest import registry
from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.hashing import HashingEncoder
from embedingest.engine.local import LocalEngine
from embedingest.testing import checks, contract


def hashing_engine() -> LocalEngine:
    engine = LocalEngine(EngineConfig(), {"hashing": ModelConfig(encoder="hashing", max_tokens=128)})
    engine.models = lambda: ["hashing"]  # the packaged weights have their own, slower, test
    return engine


class Failing(HashingEncoder):
    """Wrong in one way, by name."""

    def __init__(self, fault: str) -> None:
        super().__init__()
        self.fault = fault

    def encode(self, batch):
        good = super().encode(batch)
        match self.fault:
            case "shape":
                return good[:, :-1]
            case "count":
                return good[1:]
            case "nan":
                return np.where(good == 0, np.nan, good).astype(np.float32)
            case "double":
                return good.astype(np.float64)
            case "order":
                return good[::-1]
            case "mates":
                return good + good.sum(axis=0, keepdims=True)
        return good

    def tokenize(self, texts):
        tokens = super().tokenize(texts)
        return [[5, *row] for row in tokens] if self.fault == "specials" else tokens


test_hashing = contract("encoders", HashingEncoder)
test_local_engine = contract("engines", hashing_engine)


@pytest.mark.parametrize("fault", ["shape", "count", "nan", "double", "order", "mates", "specials"])
def test_an_encoder_that_breaks_the_contract_is_caught(fault):
    encoder = Failing(fault)
    broken = []
    for check in checks("encoders"):
        try:
            check(encoder)
        except AssertionError:
            broken.append(check.name)
    assert broken, f"nothing noticed the fault `{fault}`"


BUILTINS = [p for p in registry.plugins() if p.distribution is None]


@pytest.mark.parametrize(
    ("plugin", "check"),
    [(p, c) for p in BUILTINS if p.group in {"loaders", "chunkers"} for c in checks(p.group)],
    ids=lambda value: value.name,
)
def test_loaders_and_chunkers(plugin, check):
    check(plugin.create())


def test_every_built_in_can_be_loaded():
    for plugin in BUILTINS:
        assert callable(plugin.load()), plugin
