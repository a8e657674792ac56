"""Sparse models and those of token vectors keep the contracts of their seams; a breaker of either is caught."""

from __future__ import annotations

import numpy as np
import pytest

from embedingest import ModelConfig
from embedingest.engine.auto import create
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.folder.tokens import token_folder
from embedingest.engine.vectors import ragged
from embedingest.testing import checks
from tests.depth import few
from tests.engine import seconds, tiny

pytestmark = pytest.mark.slow

CPU = ModelConfig(device="cpu")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    place = tmp_path_factory.mktemp("seconds")
    free = ModelFolder.open(seconds.inference_free(place / "free"))
    return {
        "splade": ModelFolder.open(seconds.sparse("bert", place / "splade")),
        "looked-up": free.for_role("query"),
        "colbert": ModelFolder.open(seconds.pylate("bert", place / "colbert")),
        "tokens": token_folder(ModelFolder.open(tiny.save(tiny.KINDS["bert-mean"], place / "plain"))),
    }


@pytest.fixture(scope="module")
def models(folders):
    """Each loaded once, and closed by the last check of its suite."""
    return {name: create(folder, CPU) for name, folder in folders.items()}


@pytest.mark.parametrize("check", checks("sparse"), ids=lambda check: check.name)
@pytest.mark.parametrize("name", ["splade", "looked-up"])
def test_sparse(models, name, check):
    check(models[name])


@pytest.mark.parametrize("check", checks("late"), ids=lambda check: check.name)
@pytest.mark.parametrize("name", ["colbert", "tokens"])
def test_late(models, name, check):
    check(models[name])


def wrong(rows, fault):
    """The rows of a batch, wrong in one way."""
    match fault:
        case "count":
            return rows[1:]
        case "double":
            return ragged([row.astype(np.float64) for row in rows])
        case "nan":
            return ragged([np.where(row == row.flat[-1], np.nan, row).astype(np.float32) for row in rows])
        case "order":
            return ragged([*rows][::-1])
        case "scale":
            return ragged([np.float32(-2) * row for row in rows])
        case "empty":
            return ragged([row[: max(0, len(row) - len(rows))] for row in rows])
    return rows


@few(4)
@pytest.mark.parametrize("fault", ["count", "double", "nan", "order", "scale", "empty"])
@pytest.mark.parametrize(("suite", "name"), [("sparse", "splade"), ("late", "colbert")])
def test_a_model_that_breaks_its_contract_is_caught(folders, suite, name, fault):
    model = create(folders[name], CPU)
    right = model.encode
    model.encode = lambda batch: wrong(right(batch), fault)
    broken = []
    for check in checks(suite):
        try:
            check(model)
        except AssertionError:
            broken.append(check.name)
    assert broken, f"nothing noticed the fault `{fault}`"
