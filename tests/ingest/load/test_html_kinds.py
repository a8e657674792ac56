"""A person who opens a page and its Markdown side by side finds the same words in the same order."""

import pytest

from embedingest.ingest.load.html import read

WORDS = "Text with details that goes on for a while. " * 6


def text(body, name="x.html", **options):
    return read(f"<html><body>{body}</body></html>", name, **options).text.strip()


@pytest.mark.parametrize(
    "question",
    [
        '<h2><button class="accordion-button">How do I cancel?</button></h2>',
        '<h2><span><button type="button" aria-expanded="false">How do I cancel?</button></span></h2>',
        "<h2><a><button>How do I cancel?</button></a></h2>",
    ],
)
@pytest.mark.parametrize(
    "answer",
    [
        '<div class="collapse">Write to us.</div>',
        '<div role="tabpanel" aria-hidden="true">Write to us.</div>',
        '<div hidden="until-found">Write to us.</div>',
        '<a aria-controls="a1"></a><div id="a1" hidden>Write to us.</div>',
        '<label for="a1"></label><div id="a1" aria-hidden="true">Write to us.</div>',
    ],
)
def test_a_question_in_a_button_stands_over_its_answer_which_a_click_unfolds(question, answer):
    assert text(f"<main>{question}{answer}</main>") == "## How do I cancel?\n\nWrite to us."


def test_a_toggle_outside_a_heading_is_a_paragraph_and_other_buttons_are_none():
    page = '<button class="accordion">What is it?</button><div>A mill.</div><button>Buy</button><p>End.</p>'
    assert text(page) == "What is it?\n\nA mill.\n\nEnd."


@pytest.mark.parametrize(
    "page",
    [
        "<div hidden>Never seen.</div>",
        '<div style="color: red; DISPLAY : none">Never seen.</div>',
        '<div style="visibility:hidden"><b hidden>Never</b> seen.</div>',
        "<style>/* { */ p, .h {display: none}</style><div class=h>Never seen.</div>",
        "<style>.a.b{display:none!important} .a{display:block}</style><div class='a b' style='display:block'>Never seen.</div>",
        "<style>div{display:block} #h{visibility:hidden}</style><div id=h>Never seen.</div>",
    ],
)
@pytest.mark.parametrize("options", [{}, {"main_only": False}, {"book": True}])
def test_what_no_control_shows_is_read_and_told(page, options):
    found = read(f"<body><section>Seen.</section>{page}</body>", **options)
    assert found.text == "Seen.\n\nNever seen.\n"
    assert found.notices == {"hidden_words": 2}


@pytest.mark.parametrize(
    "page",
    [
        "<button>What?</button><div style='display:none'>A mill.</div>",
        "<a href='#a'>What?</a><div id=a hidden>A mill.</div>",
        "<style>@media print {.a {display: none}} @media (width < 9em) {p {display: none}}</style><p class=a>A mill.</p>",
        "<style media=print>.a {display: none}</style><p class=a>A mill.</p>",
        "<style>.a {display: none} .a.on {display: block}</style><p class='a on'>A mill.</p>",
        "<style>.a {display: none}</style><p class=a style='display:block'>A mill.</p><p hidden style='display:flex'>Or</p>",
        "<div hidden><script>let a</script></div><p style='text-decoration: none'>A mill.</p>",
    ],
)
def test_what_a_click_shows_or_only_other_screens_hide_is_not_told_as_hidden(page):
    assert read(f"<body><p>Seen.</p>{page}</body>").notices == {}


def test_buttons_and_dialogues_that_are_no_text_are_counted():
    page = "<p>Seen.</p><button>Buy now</button><dialog>Accept<dialog>all</dialog></dialog><noframes>x</noframes>"
    modal = "<div class='modal' aria-hidden=true>Or none</div><i aria-hidden=true>home</i>"
    for options in {}, {"book": True}:
        assert read(f"<body>{page}{modal}</body>", **options).notices == {"words_left_out": 6}
    assert read(f"<body>{page}</body>", main_only=False).notices == {"words_left_out": 4}


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<button>What?</button><div hidden>A mill.</div>", "What?\n\nA mill."),
        ('<button>What?</button>\n<!-- a -->\n<div style="display: none">A mill.</div>', "What?\n\nA mill."),
        ('<div role="button">What?</div><div hidden>A mill.</div>', "What?\n\nA mill."),
        ('<div class="faq"><h3>What?</h3><div hidden>A mill.</div></div>', "### What?\n\nA mill."),
        ("<dl><dt><button>What?</button></dt><dd hidden>A mill.</dd></dl>", "**What?**\n\nA mill."),
        ("<h3>What?</h3><div hidden>A mill.</div><p>End</p>", "### What?\n\nA mill.\n\nEnd"),
        ("<p>Buy</p><button>Send</button> now <div hidden>A mill.</div>", "Buy\n\nnow\n\nA mill."),
    ],
)
def test_what_a_button_or_a_heading_of_a_list_of_questions_unfolds_stands_below_it(page, words):
    assert text(page, lines=True) == words


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ('Rated <span aria-hidden="true">★ five stars</span>.', "Rated ★ five stars."),
        ('<div aria-hidden="true"><p>Seen.</p><i class="fa" aria-hidden="true">home</i></div>', "Seen."),
        ('Mill <span aria-hidden="true">★</span><span class="material-icons" aria-hidden="true">star</span>', "Mill"),
        ('<h2>Mill<a href="#mill" aria-hidden="true">Link to this</a><b aria-hidden="true">¶</b></h2>', "## Mill"),
        ('<math><mi>x</mi></math><span class="katex-html" aria-hidden="true">x</span>', "x"),
    ],
)
def test_words_that_are_not_read_aloud_are_kept_and_icons_are_not(page, words):
    assert text(page) == words


def test_hidden_elements_inside_one_another_go_together():
    assert text("<p>Seen.</p>" + "<div hidden><nav>a<nav hidden>b" * 30) == "Seen."


def test_all_articles_of_a_page_are_its_content():
    articles = "".join(f"<article><h2>Version {n}</h2><p>{WORDS}</p></article>" for n in (1, 2, 3))
    assert [f"## Version {n}" in text(f"<h1>News</h1><div>{articles}</div>") for n in (1, 2, 3)] == [True] * 3


def test_comments_below_an_article_stand_with_it():
    page = f"<div>menu</div><article><h1>Mill</h1><p>{WORDS}</p><article>First!</article></article>"
    assert text(page).startswith("# Mill")
    assert text(page).endswith("First!")


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("12 Mill Road<br>Leeds<br/>UK", "12 Mill Road Leeds UK"),
        ("<p>First para</p><p>Second para</p>", "First para Second para"),
        ("<ul><li>apples</li><li>pears</li></ul>", "apples pears"),
        ("<div>one</div>two<div>three</div>", "one two three"),
        ("<b>bo</b>ld", "bold"),
        ("a | b", "a \\| b"),
    ],
)
def test_what_stands_apart_in_a_cell_is_parted(cell, words):
    page = f"<table><tr><th>Name</th><th>What</th></tr><tr><td>Ann</td><td>{cell}</td></tr></table>"
    assert text(page).splitlines()[-1] == f"| Ann | {words} |"


@pytest.mark.parametrize("between", ["<br>", "</span><br/><span>", "</div><div>", "<p>"])
def test_what_stands_apart_in_a_heading_is_parted(between):
    assert text(f"<h2><span>The mill{between}by the sea</span></h2>") == "## The mill by the sea"


@pytest.mark.parametrize(
    "listing",
    [
        "a = 1<br>b = 2",
        '<code><div class="line">a = 1</div><div class="line">b = 2</div></code>',
        '<ol class="linenums"><li>a = 1</li><li>b = 2</li></ol>',
        "<code>a = 1\n</code><code>b = 2\n</code>",
    ],
)
def test_each_line_of_a_listing_stands_on_its_own(listing):
    assert text(f"<pre>{listing}</pre>") == "```\na = 1\nb = 2\n```"


@pytest.mark.parametrize(
    "table",
    [
        (
            '<table class="highlighttable"><tr><td class="linenos"><div><pre>1\n2</pre></div></td>'
            '<td class="code"><div><pre>def f():\n    return 1\n</pre></div></td></tr></table>'
        ),
        (
            '<table><tr><td class="gutter"><span>1</span><br><span>2</span></td>'
            "<td><pre>def f():<br>    return 1</pre></td></tr></table>"
        ),
        (
            '<table><tr><td data-line-number="1"></td><td class="blob-code">def f():</td></tr>'
            '<tr><td data-line-number="2"></td><td class="blob-code">    return 1</td></tr></table>'
        ),
        "<table><tr><td>1</td><td><code>def f():</code></td></tr><tr><td>2</td><td><code>    return 1</code></td></tr></table>",
    ],
)
def test_a_table_of_line_numbers_is_a_listing(table):
    assert text(table) == "```\ndef f():\n    return 1\n```"


def test_a_layout_table_is_the_text_that_it_holds():
    page = (
        "<table><tr><td><img src=a.gif></td><td><font>June 2004<br><br>I write in one cell. Many sentences.<br>\n<br>"
        "A second paragraph.</font></td></tr></table>"
    )
    assert text(page) == "June 2004\n\nI write in one cell. Many sentences.\n\nA second paragraph."


@pytest.mark.parametrize(
    "page",
    [
        '<table role="presentation"><tr><td>One.</td><td>Two.</td></tr><tr><td>Three.</td><td>Four.</td></tr></table>',
        (
            "<table><tr><td><table><tr><td>One.</td></tr></table></td><td><p>Two.</p></td></tr>"
            "<tr><td><h3></h3>Three.</td><td>Four.</td></tr></table>"
        ),
        "<table><tr><td>One.</td></tr><tr><td>Two.</td></tr><tr><td></td><td>Three.</td></tr><tr><td>Four.</td></tr></table>",
    ],
)
def test_mail_and_old_pages_in_tables_are_paragraphs(page):
    assert text(page) == "One.\n\nTwo.\n\nThree.\n\nFour."


def test_small_tables_of_data_without_headers_stay_tables():
    assert text("<table><tr><td>a</td><td>1</td></tr><tr><td>b</td><td>2</td></tr></table>") == (
        "| a | 1 |\n| --- | --- |\n| b | 2 |"
    )


def test_cells_that_span_rows_and_columns_stand_in_their_columns():
    page = """<table><tr><th>Day</th><th>Time</th><th>Class</th><th>Room</th></tr>
      <tr><td rowspan="3">Monday</td><td>9-10</td><td>Maths</td><td rowspan=2>5</td></tr><tr><td>10-11</td><td>Physics</td></tr>
      <tr><td colspan=2>Sport</td><td>Hall</td></tr><tr><td>Tuesday</td><td colspan="3">Holiday</td></tr></table>"""
    assert text(page).splitlines()[2:] == [
        "| Monday | 9-10 | Maths | 5 |",
        "| Monday | 10-11 | Physics | 5 |",
        "| Monday | Sport |  | Hall |",
        "| Tuesday | Holiday |  |  |",
    ]


def test_spans_without_measure_make_no_endless_table():
    page = '<table><tr><th rowspan="99999" colspan="99999">a</th><th>b</th></tr><tr><td>c</td></tr></table>'
    assert len(text(page)) < 3000


@pytest.mark.parametrize("name_and_head", [("c.xhtml", ""), ("c.html", '<?xml version="1.0" encoding="utf-8"?>\n')])
def test_xhtml_closes_its_elements_itself(name_and_head):
    name, head = name_and_head
    page = head + '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="a.js"/></head>'
    page += (
        '<body><h1><a id="x"/>One</h1><p>a<i/>b &amp; <![CDATA[c < d]]></p><div class="y"/><p>End.</p></body></html>'
    )
    assert read(page, name).text == "# One\n\nab & c < d\n\nEnd.\n"


def test_notes_in_an_aside_are_text_and_a_sidebar_is_none():
    page = '<p>Words.<a>1</a></p><aside epub:type="footnote"><p>1. A note.</p></aside><aside>Advertisement</aside>'
    assert text(page) == "Words.1\n\n1\\. A note."


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("# 1 in the market", "\\# 1 in the market"),
        ("~~~", "\\~~~"),
        ("```", "\\```"),
        ("1. January", "1\\. January"),
        ("- 5 degrees", "\\- 5 degrees"),
        ("* * *", "\\* * *"),
        ("===", "\\==="),
        ("&gt; 5", "\\> 5"),
        ("| a | b |", "\\| a | b |"),
        ("&lt;pre&gt;", "\\<pre>"),
        ("#hashtag and 1.5 and -5 and *bold", "#hashtag and 1.5 and -5 and *bold"),
    ],
)
def test_words_that_look_like_markup_are_escaped(words, written):
    assert text(f"<p>Before.</p><p>{words}</p>") == f"Before.\n\n{written}"
    assert text(f"<p>Before.<br>{words}</p>") == f"Before.\n{written}"


def test_the_lines_of_the_page_are_kept_through_headings_tables_and_listings():
    page = "<h1>a\nb</h1>\n<table role=none><tr><td>c<br><br>d</td></tr></table>\n<pre>e<br>f</pre>\n<p>g</p>"
    found = read(page, lines=True)
    line_of = {found.text[span.start : span.end].split()[-1]: span.value for span in found.lines}
    assert (line_of["b"], line_of["c"], line_of["g"]) == (1, 3, 5)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("3×10<sup>8</sup> m, 25<sup> 2 </sup>!", "3×10^8 m, 25^2!"),
        (
            "1 <sup>1</sup>/<sub>2</sub> cup of H<sub>2</sub>O, x<sub>i</sub><sup>n+1</sup>",
            "1 ¹/₂ cup of H₂O, x_i^(n+1)",
        ),
        ("5<sup>1</sup>/<sub>2</sub> cups, 10<sup>-3</sup>", "5 ¹/₂ cups, 10^-3"),
        ("e<sup>x<sup>2</sup></sup> s<sup>−1</sup>", "e^(x²) s⁻¹"),
        (
            "<b>£<i>1,299</i></b><sup>50</sup> or 7<sup>,49</sup> € or 12<sup>00€</sup> or 8<sup>.–</sup>, 1.234<sup>50</sup>€",
            "£1,299.50 or 7,49 € or 12.00€ or 8.–, 1.234,50€",
        ),
        (
            "<sup>$</sup>5<sup>25</sup>, 5<sup>€</sup>, 5<sup>CHF</sup>, <i class=offer-price>6<sup>75</sup></i>",
            "$5.25, 5€, 5 CHF, 6.75",
        ),
        (
            "3×10<sup>12</sup> € of $10<sup>12</sup>, 2<sup>10</sup> and 5<sup>2</sup> €",
            "3×10^12 € of $10^12, 2^10 and 5^2 €",
        ),
        (
            '10<span style="font-size:70%;vertical-align:4pt">6</span> of x<font style="vertical-align: SUB">i</font>',
            "10^6 of x_i",
        ),
        (
            '10<span style="position:relative;top:-.4em;font-size:.6em">9</span> <i style="vertical-align:middle">is</i> it',
            "10^9 is it",
        ),
        (
            "x<sup>a</sup> the 5<sup>e</sup>, 1<sup>st</sup> of M<sup>me</sup> Mill<sup>TM</sup>",
            "x^a the 5e, 1st of Mme MillTM",
        ),
        ('In 1900<sup><a href="#n1">1</a></sup> or<a href="#n2"><sup>2</sup></a>.', "In 1900[1] or[2]."),
        ('In 1900<sup><a href="#n1">[1]</a></sup>, <a href="/m">m<sup>2</sup></a>', "In 1900[1], m²"),
        ("A<sup></sup> <sup>tag<p>that nothing closes</p><p>B", "A tag\n\nthat nothing closes\n\nB"),
        ("<table><tr><th>a<th>b<tr><td>m<sup>2</sup><td>3</table>", "| a | b |\n| --- | --- |\n| m² | 3 |"),
    ],
)
def test_what_is_raised_or_lowered_is_not_glued_to_its_line(page, words):
    assert text(page).replace("\\", "") == words


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("<tr><th>a<th></tr><tr><td>b<td></tr>", "a\n\nb"),
        ("<tr><th>a<th>c<th></tr><tr><td>b<td>d<td></tr>", "| a | c |\n| --- | --- |\n| b | d |"),
        ("<tr><th>a<th>c<th></tr><tr><td>b</tr>", "| a | c |\n| --- | --- |\n| b |  |"),
    ],
)
def test_columns_that_are_empty_at_the_end_are_left_out(table, words):
    assert text(f"<table>{table}</table>") == words


@pytest.mark.parametrize(
    ("rows", "written"),
    [
        (
            "<tbody><tr><td rowspan=99>Leeds<td>1<tr><td>2<tbody><tr><td>York<td>3",
            ["Leeds | 1", "Leeds | 2", "York | 3"],
        ),
        (
            "<tbody><tr><td rowspan=0>Leeds<td>1<tr><td>2<tr><td>3<tbody><tr><td>York<td>4",
            ["Leeds | 1", "Leeds | 2", "Leeds | 3", "York | 4"],
        ),
        (
            "<tr><td>Leeds<td rowspan=5>1<tr><td>Hull<tfoot><tr><td>Sum<td>2",
            ["Leeds | 1", "Hull | 1", "Sum | 2"],
        ),
    ],
)
def test_no_cell_reaches_beyond_its_group_of_rows(rows, written):
    page = f"<table><thead><tr><th>City<th rowspan=3>Sales</thead>{rows}</table>"
    assert text(page).splitlines()[2:] == [f"| {row} |" for row in written]


def test_a_cell_beside_hundreds_of_rows_keeps_them_in_their_columns():
    rows = "".join(f"<tr><td>{number}" for number in range(1, 301))
    found = text(f"<table><tr><th>City<th>Year<tr><td rowspan=301>Leeds<td>0{rows}</table>")
    assert found.splitlines()[-1] == "| Leeds | 300 |"
