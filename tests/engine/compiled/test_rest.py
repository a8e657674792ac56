"""A model serves after the first texts of the gate; the others are compared meanwhile, once, and a failure is acted on."""

from __future__ import annotations

import logging
import re
import shutil

import numpy as np
import pytest

from embedingest.config import ModelConfig
from embedingest.engine import hardware
from embedingest.engine.auto import explain
from embedingest.engine.compiled import gauge, make, rest
from embedingest.engine.compiled.encoder import CompiledEncoder, create
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import PROBE_TEXTS, Figures
from embedingest.engine.vectors import cosines
from tests.engine.tiny import TEXTS, vectors

pytestmark = pytest.mark.slow

AUTO = ModelConfig()


@pytest.fixture
def folder(tiny_folder, tmp_path, monkeypatch) -> ModelFolder:
    """A model that was never used, on a machine where torch takes its time."""
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(gauge, "_SECONDS", 0.0)
    monkeypatch.setattr(hardware, "flags", lambda: ("avx512_bf16",))
    return ModelFolder.open(tiny_folder("bert-mean"))


def texts_of(folder):
    return explain(folder, AUTO)["gate"]["texts"]


def least(encoder, folder):
    return cosines(encoder.encode(encoder.tokenize(TEXTS)), vectors(folder.path, TEXTS)).min()


def test_whoever_waits_is_told_why_and_closing_does_not_wait_for_the_rest(folder, caplog):
    with caplog.at_level(logging.INFO, "embedingest.told"):
        for _ in ("made", "found"):
            encoder = create(folder, AUTO)
            encoder.close()
            assert encoder._rest is None or not encoder._rest._thread.is_alive()
    begun, ended = [record.getMessage() for record in caplog.records if record.name == "embedingest.told"]
    assert begun == "preparing bert-mean for this processor (once): compiling it and holding it against torch"
    assert re.fullmatch(r"bert-mean is prepared: it runs in bf16[a-z-]* after \d+\.\d s", ended)


def test_a_snapshot_of_the_hugging_face_cache_is_known_by_its_repository(folder, tmp_path):
    place = tmp_path / "models--Team--Model" / "snapshots" / ("c" * 40)
    shutil.copytree(folder.path, place)
    assert ModelFolder.open(place).name == "Team/Model"


def test_a_model_serves_after_64_texts_and_the_others_are_compared_once(folder, monkeypatch):
    encoder = create(folder, AUTO)
    assert texts_of(folder) in (gauge.LEAST_TEXTS, PROBE_TEXTS)  # those that are left may be done by now
    assert least(encoder, folder) > 0.9995
    encoder.wait_for_rest()
    assert texts_of(folder) == PROBE_TEXTS
    encoder.close()

    def never(*_, **__):
        raise AssertionError("gated a second time")

    monkeypatch.setattr(make, "Gauge", never)
    monkeypatch.setattr(rest.Rest, "__init__", never)
    again = create(folder, AUTO)
    assert isinstance(again, CompiledEncoder)
    again.close()


def test_a_process_that_ends_before_leaves_the_rest_to_another(folder, monkeypatch):
    with monkeypatch.context() as ending:
        ending.setattr(rest.Rest, "_compared", lambda *_: None)  # as if it were stopped at once
        create(folder, AUTO).close()
    assert texts_of(folder) == gauge.LEAST_TEXTS
    monkeypatch.setattr(rest, "_SECONDS_UNTIL_RESUMED", 0.01)
    encoder = create(folder, AUTO)
    encoder.wait_for_rest()
    assert texts_of(folder) == PROBE_TEXTS
    encoder.close()


def test_a_form_that_fails_later_gives_its_place_to_the_next_and_is_told(folder, monkeypatch, caplog):
    with monkeypatch.context() as wrong, caplog.at_level(logging.WARNING):
        figures = iter([Figures(224, 0.99, 0.4)])
        wrong.setattr(rest.Rest, "_compared", lambda self, _: self._first.with_more(next(figures)))
        encoder = create(folder, AUTO)
        wrong.undo()
        encoder.wait_for_rest()
    assert "as bf16 gave vectors that differ too much in some of 288 texts" in caplog.text
    assert encoder.runtime["precision"] != "bf16"
    assert least(encoder, folder) > 0.9995
    (told,) = (form for form in explain(folder, AUTO)["rejected"] if form["form"] == "bf16")
    assert (told["texts"], told["reason"]) == (PROBE_TEXTS, "fails the gate")
    encoder.close()
    again = create(folder, AUTO)
    assert again.runtime["precision"] == encoder.runtime["precision"]
    again.close()


@pytest.mark.parametrize(
    ("error", "traced"), [(OSError(24, "Too many open files"), False), (RuntimeError("odd"), True)]
)
def test_what_the_system_lacks_is_told_in_a_line_and_what_is_odd_with_its_trace(monkeypatch, caplog, error, traced):
    monkeypatch.setattr(rest, "_SECONDS_UNTIL_RESUMED", 0.0)

    def open_gauge():
        raise error

    with caplog.at_level(logging.WARNING):
        rest.Rest(
            Figures(1, 1.0, 1.0), lambda rows: np.zeros((len(rows), 2), "f4"), open_gauge, lambda figures: None
        ).wait()
    assert [record.exc_info is not None for record in caplog.records] == [traced]
    assert "tried again by a later process" in caplog.text
