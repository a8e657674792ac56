"""Lists are numbered as a browser numbers them, and what is set in bold letters alone is a label."""

import pytest

from embedingest.ingest.load.html import read


def text(body):
    return read(f"<html><body>{body}</body></html>").text.strip()


@pytest.mark.parametrize(
    ("opening", "marks"),
    [
        ("<ol>", ["1.", "2.", "3."]),
        ("<ol start=9>", ["9.", "10.", "11."]),
        ("<ol start=0>", ["0.", "1.", "2."]),
        ("<ol reversed>", ["3.", "2.", "1."]),
        ("<ol reversed start=10>", ["10.", "9.", "8."]),
        ("<ol type=a>", ["- a.", "- b.", "- c."]),
        ("<ol type=I start=4>", ["- IV.", "- V.", "- VI."]),
        ("<ol style='list-style-type: upper-latin'>", ["- A.", "- B.", "- C."]),
        ("<ul>", ["-", "-", "-"]),
    ],
)
def test_items_are_numbered_as_they_are_shown(opening, marks):
    assert text(f"{opening}<li>w<li>w<li>w</ol>") == "\n".join(f"{mark} w" for mark in marks)


def test_an_item_may_say_its_number():
    assert text("<ol><li>a<li value=7>b<li>c<li value=many>d</ol>") == "1. a\n7. b\n8. c\n9. d"


def test_what_belongs_to_an_item_stands_under_its_words():
    assert text("<ol start=9><li>a<li>b<ul><li>c</ul><p>d</p></ol>") == "9. a\n10. b\n    - c\n\n    d"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<p><b>Opening hours</b></p><p>Ten to five.</p>", "**Opening hours**\n\nTen to five."),
        ("<p><strong>Step <i>one</i></strong> </p>", "**Step one**"),
        ("<p><b>Note:</b> wet</p>", "Note: wet"),
        ("<p>" + "<b>very long words </b>" * 12 + "</p>", ("very long words " * 12).strip()),
        ("<p><b>one<br>two</b></p>", "one\ntwo"),
        ("<details><summary>Why?</summary><p>Because.</p></details>", "**Why?**\n\nBecause."),
        ("<dl><dt>Mill<dd>It grinds.</dl>", "**Mill**\n\nIt grinds."),
        ("<ul><li><b>First</b><li>second</ul>", "- **First**\n- second"),
        ("<p><b>a ** b</b></p>", "a ** b"),
    ],
)
def test_a_line_in_bold_letters_is_a_label(body, words):
    assert text(body) == words


def test_the_title_is_parted_where_its_lines_are():
    assert read("<h1>The<br>mill</h1>").title == "The mill"


def word_list(*items):
    lines = [
        f"<p class=MsoListParagraph><![if !supportLists]><span style='mso-list:Ignore'>{mark}<span style='font:7.0pt'>"
        f"&nbsp;&nbsp; </span></span><![endif]>{words}</p>"
        for mark, words in items
    ]
    return read(f"<html><body>{''.join(lines)}<p>1. No item</p></body></html>").text.strip()


def test_lists_of_word_processors_are_lists():
    text = word_list(("3.", "Rye"), ("4)", "Oats"), ("&middot;", "Sieve"), ("o", "Fine"), ("b.", "Wheat"))
    assert text == "3. Rye\n\n4) Oats\n\n- Sieve\n\n- Fine\n\n- b. Wheat\n\n1\\. No item"
    cell = "<span style='mso-list: ignore'>2.</span>Rye"
    page = read(f"<body><h2>{cell}</h2><table><tr><th>{cell}</th><th>Kg</th></tr><tr><td>a</td><td>b</td></tr></table>")
    assert page.text == "## 2. Rye\n\n| 2. Rye | Kg |\n| --- | --- |\n| a | b |\n"
