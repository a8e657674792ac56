"""How many models may be in memory: as many as one table asks one after another, unless a number was set."""

from __future__ import annotations

import logging

from embedingest.engine.together import keep_together
from tests.engine.shelf import Watched, engine_of

NAMES = "abcde"
TABLE = [("vector", "a"), ("sparse", "b"), ("rerank", "c"), ("rerank", "d")]


def opened(tmp_path, **settings):
    return engine_of(tmp_path, dict.fromkeys(NAMES, Watched), **settings)


def asked(engine, names):
    for name in names:
        engine.embed(["x"], model=name)
    return {running.info.name.removesuffix(":latest") for running in engine.running()}


def test_three_models_stay_where_nobody_says_more(tmp_path) -> None:
    with opened(tmp_path) as engine:
        assert asked(engine, "abcd") == set("bcd")


def test_all_models_of_a_table_stay_and_are_loaded_once(tmp_path) -> None:
    with opened(tmp_path) as engine:
        keep_together(engine, TABLE)
        assert asked(engine, "abcd" * 3) == set("abcd")
        assert engine.catalog.opened == list("abcd")
        keep_together(engine, [("vector", "a"), ("rerank", "e")])
        assert asked(engine, "e") == set("abcde"), "and those of another table beside them"


def test_a_lower_number_that_was_set_stays_and_is_warned_of_once(tmp_path, caplog) -> None:
    with opened(tmp_path, max_loaded_models=2) as engine:
        keep_together(engine, TABLE[:2], warn=True)
        assert not caplog.records
        for _ in range(2):
            keep_together(engine, TABLE, warn=True)
        assert asked(engine, "abcd") == set("cd")
    [told] = [record for record in caplog.records if record.levelno == logging.WARNING]
    for part in ("`max_loaded_models` is 2", "4 models", "a, b, c, d", "OLLAMA_MAX_LOADED_MODELS"):
        assert part in told.getMessage()


def test_a_number_that_suffices_stays_and_says_nothing(tmp_path, caplog) -> None:
    with opened(tmp_path, max_loaded_models=4) as engine:
        keep_together(engine, TABLE, warn=True)
        assert asked(engine, NAMES) == set("bcde")
    assert not caplog.records


def test_what_is_no_model_yet_is_counted(tmp_path) -> None:
    with opened(tmp_path) as engine:
        keep_together(engine, [*TABLE, ("late", "comes-later")])
        assert asked(engine, NAMES) == set(NAMES)
