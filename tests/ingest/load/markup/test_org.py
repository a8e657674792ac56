"""Org mode: words in their order, structure as Markdown, no control syntax."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.markup.org import create


def load(text):
    return load_inner(text.encode(), "a.org", "a.org")


def test_a_notebook_of_org_becomes_its_words_and_structure():
    document = load(
        "#+TITLE: The Mill\n#+AUTHOR: Ann Miller\n#+FILETAGS: :water:\n#+OPTIONS: toc:nil\n# aside\n\n"
        "Opening [[https://example.org][the /site/]] at <2024-05-10 Fri>.\n"
        "* TODO [#A] First :work:home:\nSCHEDULED: <2024-05-10 Fri>\n:PROPERTIES:\n:ID: 123\n:END:\n"
        "Words *bold* and =x= and a/b/c.\n*** Deep\n- apples\n  more\n  - [X] pears\n- term :: meaning\n1. one\n"
    )
    assert document.text == (
        "Opening the site at 2024-05-10 Fri.\n\n# TODO First\n\nSCHEDULED: 2024-05-10 Fri\n"
        "Words bold and `x` and a/b/c.\n\n### Deep\n\n- apples\n  more\n  - [X] pears\n- term: meaning\n1. one\n"
    )
    assert (document.title, document.metadata) == (
        "The Mill",
        {"author": "Ann Miller", "tags": ["water", "work", "home"]},
    )
    assert document.notices == {"comments_left_out": 1, "drawers_left_out": 1}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("| A | B |\n|---+---|\n| 1 | a =b= |\n| <l> | |\n#+TBLFM: $1=2\n", "| A | B |\n| --- | --- |\n| 1 | a `b` |\n"),
        ("#+begin_src python -n\ndef f():\n\n    ,* x\n#+end_src\n", "```python\ndef f():\n\n    * x\n```\n"),
        ("#+BEGIN_EXAMPLE\n```\n* no heading\n#+END_EXAMPLE\nmore\n", "````\n```\n* no heading\n````\n\nmore\n"),
        (": fixed\n:  width\nwords\n", "```\nfixed\n width\n```\n\nwords\n"),
        ("#+BEGIN_QUOTE\nSaid *so*.\n#+END_QUOTE\n", "Said so.\n"),
        ("#+BEGIN_SRC c\nno end\n* Heading\n", "no end\n\n# Heading\n"),
        ("1985 was\n# 1 aside\n#1 in the market\n~~~\n> x\n", "1985 was\n#1 in the market\n\\~~~\n\\> x\n"),
        ("/usr/bin/ls *2*3* snake_case_name ~a b~ +gone+.\n", "/usr/bin/ls *2*3* snake_case_name `a b` ~~gone~~.\n"),
        ("Note[fn:1] and[fn:: inline].\n\n[fn:1] Below.\n", "Note[1] and (inline).\n\n[1] Below.\n"),
        ("[[file:a.png]] [[./b c.txt]] [[*Mill]] <<here>>x <<<wheel>>>\n", " ./b c.txt Mill x wheel\n"),
        (":NOTES:\nkept words\n:END:\n:LOGBOOK:\nlog\n:END:\n", "kept words\n"),
        ("$a_{1} *b* c_2$ \\alpha\n", "$a_{1} *b* c_2$ α\n"),
    ],
)  # fmt: skip
def test_each_kind_of_block(source, text):
    assert load(source).text.lstrip(" ") == text.lstrip(" ")


def test_lines_are_those_of_the_file():
    source = "#+TITLE: x\n\n\n* A\n:PROPERTIES:\n:ID: 1\n:END:\nwords one\n\n\n\nwords two\n#+BEGIN_SRC\ncode\n#+END_SRC\nthree\n"
    document = load(source)
    rows = source.split("\n")
    for span in document.spans:
        line = document.text[span.start :].split("\n")[0]
        assert line.strip("#`* ") in rows[span.value - 1]


@given(st.text(st.sampled_from("*# \n|-+:[]_/=~<>{}\\,1.abEND")))
def test_any_text_is_read_and_no_letter_appears_from_nowhere(text):
    document = create().load(text.encode(), "a.org")
    assert set(document.text) <= set(text) | set("# -`~|\n\\()")
    assert all(0 <= span.start < span.end <= len(document.text) for span in document.spans)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("H_{2}O at 10^{8}, x_{ij}\n", "H₂O at 10^8, x_(ij)\n"),
        ("\\alpha \\rarr \\beta, caf\\eacute{}, 5\\deg{}C\n", "α → β, café, 5°C\n"),
        ("=\\alpha= and C:\\copy and \\unknown\n", "`\\alpha` and C:\\copy and \\unknown\n"),
        (
            "We have \\(x^{2} /a/\\) and $\\beta_{1}$, for $5 and $6.\n",
            "We have \\(x^{2} /a/\\) and $\\beta_{1}$, for $5 and $6.\n",
        ),
        (
            "\\begin{align*}\nx^{2} &= /a/ \\alpha\n\\end{align*}\nThen.\n",
            "\\begin{align*}\nx^{2} &= /a/ \\alpha\n\\end{align*}\nThen.\n",
        ),
        ("\\[\ny^{2}\n\\]\n", "\\[\ny^{2}\n\\]\n"),
        ("\\begin{equation}\nno end /here/\n", "\\begin{equation}\nno end here\n"),
        ("Words@@html:<br>@@ on.\n", "Words on.\n"),
    ],
)
def test_named_signs_and_what_is_raised_are_as_printed_and_formulas_as_written(source, text):
    assert load(source).text == text
