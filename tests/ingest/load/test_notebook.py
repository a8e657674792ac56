"""Notebooks of every age and maker are read; their titles come from words, not from code."""

import json

import pytest

from embedingest.ingest.load.notebook import create


def load(book, **options):
    text = book if isinstance(book, str) else json.dumps(book)
    return create(**options).load(text.encode("utf-8", "surrogatepass"), "x.ipynb")


def test_numbers_that_no_json_has_lose_no_notebook():
    output = {"output_type": "display_data", "data": {"application/json": {"y": [1, float("nan"), float("inf")]}}}
    book = {
        "cells": [
            {"cell_type": "markdown", "source": "# Study"},
            {"cell_type": "code", "source": "x", "outputs": [output]},
        ]
    }
    assert load(book).text == "# Study\n\n```\nx\n```\n"


@pytest.mark.parametrize("half", ["\\ud83d", "\ud83d"])
def test_half_a_surrogate_pair_loses_no_notebook(half):
    assert load('{"cells": [{"cell_type": "markdown", "source": "a' + half + 'b"}]}').text == "a\ufffdb\n"


def test_headings_and_languages_of_the_third_version():
    cells = [
        {"cell_type": "heading", "level": 1, "source": ["Mill ", "study"]},
        {"cell_type": "heading", "level": 2, "source": "Data"},
        {"cell_type": "code", "language": "Python", "input": ["x = 1\n", "x"]},
    ]
    document = load({"metadata": {"name": "Old"}, "nbformat": 3, "worksheets": [{"cells": cells}]})
    assert document.text == "# Mill study\n\n## Data\n\n```python\nx = 1\nx\n```\n"
    assert (document.title, document.metadata) == ("Mill study", {"language": "python"})


def test_lines_of_an_early_version_that_were_kept_without_their_ends_are_lines():
    cells = [
        {"cell_type": "markdown", "source": ["# Mill", "", "Water turns."]},
        {"cell_type": "code", "language": "python", "input": ["x = 1", "x"]},
    ]
    document = load({"nbformat": 2, "worksheets": [{"cells": cells}]})
    assert document.text == "# Mill\n\nWater turns.\n\n```python\nx = 1\nx\n```\n"
    assert load({"cells": [{"cell_type": "markdown", "source": ["Water ", "turns."]}]}).text == "Water turns.\n"


def test_a_comment_of_code_is_no_title():
    cells = [
        {"cell_type": "code", "source": "# turn off warnings"},
        {"cell_type": "raw", "source": "# raw"},
        {"cell_type": "markdown", "source": "```\n# in a listing\n```"},
        {"cell_type": "markdown", "source": "Words\n\n# The *real* title"},
    ]
    assert load({"cells": cells}).title == "The real title"


@pytest.mark.parametrize(
    ("output", "without", "kept"),
    [
        ({"output_type": "stream", "text": ["1\n"]}, 1, 0),
        ({"output_type": "display_data", "data": {"image/png": "AAAA", "text/plain": "<Figure>"}}, 1, 0),
        ({"output_type": "display_data", "data": {"application/vnd.plotly.v1+json": {}}}, 1, 1),
        ({"output_type": "display_data", "png": "AAAA"}, 1, 1),
        ({"output_type": "stream", "text": []}, 0, 0),
    ],
)
def test_an_output_that_is_not_kept_is_counted_whether_it_has_words_or_not(output, without, kept):
    book = {"cells": [{"cell_type": "code", "source": "x", "outputs": [output]}]}
    assert load(book).notices.get("outputs_left_out", 0) == without
    assert load(book, outputs=True).notices.get("outputs_left_out", 0) == kept
