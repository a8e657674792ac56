"""Words that a page sets apart by its style are not one word; those that it does not are."""

import pytest

from embedingest.ingest.load.html import read


def text(body):
    return read(f"<html><body>{body}</body></html>").text.strip()


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<p><b>Eve Lind</b><span>Treasurer</span><a href=c>Call</a></p>", "Eve Lind Treasurer Call"),
        ("<p><i>CFO</i><span>Phone</span></p>", "CFO Phone"),
        ('<div style="display: grid"><span>noon</span><span>closed</span></div>', "noon closed"),
        ('<span style="display:inline-block">left</span><span style="display:table-cell">right</span>', "left right"),
        ("<p><a>rust</a><a>sorting</a><a>async</a></p>", "rust sorting async"),
        ("<p><span class=badge>new</span><span class=badge>sale</span></p>", "new sale"),
        ("<p><span class=was>89,50 kr</span><span class=now>75,00 kr</span></p>", "89,50 kr 75,00 kr"),
        ("<p><span class=was>30 $</span><span class=now>25 $</span></p>", "30 $ 25 $"),
        ("<p><span class=d>Friday</span><span class=h>8–12</span></p>", "Friday 8–12"),
        ("<div><span role=tab>macOS</span><span role=tab>npm</span></div>", "macOS npm"),
        ("<div><label>shell</label><label>powershell</label></div>", "shell powershell"),
        ("<blockquote><cite>ann wrote:</cite>after all</blockquote>", "ann wrote: after all"),
        ("<p><b>Note:</b><span>read on</span></p>", "Note: read on"),
        ("<p><span>Total:</span><b>5 kr</b></p>", "Total: 5 kr"),
        ("<p><b>4.5</b><span>stars</span></p>", "4.5 stars"),
        ("<my-price>9 kr</my-price><my-name>tent</my-name>", "9 kr tent"),
        ("<h2><span>Chapter 3</span><span>Mills</span></h2>", "## Chapter 3 Mills"),
    ],
)
def test_neighbours_that_only_a_style_parts_are_parted(page, words):
    assert text(page) == words


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<p><b>W</b>ord, foo<wbr>bar and un<i>believ</i>able</p>", "Word, foobar and unbelievable"),
        ("<p><b>un</b><i>believable</i></p>", "unbelievable"),
        ("<p><span class=first>O</span><span>NCE</span> upon</p>", "ONCE upon"),
        ("<p><span>12:</span><span>30</span>, <b>25</b><span>th</span></p>", "12:30, 25th"),
        ("<p><span>i</span><span>Phone</span></p>", "iPhone"),
        ("<p><code><span class=n>new</span><span class=k>Map</span><span>2</span></code></p>", "newMap2"),
        ("<p><span class=c4>Mc</span><span class=c5>Donald 20</span><span class=c4>24</span></p>", "McDonald 2024"),
        ("<p><span style='font-weight:700'>Java</span><span style='color:red'>Script</span></p>", "JavaScript"),
        ("<p><span>CO</span><span style='vertical-align:sub'>2</span></p>", "CO₂"),
        ("<p><span class=cur>€</span><span class=sum>149</span></p>", "€149"),
        ("<p><a href=a>one</a>, <a href=b>two</a></p>", "one, two"),
    ],
)
def test_letters_of_one_word_stay_together(page, words):
    assert text(page) == words


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<p>It holds 40<a href='#fn2' class='footnote-ref' role='doc-noteref'>2</a> tons.</p>", "It holds 40[2] tons."),
        ("<p>In 1850<a href='notes.xhtml#n7' epub:type='noteref'>7</a> it burnt.</p>", "In 1850[7] it burnt."),
        ("<p>a mill<a href='#_ftn3'>*</a> and rye.<a href='#x9'>12</a></p>", "a mill[*] and rye.[12]"),
        ("<p>a mill<a role='doc-noteref' href='#e'>iv</a></p>", "a mill[iv]"),
        ("<p><a href='#fnref3'>3</a> See the map. <a href='#fnref3'>↩︎</a></p>", "3 See the map."),
        ("<ol><li>Stone. <a href='#r' role='doc-backlink'>⤴</a></ol>", "1. Stone."),
        ("<p>mill, 12,<a href='#p13'>13</a>–<a href='#p15'>15</a></p>", "mill, 12,13–15"),
        ("<p>chapter <a href='#c2'>2</a> and (<a href='#c3'>3</a>)</p>", "chapter 2 and (3)"),
        ("<p>the mill<a href='#s'>s</a></p>", "the mills"),
        ("<p>two<sup><a href='#f2'>2</a></sup></p>", "two[2]"),
        ("<blockquote class='q'><div><cite>Kim said:</cite>The mill <cite>Rye</cite>, no</div></blockquote>", "Kim said: The mill Rye, no"),
    ],
)  # fmt: skip
def test_marks_of_notes_stand_apart_from_what_they_are_set_behind(page, words):
    assert text(page) == words


def test_what_a_wiki_writes_around_a_text_is_left_out():
    page = (
        "<h2><span class=mw-headline>Use</span><span class=mw-editsection>[<a>edit</a>]</span></h2><p>Grinding.</p>"
        "<div id=toc class=toc><h2>Contents</h2><ul><li><a href='#Use'>1 Use</a></ul></div>"
        "<ol><li><span class=mw-cite-backlink>^ <a href='#r0'>a</a> <a href='#r1'>b</a></span> A book.</ol>"
        "<div id=mw-navigation>Main page</div>"
    )
    assert text(page) == "## Use\n\nGrinding.\n\n1. A book."


def test_what_is_struck_through_is_marked():
    assert text("<p>It costs <del>30 kr</del> <ins>25 kr</ins>.</p>") == "It costs ~~30 kr~~ 25 kr."
    assert text("<p><s> not <b>so</b> </s>now</p>") == "~~not~~ ~~so~~ now"
    assert text("<del><p>One.</p><p>Two.</p></del>") == "~~One.~~\n\n~~Two.~~"
    assert text("<pre><code>a <del>b</del></code></pre>") == "```\na b\n```"


def test_words_for_programs_that_play_nothing_are_left_out_and_counted():
    page = read("<body><div>See<video controls><p>Get another browser.</p></video>here.</div></body>")
    assert (page.text, page.notices) == ("See here.\n", {"words_left_out": 3})


def test_a_ticked_box_in_front_of_words_keeps_its_tick():
    assert text("<main><input type=checkbox checked> Vegan <input type=radio> Hot</main>") == "[x] Vegan [ ] Hot"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<li><a href=a>Oak table</a><span>€299</span></li>", "Oak table €299"),
        ("<div><span>★★★★☆</span><span>4.2</span><span>(37 reviews)</span></div>", "★★★★☆ 4.2 (37 reviews)"),
        ("<p><span class=old><s>€149</s></span><span class=new>€99</span></p>", "~~€149~~ €99"),
        ("<p><span class=badge>Sale</span><span class=badge>-33%</span></p>", "Sale -33%"),
        ("<p><b>word</b><i>(s)</i> and <s>wh</s><b>ole</b><span>, or</span></p>", "word(s) and ~~wh~~ole, or"),
        ("<p>Chairs&nbsp;&zwnj;&nbsp;&zwnj; می\u200cخواهم</p>", "Chairs می\u200cخواهم"),
    ],
)  # fmt: skip
def test_prices_ratings_and_badges_are_words_of_their_own(page, words):
    assert text(page) == words
