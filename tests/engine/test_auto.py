"""What is explained of the runtime and the precision that run a model; its compiled note is in compiled/test_encoder."""

from __future__ import annotations

import pytest

from embedingest.config import ModelConfig
from embedingest.engine import hardware
from embedingest.engine.auto import explain
from embedingest.engine.compiled import runtime
from embedingest.engine.folder.folder import ModelFolder

AUTO = ModelConfig(device="cpu")
BARE = ("x86_64", "avx2")


@pytest.fixture
def folder(tiny_folder, tmp_path, monkeypatch) -> ModelFolder:
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    return ModelFolder.open(tiny_folder("bert-mean"))


def test_before_the_first_use_nothing_is_chosen(folder, monkeypatch):
    monkeypatch.setattr(hardware, "flags", lambda: BARE)
    before = explain(folder, AUTO)
    assert before["runtime"] is None
    assert "first use" in before["reason"]
    assert {form["form"]: form["reason"] for form in before["rejected"]} == {
        "bf16": "this processor has no instructions for it",
        "fp16": "this processor has no instructions for it",
    }


def test_without_openvino_or_on_a_gpu_torch_is_told_and_why(folder, monkeypatch):
    assert "GPU" in explain(folder, ModelConfig(device="cuda"))["reason"]
    monkeypatch.setattr(runtime, "runtime_version", lambda: None)
    assert explain(folder, AUTO)["runtime"] == "torch"
    assert "OpenVINO" in explain(folder, AUTO)["reason"]


def test_a_precision_that_was_not_asked_for_is_not_told_as_rejected(folder):
    assert explain(folder, ModelConfig(device="cpu", precision="fp32"))["rejected"] == []
