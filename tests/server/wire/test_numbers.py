"""Vectors as JSON: the digits are Go's, and nothing is lost."""

from __future__ import annotations

import base64
import json

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.server.wire.numbers import base64_rows, json_row, json_rows
from tests.depth import much

FLOATS = st.floats(width=32, allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.010071031, "0.010071031"),
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-1.0, "-1"),
        (1e-7, "1e-7"),
        (-9.438504e-8, "-9.438504e-8"),
        (1e-6, "0.000001"),
        (1.5e-6, "0.0000015"),
        (9.9e-6, "0.0000099"),
        (9.9e-7, "9.9e-7"),
        (1e21, "1e+21"),
        (1e20, "100000000000000000000"),
        (123456.0, "123456"),
        (1e-45, "1e-45"),
        (-3.4028235e38, "-3.4028235e+38"),
        (-3e17, "-300000000000000000"),
    ],
)
def test_numbers_are_printed_as_go_prints_them(value, written):
    assert json_row(np.array([0.25, value, 0.5], dtype=np.float32)) == f"[0.25,{written},0.5]".encode()


def test_a_widened_number_has_the_digits_of_a_float64():
    assert json_row(np.array([0.56704038], dtype=np.float32).astype(np.float64)) == b"[0.5670403838157654]"


@given(st.lists(FLOATS, min_size=1, max_size=20))
@settings(max_examples=much(60, 150))
def test_what_is_read_back_is_the_same_float32(values):
    row = np.array(values, dtype=np.float32)
    again = np.array(json.loads(json_row(row), parse_int=float), dtype=np.float32)
    assert again.tobytes() == row.tobytes()


@given(FLOATS)
@settings(max_examples=much(80, 250))
def test_no_shorter_number_would_do(value):
    number = np.float32(value)
    written = json_row(np.array([number])).decode().strip("[]")
    digits = written.partition("e")[0].replace(".", "").lstrip("-0").rstrip("0")
    shortest = np.format_float_scientific(number, unique=True, trim="-").partition("e")[0]
    assert len(digits) == len(shortest.replace(".", "").lstrip("-0").rstrip("0"))


def test_many_rows_are_written_as_each_alone():
    rows = np.random.default_rng(1).normal(size=(300, 384)).astype(np.float32) * np.float32(1e-4)
    rows[7, 3], rows[120, 383], rows[299, 0] = 0, 1e-33, -2
    assert json_rows(rows) == b"[" + b",".join(map(json_row, rows)) + b"]"


def test_a_hundred_vectors_are_written_in_two_goes(monkeypatch):
    goes = []
    written = orjson.dumps
    monkeypatch.setattr(orjson, "dumps", lambda *what, **how: goes.append(what) or written(*what, **how))
    json_rows(np.full((100, 384), 0.25, dtype=np.float32))
    assert len(goes) == 2


def test_a_widened_number_of_a_large_power_is_not_taken_for_one_of_a_small():
    assert json_row(np.array([1.5e-60, 1.5e-6, 1e-9])) == b"[1.5e-60,0.0000015,1e-9]"


def test_rows_are_lists_of_lists_and_nothing_for_nothing():
    assert json_rows(np.array([[0.5, 0], [0, 0.25]], dtype=np.float32)) == b"[[0.5,0],[0,0.25]]"
    assert json_rows(np.zeros((0, 3), dtype=np.float32)) == b"[]"


def test_base64_holds_little_endian_float32():
    row = np.array([[0.5, -1.0, 1e-7]], dtype=np.float32)
    assert np.frombuffer(base64.b64decode(base64_rows(row)[0]), "<f4").tolist() == row[0].tolist()
