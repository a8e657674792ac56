"""The benchmark of GPUs, of which all but the card is tried here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.depth import only_deep

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def gpu(monkeypatch):
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import gpu

    yield gpu
    for name in {"gpu", "record", "shapes", "common", "texts"} - before:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("card", "tflops"),
    [
        ("NVIDIA H100 80GB HBM3", 989),
        ("NVIDIA H100 PCIe", 756),
        ("NVIDIA L40S", 362),
        ("NVIDIA L4", 121),
        ("NVIDIA A10G", 70),
        ("NVIDIA GeForce RTX 4090", 165),
        ("a card of tomorrow", None),
    ],
)
def test_the_peak_of_a_card_is_that_of_its_whole_name(gpu, card, tflops):
    assert gpu.peak_of(card) == tflops


@only_deep
def test_every_row_is_measured_and_kept_on_a_cpu(tmp_path):
    words = ["--device", "cpu", "--tiny", "--rounds", "1", "--results", str(tmp_path)]
    subprocess.run([sys.executable, BENCHMARKS / "gpu.py", *words], check=True, capture_output=True)
    [kept] = tmp_path.glob("*.json")
    [rows] = json.loads(kept.read_text())["sections"].values()
    wanted = {
        f"{shape}: {what}" for shape in ("bge-base", "qwen3-0.6b") for what in ("vectors", "50 tokens", "512 tokens")
    }
    assert set(rows) == {"peak", *wanted}
    assert all(target["met"] for row in rows.values() for target in row.get("targets", ()))
    for row in wanted:
        if row.endswith("tokens"):
            assert len(rows[row]["figures"]["tokens_per_second"]) == 3
