"""JSON is written anew as it was meant: the same values, numbers and keys as they stand, letters for escapes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.load.common.json_text import rewritten, with_letters
from tests.depth import only_deep

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans(), st.booleans(), st.sampled_from([None, 1, 4]), st.sampled_from([None, (",", ":")]))
def test_the_values_stay_the_same(value, ascii_only, indent, written_with, separators):
    text = json.dumps(value, ensure_ascii=ascii_only, indent=written_with, separators=separators)
    again = rewritten(text, indent=indent)
    assert json.dumps(json.loads(again)) == json.dumps(json.loads(text))
    assert rewritten(again, indent=indent) == again


@given(
    VALUES
    | st.lists(
        st.integers()
        | st.sampled_from(["a,b", "a:b", "[]", True, [], {}, [1, "", 3], {"a": [1, 2], "b:": 1, "c": None, "d,": 2}])
    ),
    st.booleans(),
)
def test_the_indented_form_is_the_usual_one(value, dense):
    assert rewritten(json.dumps(value, separators=(",", ":") if dense else None), indent=True) == json.dumps(
        value, ensure_ascii=False, indent=2
    ).replace("\x7f", "\\u007f")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('{"id": 123456789012345678901234567890}', '{"id":123456789012345678901234567890}'),
        ('{"price": 19.90, "a": 1, "a": 2, "e": 1E+3}', '{"price":19.90,"a":1,"a":2,"e":1E+3}'),
        (r'["\u00fc\ud83d\ude00\/\"\n\u0007"]', '["ü😀/\\"\\n\\u0007"]'),
        (r'["\ud83d", "\udc00x", "\ud83d\ud83d"]', '["\ufffd","\ufffdx","\ufffd\ufffd"]'),
        ("[NaN, -Infinity]", "[NaN,-Infinity]"),
        (" 5 ", "5"),
    ],
)
def test_what_is_written_is_kept(text, written):
    assert rewritten(text) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "[1,]",
        "[1 2]",
        '{"a"}',
        '{"a":}',
        "{1:2}",
        "[1]]",
        '"a',
        '"\\x"',
        "01",
        "+1",
        "nul",
        "[}",
        '{"a":1,}',
        "1 2",
        "a",
        "[1,2,]",
        "[1,2,03]",
        "[1,2,3",
        "[1,2,,3]",
        '{"a":1,2,3}',
        '{"a":1,"b":2,}',
        '["a":1,"b":2]',
    ],
)
def test_what_is_no_json_is_refused(text):
    with pytest.raises(ValueError, match=r"JSON|cannot stand|can stand|escape"):
        rewritten(text)


@only_deep
def test_depth_costs_no_more_than_length():
    deep = "[" * 200_000 + "]" * 200_000
    assert rewritten(deep) == deep
    assert len(rewritten(deep, indent=True)) < 2 * len(deep)


@given(VALUES, st.sampled_from([None, 1, 4]))
def test_letters_stand_for_escapes_line_by_line_and_the_values_stay(value, indent):
    text = json.dumps(value, indent=indent)
    lettered = with_letters(text)
    assert json.dumps(json.loads(lettered)) == text if indent is None else json.loads(lettered) is not ...
    assert lettered.count("\n") == text.count("\n")
    assert with_letters(lettered) == lettered


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        (r'{"a": "Z\u00fcrich \ud83d\ude00"}', '{"a": "Zürich 😀"}'),
        (r'["C:\\users", "\\u00fc", "\u0022\u005c\u000a", "\ud83d", "\ud83d\u0041"]',
         r'["C:\\users", "\\u00fc", "\u0022\u005c\u000a", "\ud83d", "\ud83dA"]'),
        (r'name: "Z\xFCrich", pattern: \u00fc', r'name: "Zürich", pattern: \u00fc'),
        (r'{"cut": "\u041f\u0440', '{"cut": "Пр'),
    ],
)  # fmt: skip
def test_letters_of_escapes_between_quotes(text, letters):
    assert with_letters(text) == letters
