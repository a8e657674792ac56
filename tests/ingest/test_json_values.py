"""What YAML and TOML say of a document can be stored as JSON."""

from __future__ import annotations

import datetime as dt
import json
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.json_values import jsonable, read_toml, read_yaml

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


IMPOSSIBLE = (
    "2024-02-31", "2026-13-45", "0000-01-01", "2024-01-31T25:61:00Z", "2024-01-31 99:99:99", "9" * 5000, "2023-02-29 10:00:00",
)  # fmt: skip


@pytest.mark.parametrize("value", IMPOSSIBLE)
def test_a_value_that_there_is_not_stays_its_text_and_the_others_what_they_are(value):
    others = {"n": 3, "day": dt.date(2024, 1, 31), "tags": ["a", value, 1.5], "in": {"at": value, "x": True}}
    yaml = f"n: 3\nday: 2024-01-31\nd: {value}\ntags: [a, {value}, 1.5]\nin:\n  at: {value}\n  x: true\n"
    toml = (
        f'n = 3\nday = 2024-01-31\nd = {value} # {value}\ntags = ["a", {value}, 1.5]\n[in]\nat = {value}\n'
        f'x = true\ns = """\n{value}\n"""\n2024-02-31 = "{value}"\n'
    )
    texts = {"s": f"{value}\n", "2024-02-31": value}
    for read, source, more in ((read_yaml, yaml, {}), (read_toml, toml, texts)):
        notices: dict[str, int] = {}
        assert read(source, notices) == {**others, "d": value, "in": {**others["in"], **more}}
        # What YAML takes for words to begin with is none of its dates.
        assert notices in ({"values_unreadable": 3}, {} if read is read_yaml else None)


@pytest.mark.parametrize("value", ["!!int 'x'", "!!bool x", "!!float ''", "!Ref x", "!!python/object:os.system x"])
def test_a_tag_that_does_not_fit_loses_no_other_key(value):
    notices: dict[str, int] = {}
    read = read_yaml(f"a: 1\nb: {value}\nc: !Map {{d: 2}}\ne: !Seq [3]", notices)
    assert read == {"a": 1, "b": value.split()[1].strip("'"), "c": {"d": 2}, "e": [3]}
    assert notices == {"values_unreadable": 3}


@given(st.text(alphabet="0123456789-:T.+eZ\"' =[]#\n_a", max_size=60))
def test_toml_is_read_as_ever_where_it_is_toml(text):
    try:
        expected = tomllib.loads(text)
    except ValueError:
        return
    notices: dict[str, int] = {}
    assert read_toml(text, notices) == expected
    assert not notices


@pytest.mark.parametrize(("source", "reason"), [("a: &x [1]\nb: *x", "aliases"), ("a: [", "no YAML")])
def test_yaml_that_is_refused_says_why_on_one_line(source, reason):
    with pytest.raises(ValueError, match=reason) as error:
        read_yaml(source)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 50_000 + "x", "a: " + "[" * 300 + "]" * 300])
def test_yaml_that_is_nested_too_deeply_is_refused_before_it_costs_anything(text):
    with pytest.raises(ValueError, match="nested more than 200 deep"):
        read_yaml(text)


def test_toml_that_is_nested_too_deeply_is_a_value_that_cannot_be_read():
    with pytest.raises(ValueError, match="nested too deeply"):
        read_toml("a = " + "[" * 20_000)
