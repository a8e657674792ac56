"""Large bodies: decoded in pieces they hold what they hold in one go, whatever they are."""

from __future__ import annotations

import json
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.server.wire import decode as decoding
from embedingest.server.wire import large
from embedingest.server.wire.decode import WireError, decode
from embedingest.server.wire.large import MOST_VALUES
from tests.depth import few, much

pytestmark = pytest.mark.slow

PIECE_BYTES = 40
SPELLINGS = [
    "a",
    "bc ",
    "é",
    "日本",
    "😀",
    "\\n",
    "\\\\",
    '\\"',
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\ud83d",
    "\\ude00",
    "[",
    "]}",
    ",",
    ":",
]

strings = st.lists(st.sampled_from(SPELLINGS), max_size=40).map(lambda parts: f'"{"".join(parts)}"')
scalars = st.one_of(strings, st.sampled_from(["null", "true", "1", "-2.5e3", "123456789012"]))
blanks = st.sampled_from(["", " ", "\n\t "])
lists = st.lists(st.tuples(blanks, scalars, blanks).map("".join), max_size=12).map(lambda parts: f"[{','.join(parts)}]")
nested = st.lists(lists, max_size=4).map(lambda parts: f"[{','.join(parts)}]")
keys = st.sampled_from(['"model"', '"input"', '"Input"', '"\\u0069nput"', '"x"', '"\\ud800"'])
members = st.tuples(blanks, keys, blanks, st.just(":"), blanks, scalars | lists, blanks).map("".join)
bodies = st.lists(members, min_size=1, max_size=6).map(lambda parts: f" {{{','.join(parts)}}}")


def in_pieces(body: bytes):
    with patch.object(decoding, "LARGE_BYTES", 0), patch.object(large, "_PIECE_BYTES", PIECE_BYTES):
        return outcome(body)


def outcome(body: bytes):
    """The fields, or `None` for a 400."""
    try:
        return decode(body)._values
    except WireError as error:
        assert error.status == 400
        return None


@settings(max_examples=much(40, 400))
@given(bodies)
def test_pieces_hold_what_the_whole_holds(text):
    body = text.encode()
    assert in_pieces(body) == outcome(body) != None  # noqa: E711 -- every such body is understood


@settings(max_examples=much(40, 400))
@given(bodies, st.data())
def test_a_body_that_is_broken_anywhere_is_refused_or_means_the_same(text, data):
    body = bytearray(text.encode())
    place = data.draw(st.integers(0, len(body) - 1))
    body[place : place + 1] = data.draw(
        st.sampled_from([b"", b"\x00", b"]", b"}", b"{", b"[", b",", b":", b'"', b"\\", b"\xff", b"1"])
    )
    whole, pieces = outcome(bytes(body)), in_pieces(bytes(body))
    assert pieces == whole or pieces is None or whole is None or b"\xff" in body


@given(bodies, st.integers(1, 5))
def test_a_body_that_is_cut_short_is_refused(text, missing):
    assert in_pieces(text.encode()[: -min(missing, len(text) - 2)]) is None


@given(nested)
def test_lists_of_lists_are_lists(text):
    fields = in_pieces(f'{{"input":{text}}}'.encode())
    assert isinstance(fields["input"], list)
    assert len(fields["input"]) == len(json.loads(text))
    assert all(isinstance(inner, list) for inner in fields["input"])


@pytest.mark.parametrize("between", [b" ", b"\n\t", b" \r"])
def test_blanks_without_end_stand_where_blanks_may_stand(between):
    blanks = between * 400_000
    body = b'{%s"model"%s:%s"m"%s,%s"input":%s[%s"a"%s,"b"]%s}' % ((blanks,) * 9)
    fields = decode(body)
    assert (fields.get("model"), fields.get("input")) == ("m", ["a", "b"])


def test_what_follows_a_large_body_changes_nothing():
    body = json.dumps({"model": "m", "input": ["text " * 100] * 4000}).encode()
    assert len(body) > decoding.LARGE_BYTES
    assert decode(body + b'} ] "junk').get("input") == ["text " * 100] * 4000


@few(4)
@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[" + b"1," * 600_000 + b"1]", "must be a JSON object, not an array"),
        (b'"' + b"x" * 2**20 + b'"', "must be a JSON object, not a string"),
        (b"\xef\xbb\xbf{" + b" " * 2**20 + b"}", "byte-order mark"),
        (b"x" * 2**20, "not valid JSON"),
        (b'{"input":"' + b"x" * 2**20, "not valid JSON"),
        (b'{"input":' + b"1" * 2**20 + b"}", "not valid JSON"),
        (b'{"input":"' + b"x" * 2**20 + b'\n"}', "not valid JSON"),
        (b'{"input":["' + b"x" * 2**20 + b'"}', "not valid JSON"),
        (b'{"input":[' + b'"x",' * 2**19 + b"]}", "not valid JSON"),
        (b'{"input" "' + b"x" * 2**20 + b'"}', "not valid JSON"),
    ],
)
def test_a_large_body_that_is_no_request_is_refused_with_a_reason(body, said):
    with pytest.raises(WireError, match=said) as refused:
        decode(body)
    assert refused.value.status == 400
    assert len(refused.value.text) < 200


@few(1)
@pytest.mark.parametrize("values", [b"1,", b"[],", b'"",', b'{"a":0},'])
def test_more_values_than_are_read_are_refused_before_they_are_in_memory(values):
    with pytest.raises(WireError, match=f"more than {MOST_VALUES} values") as refused:
        decode(b'{"input":[' + values * (MOST_VALUES + 1) + b"1]}")
    assert refused.value.status == 413


def test_a_large_field_that_takes_no_object_is_still_told_by_its_kind():
    members = b",".join(b'"%x":1' % number for number in range(200_000))
    assert decode(b'{"input":{' + members + b"}}").get("input") == {}
