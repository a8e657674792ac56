"""The compiled path: made once, held at the gate, kept, mended, and given up for torch with a reason."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest

from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine import hardware
from embedingest.engine.auto import explain
from embedingest.engine.compiled import cache, make
from embedingest.engine.compiled.encoder import CompiledEncoder, create
from embedingest.engine.compiled.graphs import Share
from embedingest.engine.compiled.opening import compiled_note, key_of
from embedingest.engine.encoder import Encoder
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import Figures
from embedingest.engine.local import LocalEngine
from embedingest.engine.scheduling.scheduler import Scheduler
from embedingest.engine.torch.encoder import TorchEncoder
from embedingest.engine.vectors import cosines
from embedingest.errors import EngineClosedError, ModelLoadError
from tests.depth import few, only_deep
from tests.engine.tiny import TEXTS, vectors
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

FP32 = ModelConfig(precision="fp32")
AUTO = ModelConfig()


@pytest.fixture
def folder(tiny_folder) -> ModelFolder:
    return ModelFolder.open(tiny_folder("bert-mean"))


@pytest.fixture
def fresh_cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def copied_entry(folder, own_cache, tmp_path, monkeypatch) -> Path:
    """An entry of the model in a cache of the test's own, to be damaged."""
    create(folder, FP32).close()
    whole = cache.place(key_of(folder, FP32, Share.of(None, None)))
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    return shutil.copytree(whole, tmp_path / "cache" / "compiled" / whole.name)


def answers(encoder):
    return encoder.encode(encoder.tokenize(TEXTS))


def assert_right(encoder, folder, least=0.999999):
    assert cosines(answers(encoder), vectors(folder.path, TEXTS)).min() >= least


def test_it_is_an_encoder(folder, own_cache):
    assert isinstance(create(folder, FP32), Encoder)


def test_two_threads_that_want_the_same_model_make_it_once_and_it_is_told_without_loading_it(
    folder, fresh_cache, caplog
):
    assert compiled_note(folder, FP32) is None
    with caplog.at_level(logging.INFO), ThreadPoolExecutor(2) as both:
        encoders = list(both.map(lambda _: create(folder, FP32), range(2)))
    assert caplog.text.count("for this processor (once)") == 1
    answer = explain(folder, FP32)
    assert (answer["runtime"], answer["precision"]) == (encoders[0].runtime["runtime"], "fp32")
    assert answer["gate"]["passed"]
    assert answer["gate"]["texts"] >= 64
    assert answer["gate"]["least"] <= answer["gate"]["mean"] <= 1.000001
    for encoder in encoders:
        assert_right(encoder, folder)
        encoder.model.wait_for_rest()
        encoder.close()
    assert explain(folder, FP32)["gate"]["texts"] == 288


@few(1)
@pytest.mark.parametrize(
    "damage",
    [
        "truncated",
        "wrong memory",
        *(
            pytest.param(damage, marks=only_deep)
            for damage in ("other bytes", "no note", "broken note", "other version")
        ),
    ],
)
def test_a_damaged_entry_is_made_again(folder, copied_entry, damage):
    entry = copied_entry
    note = entry / cache.NOTE
    weights = entry / "model.bin"
    match damage:
        case "truncated":
            os.truncate(weights, weights.stat().st_size // 2)
        case "other bytes":
            weights.write_bytes(bytes(weights.stat().st_size))
        case "no note":
            note.unlink()
        case "broken note":
            note.write_text('{"key":')
        case "other version":
            note.write_text(note.read_text().replace(f'"layout": {cache.LAYOUT}', '"layout": 0'))
        case "wrong memory":
            content = json.loads(note.read_text())
            content["probe"]["vector"].reverse()
            note.write_text(json.dumps(content))
    encoder = create(folder, FP32)
    assert isinstance(encoder, CompiledEncoder)
    assert_right(encoder, folder)


@only_deep
def test_no_texts_are_no_vectors(folder, own_cache):
    encoder = create(folder, AUTO)
    assert encoder.encode([]).shape == (0, encoder.dimensions)
    encoder.close()


@only_deep
def test_a_cache_that_cannot_be_written_costs_time_and_nothing_else(folder, fresh_cache, caplog):
    fresh_cache.write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        encoder = create(folder, FP32)
    assert "cannot keep the compiled model" in caplog.text
    assert isinstance(encoder, CompiledEncoder)
    assert_right(encoder, folder)
    place = encoder.model.entry.folder
    encoder.close()
    assert not place.exists()


def test_an_entry_that_vanishes_under_a_running_model_still_serves_bulk(copied_entry, folder):
    encoder = create(folder, FP32)
    shutil.rmtree(copied_entry)
    encoder.model.warm_up()
    assert_right(encoder, folder)


@pytest.fixture
def no_room():
    """As on a full disk: this process can write no file larger than 64 KiB."""
    resource = pytest.importorskip("resource", reason="limits of a process are a thing of Unix")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**16, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_a_full_disk_leaves_the_model_to_torch_and_nothing_behind(folder, fresh_cache, caplog, no_room):
    with caplog.at_level(logging.WARNING):
        encoder = create(folder, FP32)
    assert isinstance(encoder, TorchEncoder)
    assert "no room" in caplog.text
    assert_right(encoder, folder)
    assert not list((fresh_cache / "compiled").glob("*/"))
    assert compiled_note(folder, FP32) is None


@only_deep
@pytest.mark.parametrize("blobs", ["cannot be written", "cut short"])
def test_an_entry_whose_blobs_are_of_no_use_serves_without_them(copied_entry, folder, blobs):
    place = copied_entry / "blobs"
    if blobs == "cut short":
        for blob in place.glob("*.blob"):
            os.truncate(blob, blob.stat().st_size // 2)
    else:
        shutil.rmtree(place)
        place.write_text("a file where the folder should be")
    encoder = create(folder, FP32)
    encoder.model.warm_up()
    assert encoder.model.entry.folder == copied_entry
    assert_right(encoder, folder)


def test_a_model_that_fails_the_gate_is_run_by_torch_and_not_tried_again(folder, fresh_cache, caplog, monkeypatch):
    with monkeypatch.context() as wrong:
        wrong.setattr(make, "compare", lambda *_: Figures(288, 0.99, 0.9))
        with caplog.at_level(logging.WARNING):
            encoder = create(folder, AUTO)
    assert isinstance(encoder, TorchEncoder)
    assert "torch runs model" in caplog.text
    assert "cosine mean 0.99, least 0.9" in caplog.text
    assert_right(encoder, folder)
    assert isinstance(create(folder, AUTO), TorchEncoder)  # the refusal is remembered
    answer = explain(folder, AUTO)
    assert answer["runtime"] == "torch"
    assert "no compiled form" in answer["reason"]
    assert {(form["reason"], form["mean"]) for form in answer["rejected"] if "mean" in form} == {
        ("fails the gate", 0.99)
    }


@only_deep
def test_a_form_that_does_not_convert_is_passed_over(folder, fresh_cache, monkeypatch):
    whole = make.Reference.graph

    def graph(self, kind, path):
        if kind == "plain":
            raise RuntimeError("no such operator")
        whole(self, kind, path)

    monkeypatch.setattr(make.Reference, "graph", graph)
    monkeypatch.setattr(hardware, "flags", lambda: ("avx512_bf16",))
    encoder = create(folder, AUTO)
    tried = compiled_note(folder, AUTO)["tried"]
    assert "no such operator" in tried[0]["error"]
    assert encoder.runtime["precision"] == "bf16-linears" or isinstance(encoder, TorchEncoder)
    assert_right(encoder, folder, least=0.9995)


@only_deep
def test_bf16_is_asked_for_and_the_processor_has_none(folder, own_cache, monkeypatch):
    monkeypatch.setattr(hardware, "flags", lambda: ("x86_64", "avx2"))
    encoder = create(folder, ModelConfig(precision="bf16"))
    assert encoder.runtime["precision"] == "fp32"


@only_deep
def test_eight_bit_weights_are_another_model(folder, own_cache):
    encoder = create(folder, ModelConfig(precision="int8"))
    assert encoder.runtime["precision"] == "int8"
    assert encoder.fingerprint != create(folder, FP32).fingerprint
    assert cosines(answers(encoder), vectors(folder.path, TEXTS)).min() > 0.95


@only_deep
def test_a_model_of_eight_bit_weights_is_described_by_the_fingerprint_that_it_answers_with(folder, own_cache):
    settings = {"small": ModelConfig(path=folder.path, precision="int8")}
    with LocalEngine(EngineConfig(), settings) as engine:
        answer = engine.embed(["a text"], model="small")
        assert engine.describe("small").fingerprint == answer.fingerprint


def test_without_openvino_torch_serves(folder, own_cache, caplog, monkeypatch):
    from embedingest.engine.compiled import runtime

    monkeypatch.setattr(runtime, "runtime_version", lambda: None)
    with caplog.at_level(logging.WARNING):
        assert isinstance(create(folder, AUTO), TorchEncoder)
    assert "OpenVINO is not installed" in caplog.text
    with pytest.raises(ModelLoadError, match="int8"):
        create(folder, ModelConfig(precision="int8"))


def test_bulk_streams_give_the_vectors_of_the_single_path(folder, own_cache):
    encoder = create(folder, FP32, streams=2)
    single = answers(encoder)
    encoder.model.warm_up()
    scheduler = Scheduler(encoder)
    tokens = encoder.tokenize(TEXTS * 20)
    np.testing.assert_allclose(
        scheduler.submit(tokens, priority="bulk").result(60), np.tile(single, (20, 1)), atol=1e-5
    )
    scheduler.close()


def test_a_closed_encoder_refuses_and_what_it_computes_at_that_moment_ends_well(folder, own_cache):
    encoder = create(folder, FP32, streams=2)
    right, tokens = answers(encoder), encoder.tokenize(TEXTS)
    begun = threading.Barrier(5)

    def ask(_: int) -> int:
        for number in range(100_000):
            try:
                np.testing.assert_allclose(encoder.encode(tokens), right, atol=1e-5)
            except EngineClosedError:
                return number
            if number == 0:
                begun.wait(60)
        raise AssertionError("it was never refused")

    with ThreadPoolExecutor(4) as threads:
        asked = threads.map(ask, range(4))
        begun.wait(60)
        encoder.close()
        assert min(asked) >= 1
    with pytest.raises(EngineClosedError, match="unloaded"):
        encoder.model.warm_up()


WARM = """
import sys
from embedingest.config import ModelConfig
from embedingest.engine.compiled.encoder import create
from embedingest.engine.folder.folder import ModelFolder
encoder = create(ModelFolder.open(sys.argv[1]), ModelConfig(precision="fp32"))
encoder.encode(encoder.tokenize(["the sky is blue"]))
heavy = {"torch", "transformers", "sentence_transformers", "lancedb", "pyarrow", "fastapi", "starlette"} & set(sys.modules)
print(type(encoder).__name__, sorted(heavy))
"""


def test_a_warm_start_imports_no_torch(folder, own_cache):
    create(folder, FP32).close()
    done = subprocess.run(
        [sys.executable, "-c", WARM, str(folder.path)], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "CompiledEncoder []"


LISTENING = """
import sys
reached = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        where = arguments[1] if event != "socket.getaddrinfo" else arguments[0]
        host = where[0] if isinstance(where, tuple) else where
        if str(host) not in ("127.0.0.1", "::1", "localhost", "None"):
            reached.append((event, str(where)))
    if event == "subprocess.Popen" and arguments[0] != sys.executable:
        reached.append((event, str(arguments[0])))
sys.addaudithook(watch)
import threading
from embedingest.config import ModelConfig
from embedingest.engine.compiled.encoder import create
from embedingest.engine.folder.folder import ModelFolder
encoder = create(ModelFolder.open(sys.argv[1]), ModelConfig(precision="fp32"))
encoder.encode(encoder.tokenize(["the sky is blue"]))
print(type(encoder).__name__, reached, sorted(m for m in sys.modules if "telemetry" in m and sys.modules[m]))
"""


@only_deep
def test_a_process_that_makes_a_model_reaches_nobody_and_another_that_wants_it_waits_for_it(
    folder, fresh_cache, caplog
):
    command = [sys.executable, "-c", LISTENING, str(folder.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as maker:
        until(lambda: any(path.is_dir() for path in fresh_cache.glob("compiled/*")), "the beginning of an entry")
        with caplog.at_level(logging.INFO):
            encoder = create(folder, FP32)
        assert "for this processor (once)" not in caplog.text
        output, _ = maker.communicate(timeout=150)
    assert output.strip().splitlines()[-1] == "CompiledEncoder [] []"
    (entry,) = (path for path in (fresh_cache / "compiled").iterdir() if path.is_dir())
    assert cache.find(key_of(folder, FP32, Share.of(None, None))).folder == entry
    assert encoder.model.entry.folder == entry
    assert_right(encoder, folder)


def test_makers_that_find_no_lock_leave_one_sound_entry(folder, fresh_cache):
    key, meet = key_of(folder, FP32, Share.of(None, None)), threading.Barrier(8)

    def fill(place: Path) -> dict[str, object]:
        (place / "model.bin").write_bytes(b"weights" * 1000)
        meet.wait(60)
        return {"form": "fp32"}

    with ThreadPoolExecutor(8) as makers:
        kept = list(makers.map(lambda _: cache.keep(key, fill)[0], range(8)))
    assert {entry.folder for entry in kept} == {cache.place(key)}
    assert cache.find(key) is not None
    assert [path.name for path in (fresh_cache / "compiled").iterdir()] == [cache.place(key).name]
