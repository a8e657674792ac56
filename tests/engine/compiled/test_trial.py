"""Settings that end the process that compiles them, or hang there: told, and the next one is taken.

The faults are real ones. A stand-in for a broken runtime lies on PYTHONPATH, which our own children see and this
process does not.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine import hardware
from embedingest.engine.auto import explain
from embedingest.engine.compiled import runtime
from embedingest.engine.compiled.encoder import CompiledEncoder, create
from embedingest.engine.compiled.trial import Probes, Setting, try_settings
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.vectors import cosines
from tests.depth import only_deep
from tests.engine.tiny import TEXTS, vectors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow

AUTO = ModelConfig()

BROKEN = """
import os, sys, time
class Broken:
    def find_spec(self, name, path=None, target=None):
        if name != "openvino":
            return None
        sys.meta_path.remove(self)
        import openvino
        whole = openvino.Core.compile_model
        def compile_model(core, graph, device, options):
            streams, precision = options.get("NUM_STREAMS", 1), options["INFERENCE_PRECISION_HINT"]
            if {condition}:
                {fault}
            return whole(core, graph, device, options)
        openvino.Core.compile_model = compile_model
        return openvino.__spec__
sys.meta_path.insert(0, Broken())
"""


@pytest.fixture
def folder(tiny_folder, tmp_path, monkeypatch) -> ModelFolder:
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    return ModelFolder.open(tiny_folder("bert-mean"))


@pytest.fixture
def broken(tmp_path, monkeypatch) -> Callable[..., None]:
    """Lets compiling go wrong in every process that is started from now on."""

    def put(condition: str, fault: str = "os.abort()") -> None:
        place = tmp_path / "broken"
        place.mkdir(exist_ok=True)
        (place / "sitecustomize.py").write_text(BROKEN.format(condition=condition, fault=fault))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")]))

    monkeypatch.setattr(hardware, "flags", lambda: ("avx512_bf16",))
    return put


def assert_right(encoder, folder):
    answers = encoder.encode(encoder.tokenize(TEXTS))
    assert cosines(answers, vectors(folder.path, TEXTS)).min() >= 0.9995


@only_deep
def test_a_precision_that_ends_the_process_is_told_and_the_next_is_taken(folder, broken):
    broken("precision == 'bf16'")
    encoder = create(folder, AUTO, streams=2)
    assert isinstance(encoder, CompiledEncoder)
    assert encoder.runtime["precision"] != "bf16"
    rejected = {form["form"]: form["reason"] for form in explain(folder, AUTO, streams=2)["rejected"]}
    assert "died (SIGABRT)" in rejected["bf16"]
    assert_right(encoder, folder)


@only_deep
def test_streams_that_end_the_process_are_told_and_fewer_are_taken(folder, broken):
    broken("streams > 2")
    encoder = create(folder, AUTO, streams=4)
    assert (encoder.runtime["precision"], encoder.parallel) == ("bf16", 2)
    (rejected,) = (form for form in explain(folder, AUTO, streams=4)["rejected"] if "streams" in form["form"])
    assert rejected["form"] == "bf16, 4 streams"
    assert "died (SIGABRT)" in rejected["reason"]
    encoder.model.warm_up()
    assert_right(encoder, folder)


@pytest.fixture
def graph(tmp_path) -> Path:
    """Ids and mask to vectors of two numbers: the sum of the ids, and how many there are."""
    ov = runtime.load()
    from openvino import opset13 as ops

    ids, mask = (ops.parameter(ov.PartialShape([-1, -1]), ov.Type.i64, name=name) for name in ("ids", "mask"))
    counted = [
        ops.reduce_sum(ops.convert(x, "f32"), np.array([1]), keep_dims=True) for x in (ops.multiply(ids, mask), mask)
    ]
    path = tmp_path / "sums.xml"
    ov.save_model(ov.Model([ops.concat(counted, 1)], [ids, mask], "sums"), path)
    return path


PROBES = Probes([[5, 6, 7], [8], [1, 2]], 0, 16)
BOTH = [Setting({"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}) for hint in ("bf16", "f32")]


def test_a_setting_that_hangs_is_a_reason_and_those_after_it_are_tried(graph, broken):
    broken("precision == 'bf16'", "time.sleep(3600)")
    hung, ran = try_settings(graph, BOTH, PROBES, silence_seconds=4)
    assert hung == "the process that tried it said nothing for 4 s"
    np.testing.assert_allclose(ran, [[18, 3], [8, 1], [3, 2]])
    assert {path.name for path in graph.parent.iterdir()} >= {"sums.xml", "sums.bin"}
    assert not list(graph.parent.glob("*.work*"))


def test_an_error_and_the_end_of_a_process_are_reasons_of_their_own_settings(graph, broken):
    fault = "os._exit(7) if precision == 'f32' else [][1]"
    broken("True", fault)
    failed, died, again = try_settings(graph, [*BOTH, BOTH[0]], PROBES)
    assert failed == again == "IndexError: list index out of range"
    assert died == "the process that tried it died (exit code 7)"


def test_a_process_that_is_killed_from_outside_is_no_fault_of_the_setting(graph, broken):
    broken("True", "os.kill(os.getpid(), 9)")
    with pytest.raises(OSError, match="ended from outside"):
        try_settings(graph, BOTH, PROBES)
