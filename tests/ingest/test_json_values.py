"""What YAML and TOML say of a document can be stored as JSON."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.json_values import jsonable, read_yaml

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates() | st.times() | st.binary()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(SCALARS.filter(lambda key: key == key), inner),
    max_leaves=8,
)


@given(VALUES)
def test_any_value_becomes_json_and_stays_the_same_when_it_is_json_already(value):
    converted = jsonable(value)
    assert json.loads(json.dumps(converted, allow_nan=False)) == converted
    assert jsonable(converted) == converted


def test_dates_are_iso_text_and_keys_are_text():
    assert jsonable({1: dt.date(2026, 1, 2), "at": (dt.time(3, 4),)}) == {"1": "2026-01-02", "at": ["03:04:00"]}


def test_yaml_is_read_and_blank_yaml_is_nothing():
    assert read_yaml("title: Walrus\ntags: [ice, sea]") == {"title": "Walrus", "tags": ["ice", "sea"]}
    assert read_yaml(" \n") is None


@pytest.mark.parametrize(
    ("source", "reason"), [("a: &x [1]\nb: *x", "aliases"), ("a: [", "no YAML"), ("a: 2026-13-45", "month")]
)
def test_yaml_that_is_refused_says_why_on_one_line(source, reason):
    with pytest.raises(ValueError, match=reason) as error:
        read_yaml(source)
    assert "\n" not in str(error.value)
