"""What a page shows without having it as words of its source is read as a person reads it."""

import pytest

from embedingest.ingest.load.html import read


def text(body):
    return read(f"<html><body>{body}</body></html>").text.strip()


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("Name <input value='Ann Miller'>, <input type=tel value=555>", "Name Ann Miller , 555"),
        ("<textarea>Some words</textarea>", "Some words"),
        ("Colour <select><option>Red<option selected>Green</select>!", "Colour Green !"),
        ("<select multiple><option selected>Red<option>Blue<option selected>Green</select>", "Red, Green"),
        ("<select><option value=''>Please choose<option>Red</select>", ""),
        ("<select><option>Red<option>Blue</select>", ""),
        (f"<select>{'<option>Red' * 900}<option selected>Green{'<option>Blue' * 900}</select>", "Green"),
        ("<select><option value='' selected disabled>Choose<option>Red</select>", ""),
        (
            "<p>Sort by <select><optgroup label=Price><option value=up>Cheapest<option>Dearest</optgroup></select></p><p>Mill</p>",
            "Sort by\n\nMill",
        ),
        ("<label>Land <select><option>Austria<option>Belgium</select></label> <input placeholder=Town>", "Land"),
        ("<label><input type=checkbox checked> I agree</label>", "[x] I agree"),
        ("<label><input type=radio name=a> No</label>", "[ ] No"),
        (
            "<ul><li><input type=checkbox disabled checked> Done<li><input type=checkbox> Open</ul>",
            "- [x] Done\n- [ ] Open",
        ),
        ("<input type=hidden value=t><input type=password value=p><input type=submit value=Send>", ""),
        ("<div><input type=checkbox class=menu-toggle checked></div>Words", "Words"),
        ("<input type=checkbox id=menu checked><p>Words</p>", "Words"),
    ],
)
def test_a_form_is_read_with_what_is_entered_in_it(form, words):
    assert text(form) == words


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<textarea>\nDear Ann,\n  the mill\n\nstands.</textarea>", "Dear Ann,\nthe mill\n\nstands."),
        ("<p style='white-space: pre-wrap'>one\n<b>two</b>\n three</p>", "one\ntwo\nthree"),
        ("<p>It <span style='white-space:nowrap'>runs\non</span>\nand on</p>", "It runs on and on"),
        ("<table><tr><td>a<td style='white-space:pre-line'>b\nc<tr><td>1<td>2</table>", "| a | b c |\n| --- | --- |\n| 1 | 2 |"),
        ("<p>He said <q>so <q>and</q> so</q>, <q></q>yes</p>", "He said “so ‘and’ so”, yes"),
        ("<xmp>\na <b>\n  b</xmp>", "```\na <b>\n  b\n```"),
        ("<pre style='white-space:pre-wrap'>a\n\nb</pre>", "```\na\n\nb\n```"),
    ],
)  # fmt: skip
def test_what_is_shown_as_it_is_written_keeps_its_lines(page, words):
    assert text(page) == words


def test_a_page_in_a_frame_stands_in_its_place():
    assert (
        text("Before<iframe srcdoc='<h2>Inner</h2><p>words</p>'></iframe>after")
        == "Before\n\n## Inner\n\nwords\n\nafter"
    )


@pytest.mark.parametrize(
    ("drawing", "words"),
    [
        ("<title>Sales</title><g><text>2020</text><text>Forty <tspan>tons</tspan></text></g>", "Sales 2020 Forty tons"),
        ("<foreignObject><div>Plan</div><p>Do</p></foreignObject>", "Plan Do"),
        ("<g><title>node1</title><text>Start</text></g>", "Start"),
        ("<style>text {fill: red}</style><symbol><text>A</text></symbol><defs><text>B</text></defs><path d='M0'/>", ""),
    ],
)
def test_words_of_a_drawing_are_read(drawing, words):
    assert text(f"<svg>{drawing}</svg>") == words


@pytest.mark.parametrize(
    ("drawing", "unseen"),
    [
        ("<text>Mill</text><g display=none><text>never seen</text></g><text style='visibility: hidden'>x</text>", 3),
        ("<g visibility=hidden><text visibility=visible>Mill</text><text>never</text></g>", 1),
        ("<defs><g id=a><text>Mill</text></g><text>never</text></defs><use xlink:href='#a'/>", 1),
        ("<symbol id=a><text>Mill</text></symbol><symbol id=b><text>never</text></symbol><use href='#a'></use>", 1),
        ("<switch><foreignObject requiredFeatures=x><p>Mill</p></foreignObject><text>Mi…</text></switch>", 1),
        (
            "<switch><text systemLanguage=de>Mühle</text><g requiredExtensions=x><text>y</text></g><text>Mill</text></switch>",
            2,
        ),
        ("<switch><g requiredFeatures=x><path d='M0'/></g><text>Text is not SVG</text></switch><text>Mill</text>", 4),
    ],
)
def test_words_of_a_drawing_that_no_browser_shows_are_counted(drawing, unseen):
    page = read(f"<body><svg>{drawing}</svg><svg style='display:none'><text>none</text></svg></body>")
    assert (page.text, page.notices) == ("Mill\n", {"words_left_out": unseen + 1})


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>", "E = mc^2"),
        ("<mfrac><mi>a</mi><mi>b</mi></mfrac><mo>+</mo><msqrt><mi>x</mi></msqrt>", "\\frac{a}{b}+\\sqrt{x}"),
        ("<msubsup><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>0</mn></mrow><mi>n</mi></msubsup>", "∑_{i = 0}^n"),
        ("<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr><mtr><mtd><mn>3</mn></mtd></mtr></mtable>", "1 & 2 \\\\ 3"),
        ("<semantics><mrow><mi>x</mi></mrow><annotation encoding='application/x-tex'>x_1</annotation></semantics>", "x_1"),
    ],
)  # fmt: skip
def test_a_formula_is_one_line_and_stands_once(formula, words):
    assert text(f"<math>{formula}</math>") == words


def test_readings_and_short_forms_are_told_where_they_stand():
    assert text("<ruby>漢<rt>kan</rt>字<rt>ji</rt></ruby>") == "漢(kan)字(ji)"
    assert text("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>") == "漢(kan)"
    who = "<abbr title='World Health Organization'>WHO</abbr>"
    assert text(f"The {who} and the {who}.") == "The WHO (World Health Organization) and the WHO."
    assert text("<abbr title='2008-01-01T00:00'>New Year</abbr>") == "New Year"


def test_places_where_words_may_be_parted_are_no_characters():
    assert text("<h2>Donau&shy;dampf</h2><p>Schiff\u200bfahrt<table><tr><th>a<th>b\u00adc</table>") == (
        "## Donaudampf\n\nSchifffahrt\n\n| a | bc |\n| --- | --- |"
    )
