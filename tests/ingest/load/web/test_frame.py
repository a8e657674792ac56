"""What stands beside the main content of a page is kept where it belongs to it, and counted where it does not."""

import pytest

from embedingest.ingest.load.html import create, read

WORDS = "Text with details that goes on for a while. " * 6
MAIN = f"<main><p>{WORDS}</p></main>"


def page(body):
    return read(f"<html><body>{body}</body></html>")


def around(body):
    """The text of a page with its main words as `…`."""
    return page(body).text.strip().replace(WORDS.strip(), "…")


@pytest.mark.parametrize(
    "head",
    [
        "<header><a href='/'>Site</a><nav>Home</nav><h1>The mill of Leeds</h1><p>By Ann</p></header>",
        "<div><header><div><a href='/'>Site</a></div><hgroup><h1>The mill of Leeds</h1><p>By Ann</p></hgroup></header></div>",
    ],
)
def test_the_title_above_the_main_element_is_kept_with_its_short_head(head):
    assert around(head + MAIN) == "# The mill of Leeds\n\nBy Ann\n\n…"
    assert page(head + MAIN).notices["words_left_out"] in {1, 2}


def test_a_title_in_a_long_head_is_kept_alone():
    head = f"<header><h1>The mill</h1><p>{WORDS * 2}</p></header>"
    read_page = page(head + f"<main><p>{WORDS * 4}</p></main>")
    assert read_page.text.startswith("# The mill\n\nText with")
    assert read_page.notices == {"words_left_out": len(WORDS.split()) * 2}


@pytest.mark.parametrize("name", ["<h1 class='site-title'>My blog</h1>", "<h1><a rel=home href='/'>My blog</a></h1>"])
def test_the_name_of_the_site_is_no_title_of_the_page(name):
    assert around(f"<header>{name}</header>{MAIN}") == "…"


def test_a_main_element_with_a_title_needs_none_from_above():
    assert around(f"<h1>My blog</h1><main><h1>Mill</h1><p>{WORDS}</p></main>") == "# Mill\n\n…"


@pytest.mark.parametrize(
    "talk",
    [
        "<section id='comments'><h2>Comments</h2><p>Bo: say --force.</p></section>",
        "<div class='x-comments-area'><h2>Comments</h2><ol class='comment-list'><li>Bo: say --force.</ol></div>",
        "<div id='wrap'><div id='disqus_thread'><h2>Comments</h2><p>Bo: say --force.</p></div></div>",
    ],
)
def test_what_readers_say_below_the_main_element_is_kept_once(talk):
    text = around(MAIN + talk)
    assert text.startswith("…\n\n## Comments\n\n")
    assert text.endswith("Bo: say --force.")
    assert text.count("Bo") == 1


def test_what_is_left_out_beside_the_main_element_is_counted_in_words():
    frame = "<nav>Home About us</nav>{}<aside class='related'>Read this too</aside><footer>© 2024</footer>"
    document = create().load(f"<body>{frame.format(MAIN)}</body>".encode(), "page.html")
    assert document.text.strip() == WORDS.strip()
    assert document.notices == {"words_left_out": 8}
    assert "words_left_out" not in create(main_only=False).load(document.text.encode(), "page.html").notices


def test_buttons_and_hidden_words_beside_the_main_element_are_counted():
    assert page(f"<script>var a = 1;</script><div hidden>Never seen</div><button>Buy</button>{MAIN}").notices == {
        "words_left_out": 3
    }


def test_a_page_that_is_a_list_of_pages_is_read():
    assert page("<nav><ul><li>One<li>Two</ul></nav>").text == "- One\n- Two\n"


def test_pictures_without_words_and_frames_of_other_pages_are_counted():
    shown = '<img src=a alt="A mill"><img src=b><img src=c width=1 height=1><iframe src="d.html"></iframe>'
    assert page(f"<p>{shown}</p>").notices == {"skipped_images": 1, "frames_left_out": 1}


def test_a_short_page_is_no_list_of_pages_because_its_menus_say_twice_what_they_are():
    menu = "<div class='related' role='navigation'>" + "<a href='x'>Another page</a> " * 20 + "</div>"
    read_page = page(f"{menu}<p>The mill grinds.</p>")
    assert (read_page.text, read_page.notices) == ("The mill grinds.\n", {"words_left_out": 40})


def test_a_list_of_pages_is_read_whole():
    menu = "<nav>" + "<a href='x'>Another page</a> " * 3 + "</nav>"
    assert page(menu).text == "Another page Another page Another page\n"


def test_words_beside_the_main_element_are_counted_wherever_they_stand():
    nested = f"<div>one<div><p>two</p>{MAIN}</div><p>three four</p></div><!-- none --><p>five</p>"
    assert page(nested).notices == {"words_left_out": 5}
