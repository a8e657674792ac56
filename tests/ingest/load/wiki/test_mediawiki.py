"""MediaWiki: words in their order, structure as Markdown, notes below their paragraph, what is left out counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embedingest.errors import DocumentError
from embedingest.ingest.load.inner import load_inner
from embedingest.ingest.load.wiki.mediawiki import create

PAGE = """{{Infobox mill
| name = Old Mill
| built = 1820<ref>Miller, ''Mills'', p. 3.</ref>
}}
'''The Old Mill''' is a [[water mill|mill]] in [[Leeds]].<ref name="x">{{cite web |url=https://x.org |title=Mills}}</ref>
It cost {{convert|5|km}}, {{lang|fr|mot}}.<ref name="x"/>
[[File:Wheel.jpg|thumb|200px|The ''wheel'' of [[Leeds|the town]]]]
# first
# second
## deep
* apples
** pears
; term : meaning

== History ==
1 in ten [https://example.org the site]. H<sub>2</sub>O &amp; x<br>y
> quote <!-- aside --><nowiki>''not''</nowiki> <math>E = mc^2</math>
<syntaxhighlight lang="python">
def f():
    return [[1]]
</syntaxhighlight>
[[Category:Mills]]
__NOTOC__
"""


def load(text, name="a.wiki"):
    return load_inner(text.encode(), name, name)


def test_a_page_is_its_words_and_structure():
    document = load(PAGE)
    assert document.text == (
        "name: Old Mill\nbuilt: 1820\n\nMiller, Mills, p. 3.\n\nThe Old Mill is a mill in Leeds.\nIt cost 5 km, mot.\n\n"
        "https://x.org, Mills\n\nThe wheel of the town\n\n1. first\n2. second\n   1. deep\n- apples\n  - pears\nterm: meaning\n\n"
        "## History\n\n1 in ten the site. H₂O & x\ny\n\\> quote ''not'' $E = mc^2$\n\n"
        "```python\ndef f():\n    return [[1]]\n```\n"
    )
    assert document.metadata == {"categories": ["Mills"]}
    assert document.notices == {"comments_left_out": 1, "skipped_images": 1, "templates": 4}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('{| class="x"\n|+ Uses\n! Name !! style="y" | Use\n|-\n| rowspan="2" | wheel || turns\n|-\n| water\nmore\n|}\nafter\n',
         "Uses\n\n| Name | Use |\n| --- | --- |\n| wheel | turns |\n| wheel | water more |\n\nafter\n"),
        ("{|\n| rowspan=0 | wheel\n| a\n|-\n| b\n|-\n| c\n|}\n",
         "| wheel | a |\n| --- | --- |\n| wheel | b |\n| wheel | c |\n"),
        ("{|\n| colspan=2 | both\n| c\n|-\n| a || b || [[x|y]]\n|}\n", "| both |  | c |\n| --- | --- | --- |\n| a | b | y |\n"),
        ("{|\n| a\n{|\n| in || ner\n|}\n| b\n|}\n", "| a in ner | b |\n| --- | --- |\n"),
        ("{|\n| no end\n", "| no end |\n| --- |\n"),
        ("'''''Both''''' '''bold''' it''s ''fine''\n", "Both bold its fine\n"),
        ("~~~\nsaid ~~~~\n# 1 item\n", "said\n1. 1 item\n"),
        ("[[unclosed and {{unclosed|x\n\nmore ]] }}\n", "[[unclosed and x\n\nmore ]]\n"),
        ("<ref>never closed\nwords\n", "never closed\nwords\n"),
        ("{{a|{{b|{{c|deep}}}}}}{{!}}{{PAGENAME}}{{{1|usual}}}\n", "deep|usual\n"),
        ("<gallery>\nFile:a.jpg|The [[wheel]]\nb.jpg\n</gallery>\n", "The wheel\n"),
        ("= Title =\n<pre>\n# kept\n&lt;b&gt;\n</pre>\n", "# Title\n\n```\n# kept\n<b>\n```\n"),
        (": answer\n:: [[User:Ann|Ann]]\n", "answer\nAnn\n"),
        ("[[:Category:Mills]] [[#History]] [[de:Mühle|x]]\n", "Category:Mills History x\n"),
        ("İİ <PRE>a</PRE> b\n", "İİ `a` b\n"),
        ("#REDIRECT [[Mill]]\n", "1. REDIRECT Mill\n"),
    ],
)  # fmt: skip
def test_each_kind_of_markup(source, text):
    assert load(source).text == text


DUMP = """<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/"><siteinfo><sitename>W</sitename></siteinfo>
<page><title>Mill</title><ns>0</ns><revision><text>old</text></revision>
<revision><model>wikitext</model><text>A '''mill'''.
== Use ==
[[flour]]</text></revision></page>
<page><title>Wind mill</title><redirect title="Mill"/><revision><text>#REDIRECT [[Mill]]</text></revision></page>
<page><title>Common.css</title><revision><model>css</model><text>a { b }</text></revision></page></mediawiki>"""


@pytest.mark.parametrize("name", ["dump.xml", "export"])
def test_a_dump_is_its_pages(name):
    document = load('<?xml version="1.0"?>\n' + DUMP, name)
    assert document.text == ("# Mill\n\nA mill.\n\n### Use\n\nflour\n\n# Common.css\n\n````````\na { b }\n````````\n")
    assert document.metadata == {"pages": 2}
    assert document.notices == {"older_revisions": 1, "redirects": 1}


def test_brackets_in_brackets_take_linear_time_and_no_recursion():
    for opened, closed in (("{{a|", "}}"), ("[[a|", "]]"), ("{{{a|", "}}}"), ("{|\n|", "\n|}\n")):
        assert "deep" in load(opened * 20_000 + "deep" + closed * 20_000).text


@given(st.text(st.sampled_from("[]{}|!=*#:;'<>/&~_-\n refprenowikiCategory:1é")))
def test_any_text_is_read(text):
    try:
        create().load(text.encode(), "a.wiki")
    except DocumentError as error:
        assert error.code == "binary"


def test_what_is_raised_or_lowered_is_written_on_the_line():
    text = load_inner(b"H<sub>2</sub>O, 10<sup>8</sup> m<SUP>2</SUP>, x<sup>n", "a.wiki", "a.wiki").text
    assert text == "H\u2082O, 10^8 m\u00b2, xn\n"


def test_a_note_of_a_template_does_not_touch_the_word_before_it():
    assert load("Built in 1820{{sfn|Miller|1990|p=4}}, once{{efn|Or twice.}}.").text == (
        "Built in 1820 (Miller, 1990, 4), once (Or twice.).\n"
    )


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<ol><li>alpha</li><li>beta</li></ol>", "1. alpha\n2. beta\n"),
        ("<ul><li>a<ol start=3><li>x</li><li>y</li></ol>tail</li><li>b</li></ul>after",
         "- a\n  3. x\n  4. y\n\n  tail\n- b\n\nafter\n"),
        ('Words:\n<ol start="5">\n<li><p>alpha</p>\n<p>more</p></li>\n<li>beta\n\n* own\n</li>\n</ol>\nafter\n',
         "Words:\n5. alpha\n   more\n6. beta\n   - own\n\nafter\n"),
        ("<OL>\n<LI>a\n<pre>\nx\n</pre>\n<LI>b\n</OL>\n\n", "1. a\n\n```\nx\n```\n\n2. b\n"),
        ("* own <ul><li>in</li></ul>\n", "- own\n  - in\n"),
        ("<ul><li>never\n\nmore\n", "never\n\nmore\n"),
        ("{|\n| a <ul><li>x</li><li>y</li></ul>\n|}\n", "| a x y |\n| --- |\n"),
    ],
)  # fmt: skip
def test_lists_in_tags_are_lists(source, text):
    assert load(source).text == text


def test_a_character_that_stands_for_something_here_is_none_of_the_page():
    assert load("a &#xE080;9&#xE081; b &#57474;5&#57475; &eacute; &lt;i&gt; AT&T").text == "a 9 b 5 é <i> AT&T\n"


def test_a_remark_to_those_who_write_is_no_word_and_a_date_of_a_source_is_one():
    text = load(
        "Water turns it.{{citation needed|date=May 2020}} So{{clarify|reason=how|date=June 2021}} it is.\n"
    ).text
    assert text == "Water turns it. So it is.\n"
    assert "2020" in load("{{cite book|title=The mill|date=May 2020}}\n").text
