"""Numbers of lines are no words of a listing, however a page sets them; lines that are blocks are one listing."""

import pytest

from embedingest.ingest.load.html import read

CODE = "def f():\n\n    return 1"
HUGO = '<span style="white-space:pre;-webkit-user-select:none;user-select:none;margin-right:0.4em">{}</span>'
REACT = '<span class="linenumber react-syntax-highlighter-line-number" style="display:inline-block">{}</span>'


def text(body):
    return read(f"<html><body>{body}</body></html>").text.strip()


def each_line(form):
    return "\n".join(form.format(number, line) for number, line in enumerate(CODE.split("\n"), 1))


@pytest.mark.parametrize(
    "form",
    [
        '<span class="linenos">{}</span>{}',
        '<span class="linenos"> {} </span>{}',
        '<span class="lineno">{} </span>{}',
        '<span class="line"><span class="ln">{}</span><span class="cl">{}</span></span>',
        '<span class="line"><span class="ln" id="x"><a class="lnlinks" href="#x">{}</a></span><span>{}</span></span>',
        '<small class="ln">{} </small><code>{}</code>',
        '<span class="linenr">{}: </span>{}',
        '<span class="source-line-no">00{}</span><span>{}</span>',
        '<span class="old lineno">{0}</span><span class="new lineno">{0}</span>{1}',
        '<span class="LineNr"> {} </span>{}',
        '<a href="#L{0}" id="L{0}">{0}</a>{1}',
        "<a href=#{0} id={0} data-nosnippet>{0}</a>{1}",
        '<a class="l" name="{0}" href="#{0}">{0}</a>{1}',
        f"<span>{HUGO}<span>{{}}</span></span>",
        f"{REACT}<span>{{}}</span>",
        '<span style="color: inherit; padding-left: 5px; padding-right: 5px;">{}</span>{}',
    ],
)
def test_a_number_that_a_line_of_a_listing_begins_with_is_no_word_of_it(form):
    assert text(f"<pre><span></span>{each_line(form)}\n</pre>") == f"```\n{CODE}\n```"


@pytest.mark.parametrize(
    "page",
    [
        '<div><pre>{}</pre><div class="line-numbers-wrapper"><span class="line-number">1</span><br>2<br>3<br></div></div>',
        '<div class="line-numbers"><a id="L1">1</a>\n<a id="L2">2</a>\n<a>3</a></div><div class="blob"><pre>{}</pre></div>',
        '<pre class="lineno">1\n2\n3\n</pre>\n<pre>{}</pre>',
        '<pre><code>{}</code><ul class="pre-numbering"><li>1</li><li>2</li><li>3</li></ul></pre>',
    ],
)
def test_a_column_of_numbers_beside_a_listing_is_left_out(page):
    assert text(page.format(CODE)) == f"```\n{CODE}\n```"


@pytest.mark.parametrize(
    "form",
    [
        '<div class="line"><a name="l0000{0}"></a><span class="lineno">    {0}</span>&#160;{1}</div>',
        '<div class="line"><span class="lineno"><a class="line" href="a.html">    {0}</a></span>&#160;{1}</div>',
        '<div class="foldopen" data-start="{{"><div class="line"><span class="lineno"> {0}</span>{1}</div></div>',
        '<div class="line">{1}</div>',
    ],
)
def test_a_fragment_of_doxygen_is_a_listing(form):
    tip = '<div class="ttc" id="a"><div class="ttname">A tip</div></div>'
    assert text(f'<div class="fragment">{each_line(form)}{tip}</div><p>End.</p>') == f"```\n{CODE}\n```\n\nEnd."


def test_blocks_that_each_begin_with_the_number_of_a_line_are_a_listing():
    form = '<p class="run"><span class="n"><a id="t{0}" href="#t{0}">{0}</a></span><span class="t">{1}&nbsp;</span></p>'
    page = f'<main id="source">{each_line(form).replace("    ", "&nbsp;" * 4)}</main>'
    assert text(page) == f"```\n{CODE}\n```"
    page = f'<div class="viewer-code">{each_line("<div><span class=lnum>{}</span><span>{}</span></div>")}</div>'
    assert text(page) == f"```\n{CODE}\n```"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (
            '<p>Take <span class="line-number">12</span> to Leeds.</p><p><span class="line-number">3</span> stops.</p>',
            "Take 12 to Leeds.\n\n3 stops.",
        ),
        (
            '<ul><li><span class="line-number">1</span> Leeds</li><li><span class="line-number">2</span> York</li></ul>',
            "- 1 Leeds\n- 2 York",
        ),
        (
            '<div><div><i class="line-number">1</i> Leeds</div><div><i class="line-number">2</i> York</div></div>',
            "1 Leeds\n\n2 York",
        ),
        ('<pre>error in line <span class="lineno">12</span>\n</pre>', "```\nerror in line 12\n```"),
        (
            '<pre><a href="#section-1">1</a>.  Start\n<a href="#section-2">2</a>.  End</pre>',
            "```\n1.  Start\n2.  End\n```",
        ),
        (
            '<pre><span class="mi" style="color:red">1</span> a\n<span class="mi">2</span> b</pre>',
            "```\n1 a\n2 b\n```",
        ),
        ('<pre class="line-numbers"><code class="line-numbers">42</code></pre>', "```\n42\n```"),
        ('<pre class="line-numbers">1\n2</pre><p>End.</p>', "```\n1\n2\n```\n\nEnd."),
        ('<div class="poem"><div class="line">1 rose</div><div class="line">is red</div></div>', "1 rose\n\nis red"),
    ],
)
def test_numbers_that_are_words_stay(page, words):
    assert text(page) == words


def test_a_table_of_numbers_and_code_is_still_told_by_its_numbers():
    numbers = "".join(f'<span class="lnt">{number}\n</span>' for number in (1, 2, 3))
    page = f'<table class="lntable"><tr><td class="lntd"><pre><code>{numbers}</code></pre></td>'
    assert text(f'{page}<td class="lntd"><pre><code>{CODE}</code></pre></td></tr></table>') == f"```\n{CODE}\n```"


def test_what_follows_stands_on_its_line():
    page = f"<pre>{each_line('<span class=lineno>{}</span>{}')}</pre>\n<p>End.</p>"
    found = read(f"<body>{page}", lines=True)
    assert [(found.text[span.start : span.end].strip("\n`"), span.value) for span in found.lines][-1] == ("End.", 4)


@pytest.mark.parametrize(
    ("named", "language"),
    [
        ("language-python", "python"),
        ("highlight tab-size js-file-line-container", ""),
        ("highlight highlight-source-rust", "rust"),
        ("highlight-python notranslate", "python"),
        ("code python literal-block", "python"),
        ("brush: js; toolbar: false", "js"),
        ("highlight go", "go"),
        ("sourceCode haskell", "haskell"),
        ("code example wide", ""),
    ],
)
def test_a_listing_says_the_language_that_its_classes_name(named, language):
    assert text(f'<pre class="{named}">x</pre>') == f"```{language}\nx\n```"


@pytest.mark.parametrize(
    "label",
    [
        '<span class="label"><span>[</span><a role="doc-backlink" href="#footnote-reference-1">1</a><span>]</span></span>',
        '<p>[<a href="#fnref1" class="footnote-back">1</a>]</p>',
    ],
)
def test_the_number_of_a_note_that_is_in_brackets_gets_no_more(label):
    assert text(f"<p>Text.</p><aside role='doc-footnote'>{label}<p>Foot.</p></aside>") == "Text.\n\n[1]\n\nFoot."
    assert text('<p>Text (<a href="#fn1">1</a>, <a href="#fn2">2</a>) ends.</p>') == "Text (1, 2) ends."
