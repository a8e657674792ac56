"""Books: every chapter in its order, whatever its encoding, and words that look like markup."""

import io
import zipfile

import pytest

from embedingest import registry
from embedingest.ingest.chunk.choose import chunker_for
from embedingest.ingest.chunk.sections import sections
from embedingest.ingest.load.html import read
from embedingest.ingest.load.inner import load_inner
from tests import samples
from tests.ingest.load.pumps import WordSizer


def book(*chapters):
    """A book of these chapters, each the bytes of a page."""
    items = "".join(
        f'<item id="c{n}" href="c{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    return samples.zipped({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfile full-path="a.opf"/></container>',
        "a.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine>{spine}</spine></package>',
        **{f"c{n}.xhtml": chapter for n, chapter in enumerate(chapters)},
    })  # fmt: skip


def page(title, words, encoding="utf-8", head="<title>x</title>"):
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<html xmlns="http://www.w3.org/1999/xhtml"><head>{head}</head><body><h1>{title}</h1>{words}</body></html>'
    return text.encode(encoding)


@pytest.mark.parametrize("head", ["<title/>", "<title />", "<title/><script src='x'/><style/>", ""])
def test_what_closes_itself_swallows_no_chapter(head):
    data = book(*[page(title, f"<p>Words of {title}.</p>", head=head) for title in ("One", "Two", "Three")])
    text = "# One\n\nWords of One.\n\n# Two\n\nWords of Two.\n\n# Three\n\nWords of Three.\n"
    assert load_inner(data, "a.epub", "a.epub").text == text


@pytest.mark.parametrize(
    ("encoding", "title", "words"),
    [
        ("utf-16", "Eins", "Die Mühle."),
        ("windows-1251", "Глава", "Мельница стоит."),
        ("shift_jis", "一", "日本語です。"),
        ("iso-8859-2", "Žluťoučký", "kůň"),
    ],
)
def test_each_chapter_is_read_in_its_encoding(encoding, title, words):
    data = book(page("First", "<p>é</p>"), page(title, f"<p>{words}</p>", encoding))
    assert load_inner(data, "a.epub", "a.epub").text == f"# First\n\né\n\n# {title}\n\n{words}\n"


@pytest.mark.parametrize("mark", ["~~~", "```", "# 1 in the market", "&lt;!-- x", "- a", "1985. was"])
def test_words_that_look_like_markup_hide_no_chapter(mark):
    data = book(page("One", f"<p>Before.</p><p>{mark}</p><p>After.</p>"), page("Two", "<p>More.</p>"))
    document = load_inner(data, "a.epub", "a.epub")
    shown = mark.replace("&lt;", "<").replace("1985.", "1985\\.")
    shown = shown if "\\" in shown else f"\\{shown}"
    assert document.text == f"# One\n\nBefore.\n\n{shown}\n\nAfter.\n\n# Two\n\nMore.\n"


def test_a_chapter_belongs_to_its_part_and_not_to_the_chapter_before():
    pages = (
        "<h1>Part I</h1>",
        "<h2>Alpha</h2><p>First words.</p>",
        "<p class='title'><b>Beta</b></p><p>Second words.</p><h3>Below</h3><p>Third words.</p>",
        "<p>Gamma, the last.</p>",
        "<h1>Part II</h1><p>Fourth words.</p>",
        "<h2>Delta</h2><p>Fifth words.</p>",
    )
    data = book(*(f"<html xmlns='http://www.w3.org/1999/xhtml'><body>{page}</body></html>".encode() for page in pages))
    document = load_inner(data, "b.epub", "b.epub")
    chunks = registry.load("chunkers", chunker_for(document))().chunk(document, WordSizer())
    assert [section.path for section in sections(document)] == [
        ("Part I", "Alpha"), ("Part I",), ("Part I", "Below"), ("Part I",), ("Part II",), ("Delta",),
    ]  # fmt: skip
    words = [
        {word for word in ("First", "Second", "Third", "Gamma", "Fourth", "Fifth") if word in each.text}
        for each in chunks
    ]
    assert words == [{"First"}, {"Second", "Third"}, {"Gamma"}, {"Fourth"}, {"Fifth"}]


def contents(kind, *entries):
    """A table of contents: target, words and depth of each entry."""
    if kind == "nav":
        lists = "".join(f'<li><a href="{target}">{words}</a></li>' for target, words in entries)
        nav = f'<nav epub:type="landmarks"><ol><li><a href="c0.xhtml">Cover</a></li></ol></nav><nav epub:type="toc"><ol>{lists}</ol></nav>'
        return f'<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>{nav}</body></html>'
    points = "".join(
        f'<navPoint><navLabel><text>{words}</text></navLabel><content src="{target}"/></navPoint>'
        for target, words in entries
    )
    return f'<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap>{points}</navMap></ncx>'


def archive_with_contents(kind, entries, *bodies):
    """A book of chapters with these bodies."""
    pages = [f"<html xmlns='http://www.w3.org/1999/xhtml'><body>{body}</body></html>".encode() for body in bodies]
    with zipfile.ZipFile(io.BytesIO(book(*pages))) as old:
        parts = {name: old.read(name).decode() for name in old.namelist()}
    item = (
        "media-type='application/x-dtbncx+xml'"
        if kind == "ncx"
        else "properties='nav' media-type='application/xhtml+xml'"
    )
    parts["a.opf"] = parts["a.opf"].replace("</manifest>", f"<item id='toc' href='toc' {item}/></manifest>")
    return samples.zipped({**parts, "toc": contents(kind, *entries)})


def book_with_contents(kind, entries, *bodies):
    return load_inner(archive_with_contents(kind, entries, *bodies), "a.epub", "a.epub").text


@pytest.mark.parametrize("kind", ["ncx", "nav"])
def test_a_chapter_without_a_heading_has_the_name_that_the_table_of_contents_gives_it(kind):
    entries = [
        ("c0.xhtml", "One"),
        ("c1.xhtml#top", "Chapter Two. The Wheel"),
        ("c2.xhtml", "3. Own words"),
        ("c4.xhtml", "Five &amp; last"),
    ]
    text = book_with_contents(
        kind, entries,
        "<p>First words.</p>",
        "<div id='top'><p class='t'><b>CHAPTER TWO</b></p><p>The Wheel</p></div><p>Second words.</p>",
        "<h2>Own words</h2><p>Third words.</p>",
        "<p>They go on.</p>",
        "<pre># no heading</pre>",
    )  # fmt: skip
    assert text == (
        "# One\n\nFirst words.\n\n# Chapter Two. The Wheel\n\nSecond words.\n\n## Own words\n\nThird words.\n\n"
        "They go on.\n\n# Five & last\n\n```\n# no heading\n```\n"
    )


def test_names_of_places_within_a_file_stand_before_their_words():
    inner = "<navPoint><navLabel><text>Below</text></navLabel><content src='c0.xhtml#b'/></navPoint>"
    entries = [("c0.xhtml#a", f"Above</text></navLabel>{inner}<navLabel><text>")]
    text = book_with_contents("ncx", entries, "<p>Before.</p><p id='a'>First.</p><p>And <a id='b'></a>second.</p>")
    assert text == "Before.\n\n# Above\n\nFirst.\n\nAnd\n\n## Below\n\nsecond.\n"
    assert book_with_contents("ncx", [("c0.xhtml", "A"), ("c0.xhtml#z", "Z")], "<img src='a'/>") == ""


@pytest.mark.parametrize(
    "link", ['<a epub:type="noteref" href="#n">1</a>', '<a role="doc-noteref" href="#n"><sup>1</sup></a>']
)
def test_a_note_is_referred_to_in_brackets_and_asides_of_books_are_kept(link):
    page = f"<p>Water{link} turns.</p><aside><h2>Box</h2><p>Boxed.</p></aside><footer>From X</footer><nav>Menu</nav>"
    document = read(f"<html><body>{page}</body></html>", "a.xhtml", book=True)
    assert document.text == "Water[1] turns.\n\n## Box\n\nBoxed.\n\nFrom X\n"
    assert document.notices == {"words_left_out": 1}


@pytest.mark.parametrize(
    ("mark", "left_out"),
    [
        ("<span epub:type='pagebreak' id='p12' title='12'/>", 0),
        ("<span epub:type='x pagebreak'>12</span>", 1),
        ("<a role='doc-pagebreak'>xiv</a>", 1),
        ("<span class='pagenum'>[Pg 12]</span>", 2),
    ],
)
def test_the_number_of_a_printed_page_parts_no_word(mark, left_out):
    page = f"<p>The mi{mark}ll turns.</p><p class='pagenum'>Not a number</p>"
    document = read(f"<html><body>{page}</body></html>", "a.xhtml", book=True)
    assert document.text == "The mill turns.\n\nNot a number\n"
    assert document.notices == ({"words_left_out": left_out} if left_out else {})


def test_a_style_sheet_of_the_book_says_what_is_raised():
    head = "<title>x</title><link rel='stylesheet' href='look.css' /><link href='gone.css'/>"
    chapter = page(
        "One", "<p>2<span class='t4'>10</span> and H<span class='t5'>2</span>O, <b class='t6'>so</b></p>", head=head
    )
    sheet = ".t4 { font-size: 0.58em; position: relative; top: -0.33em }\n.t5{vertical-align:sub}\n.t6{top:-9em}"
    with zipfile.ZipFile(io.BytesIO(book(chapter))) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    data = samples.zipped({**parts, "look.css": sheet}, stored={"look.css"})
    assert load_inner(data, "a.epub", "a.epub").text == "# One\n\n2^10 and H₂O, so\n"
    damaged = data.replace(b"position: relative", b"position: relativ?")
    assert damaged != data
    assert load_inner(damaged, "a.epub", "a.epub").text == "# One\n\n210 and H2O, so\n"


def drawn_book(spine, **parts):
    """A book of items, each `id: media type` with more attributes, all of them in the spine if they are named there."""
    items = "".join(f'<item id="{key}" href="{key}" {more}/>' for key, (more, _) in parts.items())
    order = "".join(f'<itemref idref="{key}"/>' for key in spine)
    contents = '<navMap><navPoint><navLabel><text>Plan</text></navLabel><content src="b"/></navPoint></navMap>'
    return samples.zipped({
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<container><rootfile full-path="a.opf"/></container>',
        "a.opf": f'<package><manifest>{items}<item id="n" href="toc" media-type="application/x-dtbncx+xml"/></manifest><spine>{order}</spine></package>',
        "toc": f"<ncx>{contents}</ncx>",
        **{key: data for key, (_, data) in parts.items()},
    })  # fmt: skip


SVG = 'media-type="image/svg+xml"'
PAGE = 'media-type="application/xhtml+xml"'


def test_pages_that_are_drawings_are_read_below_their_names_or_counted():
    drawing = "<svg xmlns='http://www.w3.org/2000/svg'>{}</svg>"
    data = drawn_book(
        "abcd",
        a=(PAGE, page("One", "<p>Words.</p>")),
        b=(SVG, drawing.format("<text>Drawn page</text><text display='none'>never seen</text>")),
        c=(SVG, drawing.format("<path/>")),
        d=(SVG, "<!DOCTYPE svg [<!ENTITY a 'b'>]>" + drawing.format("<text>x</text>")),
    )
    document = load_inner(data, "a.epub", "a.epub")
    assert document.text == "# One\n\nWords.\n\n# Plan\n\nDrawn page\n"
    assert [(span.value, document.text[span.start : span.end]) for span in document.spans][1:] == [
        ("b", "# Plan\n\nDrawn page")
    ]
    assert document.notices == {"words_left_out": 2, "skipped_images": 1, "unreadable_pages": 1}


def test_what_is_no_page_is_read_by_the_page_that_stands_for_it_or_counted():
    picture, other = 'media-type="image/jpeg"', 'media-type="application/pdf"'
    data = drawn_book(
        "acde",
        a=(picture + ' fallback="x"', b""),
        x=(other + ' fallback="b"', b""),
        b=(PAGE, page("One", "<p>Words.</p>")),
        c=(picture, b""),
        d=(other + ' fallback="d"', b""),
        e=('media-type="text/x-oeb1-document"', page("Two", "<p>Old.</p>")),
    )
    document = load_inner(data, "a.epub", "a.epub")
    assert document.text == "# Plan\n\n# One\n\nWords.\n\n# Two\n\nOld.\n"
    assert document.notices == {"skipped_images": 1, "inner_unsupported": 1}
