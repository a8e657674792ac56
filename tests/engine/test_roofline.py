"""How much arithmetic a model needs, and how much a processor can do."""

from __future__ import annotations

import pytest

from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.roofline import ceiling, operations


def test_operations_count_what_is_multiplied(tiny_folder):
    folder = ModelFolder.open(tiny_folder("bert-mean"))
    weights = 2 * (4 * 32 * 32 + 2 * 32 * 64)
    assert operations(folder, [10]) == 10 * 2 * weights + 4 * 2 * 32 * 100
    assert operations(folder, [10, 10]) == 2 * operations(folder, [10])


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_the_ceiling_is_a_rate_a_processor_can_have(precision):
    assert 1e9 < ceiling(precision, seconds=0.05) < 1e15
