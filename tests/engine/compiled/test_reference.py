"""Torch's side of a model in a process of its own: what it answers, and what becomes of one that dies."""

from __future__ import annotations

import importlib
import io
import logging
import os
import pickle
import shutil
import signal

import pytest

from embedingest.config import ModelConfig
from embedingest.engine.compiled import left_out, reference_process, runtime
from embedingest.engine.compiled import reference as reference_module
from embedingest.engine.compiled.children import read_frame
from embedingest.engine.compiled.encoder import create
from embedingest.engine.compiled.graphs import Share
from embedingest.engine.compiled.reference import DiedError, Reference
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import PROBE_TEXTS
from embedingest.engine.torch.encoder import create as in_torch
from embedingest.engine.vectors import cosines
from embedingest.errors import ModelLoadError
from tests.depth import only_deep
from tests.engine import tiny

pytestmark = pytest.mark.slow

AUTO = ModelConfig()


@pytest.fixture
def folder(tiny_folder):
    return ModelFolder.open(tiny_folder("bert-mean"))


def opened(folder):
    return Reference(folder, AUTO, Share.of(None, None))


@pytest.fixture
def refused(tmp_path, folder):
    """A model of a kind that torch has never heard of."""
    place = shutil.copytree(folder.path, tmp_path / "model")
    text = (place / "config.json").read_text()
    (place / "config.json").write_text(text.replace('"model_type": "bert"', '"model_type": "unheard-of"'))
    return ModelFolder.open(place)


@pytest.fixture
def reference(folder):
    reference = opened(folder)
    yield reference
    reference.close()


def kill(reference, by):
    process = reference._process._process
    os.kill(process.pid, by)
    process.wait(60)


def test_it_gives_torchs_own_vectors_of_the_first_texts_and_a_graph(reference, folder, tmp_path):
    assert not reference.load()
    reference.graph("plain", tmp_path / "graph.xml")
    assert len(reference.first) == len(reference.rows) == PROBE_TEXTS  # of a small model
    vectors = in_torch(folder, AUTO)._run(reference.first)
    assert cosines(reference.vectors(), vectors).min() > 0.999999
    model = runtime.core().read_model(tmp_path / "graph.xml")
    assert [str(parameter.partial_shape) for parameter in model.inputs] == ["[?,?]", "[?,?]"]


def test_a_process_serves_one_model_after_another(folder, tiny_folder):
    first = opened(folder)
    first.load()
    process = first._process
    first.close()
    second = opened(ModelFolder.open(tiny_folder("convbert")))
    assert second._process is process
    assert second.load()
    second.close()


def test_a_model_that_torch_refuses_leaves_the_process_to_the_next(reference, refused, own_cache):
    process = reference._process
    reference.close()
    with pytest.raises(ModelLoadError, match="unheard-of"):
        create(refused, AUTO)
    assert process in reference_module._idle
    assert process.is_alive


@only_deep
def test_a_process_that_is_at_something_ends_when_it_is_closed(reference, folder):
    other = opened(folder)  # `reference` has the one that is kept
    process = other._process
    process.say("load", folder, other.first, 1)
    other.close()
    assert process not in reference_module._idle
    assert not process.is_alive


def test_a_process_is_told_to_forget_before_others_may_take_it(folder, monkeypatch):
    first = opened(folder)
    process, say, could_be_taken = first._process, first._process.say, []

    def heard(order, *arguments):
        could_be_taken.append(process in reference_module._idle)
        say(order, *arguments)

    monkeypatch.setattr(process, "say", heard)
    first.close()
    assert could_be_taken == [False]


def test_a_failure_without_a_number_of_the_system_is_told_in_its_words(reference, monkeypatch):
    def fail(*_):
        raise OSError("no weights in this folder")

    monkeypatch.setattr(reference, "_ask", fail)
    with pytest.raises(ModelLoadError, match=r"cannot run .*: no weights in this folder"):
        reference.load()


def test_a_model_that_torch_refuses_is_refused_in_its_words(refused):
    reference = opened(refused)
    with pytest.raises(ModelLoadError, match="is of the kind `unheard-of`") as refusal:
        reference.load()
    assert "a later transformers may" in refusal.value.remedy
    reference.close()


def test_one_that_dies_of_a_graph_is_a_reason_and_the_next_is_asked(reference, tmp_path):
    reference.load()
    kill(reference, signal.SIGABRT)
    with pytest.raises(DiedError, match=r"the process that converts it died \(SIGABRT\)"):
        reference.graph("plain", tmp_path / "graph.xml")
    assert reference.vectors().shape == (len(reference.first), tiny.WIDTH)


@only_deep
def test_one_that_is_ended_from_outside_is_told_as_a_want_of_memory(reference, folder):
    other = opened(folder)  # `reference` has the one that is kept: this one has yet to import torch
    kill(other, signal.SIGKILL)
    with pytest.raises(ModelLoadError, match="ended from outside") as ended:
        other.load()
    assert "memory" in ended.value.remedy
    other.close()


def test_what_it_logs_is_handed_on_and_what_others_log_is_not():
    stream = io.BytesIO()
    teller = reference_process._Teller(reference_process._Answers(stream))
    for name in ("embedingest.engine.torch.loading", "transformers.models.bert"):
        teller.emit(logging.makeLogRecord({"name": name, "levelno": 30, "msg": "%s layers", "args": (3,)}))
    stream.seek(0)
    said = pickle.loads(read_frame(stream))
    assert said == ("log", ("embedingest.engine.torch.loading", 30, "3 layers"))
    assert read_frame(stream) is None


def test_what_is_left_out_has_every_name_and_does_nothing(monkeypatch):
    finder = left_out._Finder()
    monkeypatch.setattr("sys.meta_path", [finder])
    monkeypatch.setattr(left_out, "_LEFT_OUT", ("unheard_of",))
    module = importlib.import_module("unheard_of.parts")
    assert not isinstance(1, module.Anything)
    with pytest.raises(ImportError, match="left out of this process"):
        module.Anything()
