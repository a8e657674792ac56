"""How large chunks may be: by the settings, by the model's window, and by what a vector can be about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from embedingest.config import PipelineConfig
from embedingest.engine.hashing import HashingSizer
from embedingest.errors import ConfigError
from embedingest.ingest.rows.recipe import Recipe, check_chunk_sizes
from embedingest.types import ModelInfo

INFO = ModelInfo(
    name="m:latest", fingerprint="f:exact", dimensions=4, max_tokens=8194, context_length=8194, special_tokens=2
)


def recipe(window: int = 8194, **chunk: Any) -> Recipe:
    return Recipe(
        PipelineConfig.model_validate({"sources": [{"path": "docs"}], "chunk": chunk}), replace(INFO, max_tokens=window)
    )


def capacity(window: int = 8194, **chunk: Any) -> int:
    return recipe(window, **chunk).setup(HashingSizer(window - 2)).sizer.capacity


def hashed(made: Recipe) -> str:
    return made.config_hash("text", "1", "structured", "1")


@pytest.mark.parametrize(
    ("window", "chunk", "most"),
    [
        (40_960, {}, 512),
        (8194, {}, 512),
        (514, {}, 512),
        (512, {}, 510),
        (256, {}, 254),
        (8194, {"max_tokens": 2000}, 2000),
        (8194, {"max_tokens": 64}, 64),
        (256, {"max_tokens": 300}, 254),
    ],
)
def test_a_chunk_has_at_most_512_tokens_or_what_the_settings_say_and_never_more_than_the_window(window, chunk, most):
    assert capacity(window, **chunk) == most


def test_only_tables_of_a_longer_window_are_cut_anew():
    assert hashed(recipe(8194)) == hashed(recipe(8194, max_tokens=512))
    assert hashed(recipe(8194)) != hashed(recipe(8194, max_tokens=2000))
    assert hashed(recipe(512)) != hashed(recipe(512, max_tokens=512))  # as it was before there was a usual size


def test_sizes_that_cannot_be_are_refused_with_the_way_out():
    check_chunk_sizes(recipe(max_tokens=8194).config.chunk, INFO)
    for chunk, reason in (
        ({"max_tokens": 8195}, "no more than 8194"),
        ({"options": {"code": {"max_tokens": 2000}}}, "set `chunk.max_tokens: 2000` too"),
    ):
        with pytest.raises(ConfigError) as failed:
            check_chunk_sizes(
                PipelineConfig.model_validate({"sources": [{"path": "docs"}], "chunk": chunk}).chunk, INFO
            )
        assert reason in str(failed.value)
    with pytest.raises(ConfigError, match="chunks of 512 tokens cannot share 600"):
        recipe(overlap_tokens=600)
