"""Searching on the page, as people do it."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import HOSTILE_NAME, hindrances, look


def type_query(page, text):
    page.get_by_role("searchbox").press_sequentially(text, delay=15)


def group(page, source):
    return page.locator("article.group", has=page.locator(".source", has_text=source))


def test_results_come_as_one_types_by_document_with_the_words_marked(visit):
    page = visit()
    expect(page.locator("#told")).to_contain_text("8 documents to search")
    type_query(page, "walrus tusks")
    walrus = group(page, "docs/animals/walrus.md")
    expect(walrus).to_have_count(1)
    expect(walrus.locator("h2")).to_have_text("Walrus")
    expect(walrus.locator("mark").first).to_be_visible()
    expect(walrus.locator("mark").filter(has_text=re.compile("^Tusks$")).first).to_be_visible()  # of the whole query
    expect(walrus.get_by_role("table")).to_contain_text("narwhal")
    expect(page.get_by_role("status")).to_contain_text("chunk")
    assert page.evaluate("location.hash").startswith("#search?q=walrus")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_sections_and_documents_are_shown_with_what_was_found_apart(visit, theme):
    page = visit("#search?q=walrus+tusks&as=section", theme=theme)
    walrus = group(page, "docs/animals/walrus.md")
    expect(walrus.locator(".found mark").first).to_be_visible()
    expect(page.locator("#told")).to_contain_text("section")
    page.get_by_label("Show", exact=True).select_option("document")
    expect(walrus.locator(".hit")).to_have_count(1)
    expect(page.locator("#told")).to_contain_text("document")
    assert "as=document" in page.evaluate("location.hash")
    assert hindrances(page) == ""
    walrus.locator(".hit .row a").first.click()
    expect(page.locator(".document")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_results_hinder_nobody(visit, theme, width):
    page = visit("#search?q=walrus+stones", width=width, theme=theme)
    expect(page.locator("article.group").first).to_be_visible()
    page.get_by_role("button", name="Read around it").first.click()
    page.get_by_text("Why:").first.click()
    page.locator(".more > summary").first.click()
    expect(page.locator(".neighbours .text").first).to_be_visible()
    assert hindrances(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"results-{theme}-{width}")


def test_markdown_is_read_as_people_read_it_and_other_text_as_it_stands(visit):
    page = visit("#search?q=walrus+ice+formula+atlas")
    walrus = group(page, "docs/animals/walrus.md")
    expect(walrus.locator("em")).to_have_text("ice")
    expect(walrus.locator(".maths").first).to_have_text("$E = mc^2$")
    atlas = walrus.get_by_role("link", name="the atlas")
    expect(atlas).to_have_attribute("rel", "noopener noreferrer nofollow")
    expect(walrus.get_by_role("link", name="another file")).to_have_count(0)
    page.get_by_role("searchbox").fill("seal fish beach")
    seal = group(page, "docs/animals/seal.txt")
    expect(seal.locator("pre")).to_contain_text("It eats *fish*, not clams.")


def test_what_a_hostile_document_holds_is_text(visit):
    page = visit("#search?q=hostile+walrus")
    hostile = group(page, "docs/hostile/")
    expect(hostile).to_contain_text('<script>alert("text")</script>')
    expect(hostile).to_contain_text("<img src=x onerror=alert(1)>")
    expect(hostile.locator(".source")).to_contain_text(
        "<img src=x onerror=alert(3)>\N{REPLACEMENT CHARACTER}' or 1=1 --.md"
    )
    assert page.locator("main img, main script, main [style]").count() == 0
    expect(hostile.get_by_role("link", name="click")).to_have_count(0)
    hostile.locator("h2 a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("alert")
    expect(page.locator(".words").first).to_contain_text("\u241b[31mred")
    expect(page.locator(".words").first).to_contain_text("\N{REPLACEMENT CHARACTER}gnp.exe")
    assert page.locator("main img, main script, main [style]").count() == 0
    look(page, "hostile-document")


def test_filters_narrow_what_is_found(visit):
    page = visit("#search?q=walrus")
    expect(group(page, "docs/long.md")).to_be_visible()
    page.get_by_label("Folder").select_option("docs/animals/")
    expect(group(page, "docs/long.md")).to_have_count(0)
    expect(group(page, "docs/animals/walrus.md")).to_be_visible()
    page.get_by_label("Type").select_option("text/plain")
    expect(group(page, "docs/animals/walrus.md")).to_have_count(0)
    expect(group(page, "docs/animals/seal.txt")).to_be_visible()
    page.get_by_label("Changed until").fill("2001-01-01")
    expect(page.locator("#told")).to_contain_text("Nothing found")
    page.get_by_label("Changed until").fill("")
    page.get_by_label("Changed since").fill("2001-01-01")
    expect(group(page, "docs/animals/seal.txt")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Folder")).to_have_value("docs/animals/")
    expect(group(page, "docs/animals/seal.txt")).to_be_visible()


def test_the_mode_decides_by_what_is_searched_and_each_score_is_explained(visit):
    page = visit("#search?q=wheel+turns")
    hit = page.locator(".hit").first
    hit.get_by_text("Why:").click()
    expect(hit).to_contain_text("Beside the best of each list")
    expect(hit).to_contain_text("BM25")
    page.get_by_label("Search by").select_option("vector")
    expect(page.locator(".hit").first).not_to_contain_text("BM25")
    page.locator(".hit").first.get_by_text("Why:").click()
    expect(page.locator(".hit").first).to_contain_text("cosine")


def test_the_newest_question_wins_whatever_order_answers_come_in(visit):
    page = visit()
    expect(page.locator("#told")).to_contain_text("documents to search")
    held = []

    def hold(route):
        if json.loads(route.request.post_data)["query"] == "walrus":
            held.append(route)  # answered after the newer one, if its asker still waits
        else:
            route.continue_()

    page.route("**/ui/data/search", hold)
    page.get_by_role("searchbox").fill("walrus")
    expect(page.locator(".results")).to_have_attribute("aria-busy", "true")
    page.get_by_role("searchbox").fill("wheel")
    expect(group(page, "docs/mill.pdf")).to_be_visible()
    assert len(held) == 1
    assert held[0].request.failure, "the older question was given up"
    expect(group(page, "docs/mill.pdf")).to_be_visible()


def test_a_question_of_a_book_is_refused_in_words(visit):
    page = visit()
    page.visit.expected.append("413")
    page.get_by_role("searchbox").fill("walrus " * 15_000)
    expect(page.get_by_role("alert")).to_contain_text("the query has 105000 characters; the limit is 100000")
    page.get_by_role("searchbox").fill("walrus")
    expect(page.locator("article.group").first).to_be_visible()
    page.get_by_role("searchbox").fill("walrus " * 14_000)
    expect(page.locator("#told")).to_contain_text("document")
    expect(page.locator("article.group").first).to_be_visible()


def test_while_the_table_cannot_be_read_it_says_so_and_comes_back_by_itself(visit):
    page = visit()
    page.visit.expected.append("503")
    broken = {"error": "files of table `chunks` are missing\n  hint: `embedingest verify --repair` mends it"}
    page.route("**/ui/data/search", lambda route: route.fulfill(status=503, json=broken))
    page.get_by_role("searchbox").fill("walrus")
    expect(page.get_by_role("alert")).to_contain_text("are missing")
    expect(page.get_by_role("alert")).to_contain_text("embedingest verify --repair")
    page.unroute("**/ui/data/search")
    expect(page.locator("article.group").first).to_be_visible()


def test_a_path_is_copied_for_who_wants_to_open_the_file(visit, library):
    page = visit("#search?q=walrus+tusks", permissions=["clipboard-read", "clipboard-write"])
    group(page, "docs/animals/walrus.md").get_by_role("button", name="Copy path").click()
    expect(page.get_by_role("status")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == str(library.folder / "animals" / "walrus.md")


def test_names_of_all_kinds_lead_to_their_document(visit, library):
    page = visit("#search?q=hostile")
    page.locator("article.group h2 a").first.click()
    expect(page.locator("dd .source").first).to_contain_text("hostile/")
    assert HOSTILE_NAME not in page.title()


def test_a_table_that_goes_and_comes_again_is_searched_again(visit, shelf):
    shelf.write("walrus.md", "# Walrus\n\nThe walrus sleeps.\n")
    shelf.ingest()
    with shelf.serve() as server:
        page = visit("#search?q=walrus", url=server.url)
        expect(page.locator("article.group")).to_have_count(1)
        page.visit.expected += ["404", "500", "503"]
        table = shelf.library.state / "lancedb" / "chunks.lance"
        table.rename(shelf.library.state / "aside")
        page.get_by_role("searchbox").fill("walrus sleeps")
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("tried again")
        (shelf.library.state / "aside").rename(table)
        expect(page.locator("article.group")).to_have_count(1)
        expect(alert).to_have_count(0)


def test_where_there_is_no_table_it_says_how_to_get_one(visit, shelf):
    with shelf.serve() as server:
        page = visit(url=server.url)
        page.visit.expected.append("404")
        expect(page.get_by_role("alert")).to_contain_text("embedingest")
        assert hindrances(page) == ""
