"""Web pages become the Markdown a person would write down: the content, not the frame around it."""

import time

import pytest

from embedingest.errors import ConfigError
from embedingest.ingest.chunk.emit import Emitter
from embedingest.ingest.load.html import create, read
from tests.depth import few, much, only_deep

PAGE = """<!doctype html><html lang="en"><head><title>The page</title>
<link rel="canonical" href="https://example.org/page"><meta name="description" content="About it.">
<script>var hidden = 1;</script><style>p {}</style></head><body>
<nav><a href="/">Home</a></nav><header>Site name</header>
<main><h1>Great<a class="headerlink" href="#g">¶</a></h1>
<p>First <em>words</em> and
   <a href="x">a link</a>.<br>Next line.</p>
<ul><li>one</li><li>two<ul><li>inner</li></ul></li></ul>
<ol><li><p>first</p></li><li><p>second</p></li></ol>
<div class="highlight-python"><pre>def f():
    return 1
</pre></div>
<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>x | y</td></tr></table>
<h2>Small</h2><img src="x.png" alt="A picture"></main><footer>Footer words</footer></body></html>"""

MARKDOWN = """# Great

First words and a link.
Next line.

- one
- two
  - inner

1. first
2. second

```python
def f():
    return 1
```

| a | b |
| --- | --- |
| 1 | x \\| y |

## Small

A picture
"""


def load(source, **settings):
    return create(**settings).load(source.encode() if isinstance(source, str) else source, "page.html")


def test_a_page_becomes_markdown_without_its_frame():
    assert load(PAGE).text == MARKDOWN


def test_title_language_and_canonical_link_are_kept():
    document = load(PAGE)
    assert document.title == "The page"
    assert document.metadata == {
        "language": "en",
        "canonical": "https://example.org/page",
        "description": "About it.",
    }


def places(source):
    """Each line of the text of a page, without its Markdown, with the line of the page it is said to stand on."""
    document = load(source)
    chunks = []
    emitter, start = Emitter(document), 0
    for line in document.text.split("\n"):
        chunk = emitter.chunk(start, start + len(line))
        chunks += [(chunk.text, chunk.line_start)] if chunk is not None else []
        start += len(line) + 1
    return chunks


def test_every_line_is_traced_to_the_line_of_the_page():
    assert [(text, line) for text, line in places(PAGE) if "```" not in text] == [
        ("# Great", 5),
        ("First words and a link.", 6),
        ("Next line.", 7),
        ("- one", 8),
        ("- two", 8),
        ("  - inner", 8),
        ("1. first", 9),
        ("2. second", 9),
        ("def f():", 10),
        ("    return 1", 11),
        ("| a | b |", 13),
        ("| --- | --- |", 14),
        ("| 1 | x \\| y |", 13),
        ("## Small", 14),
        ("A picture", 14),
    ]


def test_a_chunk_inside_a_long_paragraph_is_traced_to_its_own_line():
    document = load("<body>\n<p>alpha\nbeta\n <em>gamma</em>\n\ndelta</p>\n<pre>\n\none\ntwo</pre></body>")
    emitter = Emitter(document)
    found = [emitter.chunk(at, at + 4).line_start for at in map(document.text.index, ("beta", "gamma", "delta"))]
    assert found == [3, 4, 6]
    assert emitter.chunk(document.text.index("one"), document.text.index("two") + 3).line_end == 10


def test_what_is_left_out_of_a_page_does_not_move_its_lines():
    page = """<html><head><title>Of <p> and <!-- -->
</title></head><body><div><script>
var p = "<p>";
</script>after script<!-- a
comment --><br>after comment<svg>
<p></svg>
after picture <table>
<tr><td>cell

</td><td>x</td></tr>
</table> after table</div></body></html>"""
    assert read(page, lines=True).text == read(page).text
    lines = page.split("\n")
    for words, line in places(page):
        wanted = "cell" if words.startswith("| cell") else words
        assert wanted.startswith("| ---") or wanted in lines[line - 1], words
    assert "_line_" not in load(page).title + load(page).text


def test_words_on_the_line_below_a_tag_have_that_line():
    found = places("<body><div>\none\n</div><div>two</div><pre>\nthree</pre></body>")
    assert [(words, line) for words, line in found if words != "```"] == [("one", 2), ("two", 3), ("three", 4)]


def test_line_feeds_before_the_words_of_a_paragraph_do_not_move_it():
    assert places("<i>\n</script><body class=late>one") == [("one", 2)]


@pytest.mark.parametrize("tag", ["textarea", "xmp", "noembed", "noframes", "plaintext", "title"])
def test_tags_that_are_words_of_a_page_are_read_as_they_are_written(tag):
    page = f"<html><body><p>One</p><{tag}><p>two</p>\n<!-- three --></{tag}>"
    assert read(page, lines=True).text == read(page).text


def test_of_a_page_of_frames_its_words_without_frames_are_read_on_their_lines():
    page = "<html><head><title>T</title></head>\n<FRAMESET\n rows='1'><frame src=a><frame src=b />\n<noframes>\n<body><p>Mill Lane 5"
    assert places(page) == [("Mill Lane 5", 5)]
    for end in "", "</body></noframes></frameset></html>":
        found = read(page + end)
        assert (found.text, found.title, found.notices) == ("Mill Lane 5\n", "T", {"frames_left_out": 2})
    assert read("<frameset><frame src=a></frame></frameset>").notices == {"frames_left_out": 1}


def test_upper_case_pages_have_lines_too():
    assert places("<HTML>\n<BODY>\n<P>one\n<P>two") == [("one", 3), ("two", 4)]


def test_the_frame_is_kept_where_it_is_asked_for():
    text = load(PAGE, main_only=False).text
    assert "Home" in text
    assert "Footer words" in text


def test_a_small_main_element_does_not_hide_the_rest():
    page = "<body><article>Teaser</article><div>" + "<p>The real words of the page.</p>" * 20 + "</div></body>"
    assert load(page).text.count("real words") == 20


def test_a_header_with_the_title_stays():
    assert load("<body><header><h1>Title</h1></header><p>Words</p></body>").text == "# Title\n\nWords\n"


def test_code_that_holds_fences_gets_a_longer_fence():
    assert load("<pre>```\nx\n```</pre>").text == "````\n```\nx\n```\n````\n"


@pytest.mark.parametrize("charset", ["windows-1251", "koi8-r"])
def test_a_page_names_its_own_encoding(charset):
    page = f'<html><head><meta charset="{charset}"></head><body><p>Съешь ещё</p></body></html>'
    assert load(page.encode(charset)).text == "Съешь ещё\n"


@few(4)
@pytest.mark.deep
@pytest.mark.parametrize(
    "tags",
    ["div", "b", "ul><li", "table><tr><td", "table><tr><th", "section", "span", "blockquote", "dl><dd", "details"],
)
def test_thousands_of_nested_elements_are_read_in_linear_time(tags):
    """Whatever is asked of a table's inside is asked of each of the hundreds around it too."""

    def seconds(count: int) -> float:
        closing = "".join(f"</{tag}>" for tag in reversed(tags.split("><")))
        start = time.process_time()
        document = load(f"<{tags}>" * count + "innermost" + closing * count)
        assert "innermost" in document.text
        return time.process_time() - start

    count = much(5_000, 25_000)
    flat = seconds(count)
    assert seconds(4 * count) < 0.5 + 10 * flat


@only_deep
def test_a_table_around_many_tables_asks_its_inside_once():
    """Hundreds around the same thousands: 50 000 took 11 s, when each looked through all of it for its blocks."""
    inside = "<tr><td>innermost</td></tr>" * 40_000
    around = "<table><tr><td>" * 300

    def seconds(page: str) -> float:
        start = time.process_time()
        load(page)
        return time.process_time() - start

    flat = seconds(f"<table>{inside}</table>")
    assert seconds(f"{around}<table>{inside}</table>") < 0.5 + 3 * flat


def test_a_reference_of_endless_digits_in_a_tag_costs_nothing_of_the_page():
    assert load(f"<p title='&#{'9' * 5000};'>words</p>").text == "words\n"


@pytest.mark.parametrize("source", ["", "<", "<html></html>", "<body><p></p></body>", "<!-- only -->"])
def test_pages_without_words_are_empty_documents(source):
    assert load(source).text.strip() in {"", "<"}


def test_trafilatura_can_be_chosen():
    words = "The mill stands where the stream bends, and it has been mended in every year since. " * 6
    text = load(f"<html><body><nav>Home</nav><article><h1>Mill</h1><p>{words}</p></article></body></html>",
                extractor="trafilatura").text  # fmt: skip
    assert "Home" not in text
    assert "The mill stands where the stream bends" in text


def test_an_unknown_extractor_is_refused():
    with pytest.raises(ConfigError, match="magic"):
        create(extractor="magic")
