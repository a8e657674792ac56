"""Data in base64 is no text: left out and counted in every loader of text, and every line stays where it was."""

import base64
import json
import random
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest import registry
from embedingest.errors import DocumentSkipped
from embedingest.ingest.load.choose import choose
from embedingest.ingest.load.encoded.data import without_data

DATA = base64.b64encode(random.Random(7).randbytes(3000)).decode()
ADDRESS = f"data:image/png;base64,{DATA}"
SVG = "data:image/svg+xml;charset=utf-8,%3Csvg%20xmlns=%22http://www.w3.org/2000/svg%22%3E%3Cpath%20d=%22M0%200%22/%3E"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n" + textwrap.fill(DATA, 64) + "\n-----END CERTIFICATE-----\n"
FILES = {
    "inline.md": (f"Before.\n\n![A mill]({ADDRESS})\n\nAfter.\n", "Before.\n\n![A mill]()\n\nAfter.\n"),
    "reference.md": (f"![A mill][1]\n\n[1]: {ADDRESS}\n", "![A mill][1]\n\n[1]: \n"),
    "a.css": (f"a {{ background: url('{ADDRESS}') }}\nb {{}}\n", "a { background: url('') }\nb {}\n"),
    "svg.css": (f'a {{ background: url("{SVG}") }}\n', 'a { background: url("") }\n'),
    "a.js": (f"f();\n//# sourceMappingURL=data:application/json;base64,{DATA}\n", "f();\n//# sourceMappingURL=\n"),
    "a.txt": (f"Key:\n{CERTIFICATE}Words.\n", None),
    "a.json": (json.dumps({"name": "mill", "picture": DATA}), '{"name": "mill", "picture": ""}'),
    "a.html": (f"<h1>Mill</h1><p>Words. <img alt='A mill' src='{ADDRESS}'> <a href='{ADDRESS}'>Save</a> it.</p>", None),
    "a.ipynb": (
        json.dumps(
            {
                "nbformat": 4,
                "cells": [
                    {
                        "cell_type": "markdown",
                        "source": [f"Words ![]({ADDRESS})"],
                        "attachments": {"a": {"image/png": DATA}},
                    },
                    {"cell_type": "code", "source": f"x = '{ADDRESS}'", "outputs": []},
                ],
            }
        ),
        None,
    ),
}


def load(name, text):
    data = text.encode()
    return registry.load("loaders", choose(name, data))().load(data, name)


@pytest.mark.parametrize("name", sorted(FILES))
def test_data_is_left_out_and_counted(name):
    text, wanted = FILES[name]
    document = load(name, text)
    assert DATA[:60] not in document.text
    assert "%3Csvg" not in document.text
    assert document.notices["encoded_data"] >= 1
    if wanted is not None:
        assert document.text == wanted
    if document.has_lines and name != "a.html":
        assert document.text.count("\n") == text.count("\n")


def test_what_only_looks_long_stays():
    for text in (
        "GATTACA" * 300,
        ">P1\n" + ("MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKA\n") * 30,
        "3141592653" * 200,
        "deadbeef01" * 200,
        "data:text/plain,hello and data: words follow",
        "https://example.org/" + "a/" * 700,
        "word " * 500,
    ):
        assert without_data(text) == (text, 0)


@given(
    st.lists(st.sampled_from(["words ", "\n", "data:", ";base64,", DATA[:1200], DATA[:64] + "\n", "=", ")", "A" * 70]))
)
def test_lines_stay_and_a_second_look_finds_nothing_new(parts):
    text = "".join(parts)
    left, count = without_data(text)
    assert left.count("\n") == text.count("\n")
    assert (count == 0) == (left == text)


def test_minified_code_is_skipped_with_a_way_out_and_ordinary_code_is_not():
    packed = "/* MIT */\n" + "!function(e,t){return e+t}(1,2);" * 400
    for name in ("bundle.js", "site.css"):
        with pytest.raises(DocumentSkipped) as skipped:
            load(name, packed)
        assert (skipped.value.code, "load.loaders" in skipped.value.remedy) == ("minified", True)
    assert load("app.js", "function mill(grain) {\n  return grain\n}\n" * 400).language == "javascript"
    assert load("data.py", packed).text == packed
