"""The body decoder: whatever the bytes, an object's fields or a 400 with a reason."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embedingest.durations import FOREVER
from embedingest.server.wire.decode import WireError, decode
from embedingest.server.wire.ollama import embed_request, keep_alive_of, option_context, shaped
from tests.depth import much

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=200))
@settings(max_examples=much(80, 250))
def test_any_bytes_are_fields_or_a_400(body):
    try:
        decode(body)
        refused = (400, "not refused")
    except WireError as error:
        refused = (error.status, error.text)
    assert refused[0] == 400
    assert refused[1]


@given(st.dictionaries(st.sampled_from(["model", "Input", "truncate", "dimensions", "keep_alive", "x"]), JSON))
@settings(max_examples=much(80, 250))
def test_any_object_is_a_request_or_a_400(value):
    try:
        request = embed_request(json.dumps(value).encode())
        texts = shaped(request.shape)
        option_context(request.options)
        status = 400
    except WireError as error:
        status, texts = error.status, None
    assert status == 400
    assert texts is None or all(isinstance(text, str) for text in texts)


@given(st.dictionaries(st.text(min_size=1), st.text(), max_size=5), st.text(alphabet='}]{ \n"x1,'))
@settings(max_examples=much(60, 150))
def test_what_follows_the_first_value_changes_nothing(value, junk):
    body = json.dumps(value).encode()
    once, again = decode(body), decode(body + b" " + junk.encode())
    assert [once.get(key.casefold()) for key in value] == [again.get(key.casefold()) for key in value]


def test_deep_nesting_is_refused_and_not_a_crash():
    with pytest.raises(WireError) as refused:
        decode(b'{"model":' + b"[" * 200_000)
    assert refused.value.status == 400


@pytest.mark.parametrize(
    "body", [b'{"a":"\n"}', b'{"a":"\t', b'{"a":"', b'{"a', b'{"a":1 "b"}', b"{1", b"{", b'{"a":"\\x"}']
)
def test_what_is_wrong_stands_before_its_place(body):
    with pytest.raises(WireError) as caught:
        decode(body)
    assert re.fullmatch(r"the body is not valid JSON: .*[^t] at character \d+", caught.value.text)


def test_a_million_digits_are_refused_and_not_a_crash():
    with pytest.raises(WireError):
        decode(b'{"dimensions":' + b"9" * 1_000_000 + b"} ").whole("dimensions")


@pytest.mark.parametrize(
    ("options", "context"),
    [({}, None), ({"num_ctx": None}, None), ({"num_ctx": 0}, None), ({"num_ctx": -5}, None), ({"num_ctx": 16.9}, 16),
     ({"num_ctx": 0.5}, None), ({"num_ctx": 1e300}, None)],
)  # fmt: skip
def test_num_ctx_is_a_whole_number_above_0_or_nothing(options, context):
    assert option_context(options) == context


def test_a_keep_alive_that_is_absent_changes_nothing():
    assert keep_alive_of(decode(b"{}")) is None


@pytest.mark.parametrize("digits", [20, 308, 309, 310, 400, 4300, 5000, 100_000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_a_whole_number_of_any_length_is_a_number_or_a_400(digits, sign):
    number = f"{sign}{'9' * digits}"
    for field in ("dimensions", "limit"):
        with pytest.raises(WireError, match="whole number") as refused:
            decode(f'{{"{field}":{number}}}'.encode()).whole(field)
        assert len(refused.value.text) < 500
        assert refused.value.status == 400
    fields = decode(f'{{"keep_alive":{number},"options":{{"num_ctx":{number},"top_p":{number}}}}}'.encode())
    if digits <= 308:
        assert keep_alive_of(fields) == (FOREVER if sign else pytest.approx(2**63 / 1e9))
        assert option_context(fields.mapping("options")) is None
    else:
        with pytest.raises(WireError) as refused:
            keep_alive_of(fields)
        assert refused.value.status == 400
        with pytest.raises(WireError) as refused:
            option_context(fields.mapping("options"))
        assert refused.value.status == 400


@pytest.mark.parametrize("levels", [100, 480, 500, 700, 900, 990, 1000, 1100, 10_000])
@pytest.mark.parametrize("odd", ["", '"x":"\\ud800",'])
def test_any_nesting_is_read_or_a_400(levels, odd):
    for value in ("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels):
        try:
            request = embed_request(f'{{{odd}"model":"m","input":"x","options":{{"a":{value}}}}}'.encode())
            option_context(request.options)
            status = 400
        except WireError as error:
            status = error.status
        assert status == 400


@given(st.lists(st.sampled_from(["\\ud800", "\\udc00", "\\ud83d\\ude00", "a", "\\u00e9", "é"]), max_size=8))
def test_halves_of_pairs_become_replacement_characters_wherever_they_stand(parts):
    spelled = "".join(parts)
    fields = decode(
        f'{{"{spelled}x":1,"model":"{spelled}","input":[["{spelled}"],{{"{spelled}":"{spelled}"}}]}}'.encode()
    )
    json.dumps(fields.get("input"), ensure_ascii=False).encode()
    assert fields.text("model").encode().decode() == fields.text("model")
