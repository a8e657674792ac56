"""A model serves after the first texts of the gate; the others are compared meanwhile, once, and a failure is acted on."""

from __future__ import annotations

import logging
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from embedingest.config import ModelConfig
from embedingest.engine import hardware
from embedingest.engine.auto import explain
from embedingest.engine.compiled import cache, convert, gauge, make, rest
from embedingest.engine.compiled.encoder import CompiledEncoder, create
from embedingest.engine.compiled.graphs import Share
from embedingest.engine.compiled.opening import entry_of, key_of
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.gate import PROBE_TEXTS, Figures
from embedingest.engine.vectors import cosines
from tests.depth import only_deep
from tests.engine.tiny import TEXTS, vectors

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

AUTO = ModelConfig()


@pytest.fixture(autouse=True)
def _has_bf16(monkeypatch):
    monkeypatch.setattr(hardware, "flags", lambda: ("avx512_bf16",))


@pytest.fixture
def folder(tiny_folder, tmp_path, monkeypatch) -> ModelFolder:
    """A model that was never used, and of which not all texts are compared before it is."""
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(gauge, "_LITTLE_WORK", 0.0)
    return ModelFolder.open(tiny_folder("bert-mean"))


@pytest.fixture(scope="module")
def begun(tiny_folder, tmp_path_factory) -> Path:
    """The cache of a process that ended before the rest was compared."""
    place = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as ending:
        ending.setattr(hardware, "flags", lambda: ("avx512_bf16",))
        ending.setenv("EMBEDINGEST_CACHE", str(place))
        ending.setattr(gauge, "_LITTLE_WORK", 0.0)
        ending.setattr(rest.Rest, "__init__", lambda _, *given: given[-1].close())
        ending.setattr(rest.Rest, "stop", lambda _: None)
        create(ModelFolder.open(tiny_folder("bert-mean")), AUTO).close()
    return place


@pytest.fixture
def stopped_early(folder, begun, tmp_path, monkeypatch) -> ModelFolder:
    """A model that was made by a process that ended before the rest was compared."""
    shutil.copytree(begun, tmp_path / "cache")
    assert texts_of(folder) == gauge.LEAST_TEXTS
    monkeypatch.setattr(rest, "_SECONDS_UNTIL_RESUMED", 0.01)
    monkeypatch.setattr(cache, "_POLL_SECONDS", 0.01)
    return folder


def texts_of(folder):
    return explain(folder, AUTO)["gate"]["texts"]


def least(encoder, folder):
    return cosines(encoder.encode(encoder.tokenize(TEXTS)), vectors(folder.path, TEXTS)).min()


@only_deep
def test_whoever_waits_is_told_why_and_closing_does_not_wait_for_the_rest(folder, caplog):
    with caplog.at_level(logging.INFO, "embedingest.told"):
        for _ in ("made", "found"):
            encoder = create(folder, AUTO)
            encoder.close()
            assert encoder.model._rest is None or not encoder.model._rest._thread.is_alive()
    begun, ended = [record.getMessage() for record in caplog.records if record.name == "embedingest.told"]
    assert begun == "preparing bert-mean for this processor (once), which takes some seconds"
    assert re.fullmatch(r"bert-mean is prepared: it runs in bf16[a-z-]* after \d+\.\d s", ended)


def test_a_snapshot_of_the_hugging_face_cache_is_known_by_its_repository(folder, tmp_path):
    place = tmp_path / "models--Team--Model" / "snapshots" / ("c" * 40)
    shutil.copytree(folder.path, place)
    assert ModelFolder.open(place).name == "Team/Model"


def kept(folder):
    """The entry of a model that was made."""
    return cache.find(key_of(folder, AUTO, Share.of(None, None)))


def never(*_, **__):
    raise AssertionError("gated a second time")


compared = rest.Rest._compared


def fails_in_bf16(self, entry, first):
    if entry.note["form"] != "bf16":
        return compared(self, entry, first)
    self._close()
    return first.with_more(Figures(224, 0.99, 0.4))


def test_a_model_serves_after_64_texts_and_the_others_are_compared_once(folder, monkeypatch):
    encoder = create(folder, AUTO)
    assert texts_of(folder) in (gauge.LEAST_TEXTS, PROBE_TEXTS)  # those that are left may be done by now
    assert least(encoder, folder) > 0.9995
    encoder.model.wait_for_rest()
    assert texts_of(folder) == PROBE_TEXTS
    encoder.close()
    monkeypatch.setattr(make, "Reference", never)
    monkeypatch.setattr(rest.Rest, "__init__", never)
    again = create(folder, AUTO)
    assert isinstance(again, CompiledEncoder)
    again.close()


@only_deep
def test_torch_runs_in_another_process_from_the_first_use_on(folder, monkeypatch):
    monkeypatch.setattr(convert, "load_chain", never)
    encoder = create(folder, AUTO)
    encoder.model.wait_for_rest()
    assert texts_of(folder) == PROBE_TEXTS
    encoder.close()


@only_deep
def test_a_process_that_ends_before_leaves_the_rest_to_another(stopped_early):
    encoder = create(stopped_early, AUTO)
    encoder.model.wait_for_rest()
    assert texts_of(stopped_early) == PROBE_TEXTS
    encoder.close()


@only_deep
def test_a_form_that_fails_later_gives_its_place_to_the_next_and_is_told(folder, monkeypatch, caplog):
    monkeypatch.setattr(rest.Rest, "_compared", fails_in_bf16)
    with caplog.at_level(logging.WARNING):
        encoder = create(folder, AUTO)
        encoder.model.wait_for_rest()
    assert "as bf16 gave vectors that differ too much in some of 288 texts" in caplog.text
    assert encoder.runtime["precision"] != "bf16"
    assert least(encoder, folder) > 0.9995
    (told,) = (form for form in explain(folder, AUTO)["rejected"] if form["form"] == "bf16")
    assert (told["texts"], told["reason"]) == (PROBE_TEXTS, "fails the gate")
    encoder.close()
    again = create(folder, AUTO)
    assert again.runtime["precision"] == encoder.runtime["precision"]
    again.close()


def test_what_another_process_compares_is_taken_over_and_not_compared_again(stopped_early, monkeypatch):
    monkeypatch.setattr(rest.Rest, "_compared", never)
    entry = kept(stopped_early)
    with cache.comparing(entry.note["key"], lambda _: True) as is_mine:
        assert is_mine
        encoder = create(stopped_early, AUTO)
        cache.amend(entry, {"gate": Figures(PROBE_TEXTS, 1.0, 0.9999).as_dict()})
    encoder.model.wait_for_rest()
    assert (encoder.runtime["cosine_least"], encoder.runtime["cosine_texts"]) == ("0.999900", str(PROBE_TEXTS))
    encoder.close()


@only_deep
def test_a_form_that_fails_in_another_process_gives_its_place_here_too(stopped_early, monkeypatch, caplog):
    entry = kept(stopped_early)
    with cache.comparing(entry.note["key"], lambda _: True), caplog.at_level(logging.WARNING):
        encoder = create(stopped_early, AUTO)
        cache.forget(entry.folder, "bf16 fails the gate")
        tried = [{**entry.note["tried"][-1], "passed": False}]
        entry_of(stopped_early, AUTO, entry.note["key"], encoder.model._share, [], tried)
    encoder.model.wait_for_rest()
    assert "as bf16 was found unfit by another process" in caplog.text
    assert encoder.runtime["precision"] != "bf16"
    assert least(encoder, stopped_early) > 0.9995
    encoder.close()


def test_who_waits_for_another_process_can_be_closed(stopped_early):
    entry = kept(stopped_early)
    with cache.comparing(entry.note["key"], lambda _: True):
        create(stopped_early, AUTO).close()
    assert texts_of(stopped_early) == gauge.LEAST_TEXTS


def test_the_rest_waits_for_memory_and_says_so_once(stopped_early, monkeypatch, caplog):
    looks = iter([0] * 3)
    monkeypatch.setattr(hardware, "available_bytes", lambda: next(looks, 2**40))
    with caplog.at_level(logging.INFO):
        encoder = create(stopped_early, AUTO)
        encoder.model.wait_for_rest()
    assert caplog.text.count("waits for 512 MiB of free memory") == 1
    assert texts_of(stopped_early) == PROBE_TEXTS
    encoder.close()


@only_deep
def test_where_memory_becomes_short_the_other_process_gives_it_back(folder, monkeypatch):
    monkeypatch.setattr(rest, "_LOOK_SECONDS", 0.0)
    monkeypatch.setattr(rest, "_SECONDS_UNTIL_RESUMED", 0.01)
    looks = iter([2**40, 0])
    monkeypatch.setattr(hardware, "available_bytes", lambda: next(looks, 2**40))
    ended = []
    whole = rest.Reference.close
    monkeypatch.setattr(
        rest.Reference, "close", lambda self, *, end=False: (ended.append(end), whole(self, end=end))[1]
    )
    encoder = create(folder, AUTO)
    encoder.model.wait_for_rest()
    assert ended == [True, False]
    assert texts_of(folder) == PROBE_TEXTS
    encoder.close()


@pytest.mark.parametrize(
    ("error", "traced"), [(OSError(24, "Too many open files"), False), (RuntimeError("odd"), True)]
)
def test_what_the_system_lacks_is_told_in_a_line_and_what_is_odd_with_its_trace(
    stopped_early, monkeypatch, caplog, error, traced
):
    def reference(*_):
        raise error

    monkeypatch.setattr(rest, "Reference", reference)
    with caplog.at_level(logging.WARNING):
        encoder = create(stopped_early, AUTO)
        encoder.model.wait_for_rest()
    assert [record.exc_info is not None for record in caplog.records] == [traced]
    assert "tried again by a later process" in caplog.text
    encoder.close()
