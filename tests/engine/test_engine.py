"""What may stand beside the upper seam, and what holds without it."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

import embedingest
from embedingest.config import EngineConfig
from embedingest.engine.engine import Engine, hosts, text_list
from embedingest.engine.local import LocalEngine


class Remote(LocalEngine):
    """An engine that names the hosts it talks to."""

    hosts = ("models.example:8080",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("one text", r"one str .* write `\[text\]`"),
        (b"one text", "one bytes"),
        ([b"a"], "text 0 is a bytes, not a str: decode it first"),
        (["a", None], "text 1 is a NoneType"),
        ([["a"]], "text 0 is a list"),
        ({"a": 1}, "a dict"),
        ({"a"}, "a set"),
    ],
)
def test_what_is_no_list_of_texts_is_refused_wherever_texts_are_taken(tmp_path, given, said):
    with LocalEngine(EngineConfig(), data=tmp_path) as engine:
        for call in (
            lambda: engine.embed(given, model="hashing"),
            lambda: asyncio.run(engine.aembed(given, model="hashing")),
            lambda: asyncio.run(engine.tokenize(given, model="hashing")),
        ):
            with pytest.raises(TypeError, match=said):
                call()
    if not isinstance(given, str):  # there one string is one text
        with pytest.raises(embedingest.ConfigError, match=r"`texts.* was given"):
            embedingest.embed(given, model="hashing")


def test_any_series_of_strings_is_texts():
    for given in (["a", "b"], ("a", "b"), iter(["a", "b"]), np.array(["a", "b"]), (text for text in "ab")):
        assert list(text_list(given)) == ["a", "b"]
    assert embedingest.embed("one text", model="hashing").vectors.shape == (1, 256)


def test_an_engine_may_name_its_hosts_and_one_that_does_not_talks_to_none(tmp_path):
    with LocalEngine(EngineConfig(), data=tmp_path) as local, Remote(EngineConfig(), data=tmp_path) as remote:
        assert isinstance(local, Engine)
        assert isinstance(remote, Engine)
        assert hosts(local) == ()
        assert hosts(remote) == ("models.example:8080",)
