"""Web pages become the Markdown a person would write down: the content, not the frame around it."""

import time

import pytest

from embedingest.errors import ConfigError
from embedingest.ingest.load.html import create

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


@pytest.mark.parametrize("tags", ["div", "b", "ul><li", "table><tr><td", "section", "span", "blockquote"])
def test_a_hundred_thousand_nested_elements_are_read_in_seconds(tags):
    closing = "".join(f"</{tag}>" for tag in reversed(tags.split("><")))
    start = time.perf_counter()
    document = load(f"<{tags}>" * 100_000 + "innermost" + closing * 100_000)
    assert "innermost" in document.text
    assert time.perf_counter() - start < 10


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
