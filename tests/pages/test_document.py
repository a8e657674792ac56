"""Reading a document on the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests import samples
from tests.pages.conftest import hindrances, look


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_document_hinders_nobody(visit, theme, width):
    page = visit("#document?source=docs/long.md", width=width, theme=theme)
    expect(page.get_by_role("heading", level=1)).to_have_text("A long day")
    page.locator(".chunk .place").nth(1).click()
    expect(page.locator(".nearest li").first).to_be_visible()
    assert hindrances(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"document-{theme}-{width}")


def test_a_hit_opens_its_document_at_its_chunk(visit):
    page = visit("#search?q=hour+17+metres&mode=text")
    place = page.locator("article.group", has_text="docs/long.md").locator(".hit > .row a").first
    where = place.inner_text()
    place.click()
    chosen = page.locator(".chunk.chosen")
    expect(chosen.locator(".place")).to_contain_text(where)
    expect(chosen).to_be_in_viewport()
    expect(chosen.locator(".nearest li").first).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("hour 17 metres")


def test_facts_tell_place_changes_and_what_was_left_out(visit, library):
    page = visit("#document?source=docs/gate.docx")
    facts = page.locator("dl")
    expect(facts).to_contain_text("docs/gate.docx")
    expect(facts).to_contain_text(str(library.folder / "gate.docx"))
    expect(facts).to_contain_text("Word")
    expect(facts.locator("time")).to_have_count(2)


def test_chunks_are_told_apart_and_stand_beside_their_places(visit):
    page = visit("#document?source=docs/long.md")
    expect(page.locator(".chunk").nth(1)).to_be_visible()
    tints = [
        chunk.evaluate("node => getComputedStyle(node).backgroundColor") for chunk in page.locator(".chunk").all()[:2]
    ]
    assert tints[0] != tints[1]
    expect(page.locator(".chunk .place").first).to_contain_text("line")


def sentences(page):
    return [
        int(number) for number in re.findall(r"Sentence (\d+) of", " ".join(page.locator(".words").all_inner_texts()))
    ]


def test_a_long_document_is_read_on_and_back_without_a_word_lost_or_twice(visit):
    page = visit("#document?source=docs/book.md&line=401")
    expect(page.locator(".chunk").first).to_be_visible()
    assert sentences(page)[0] > 150
    page.get_by_role("button", name="Read on").click()
    expect(page.get_by_role("button", name="Read on")).to_have_count(0)
    before = page.get_by_role("button", name="Read what stands before")
    while before.count():
        first = page.locator(".chunk").first.get_attribute("id")
        before.click()
        expect(page.locator(".chunk").first).not_to_have_id(first)
    expect(page.locator(".chunk").first).to_have_attribute("aria-label", re.compile("Chunk 1 of"))
    assert sentences(page) == [n for n in range(400) for _ in range(8)]


def test_what_two_chunks_share_stands_in_both_and_is_told_apart(visit, shelf):
    text = "# Day\n\n" + " ".join(f"Word {n} of an astronomer \U0001f52d." for n in range(300))
    shelf.write("day.md", text)
    shelf.ingest(chunk={"max_tokens": 60, "overlap_tokens": 20})
    with shelf.serve() as server:
        page = visit("#document?source=docs/day.md", url=server.url)
        second = page.locator(".chunk").nth(1)
        expect(second.locator(".shared")).to_be_visible()
        shared = second.locator(".shared").inner_text()
        assert shared.strip()
        assert page.locator(".chunk").nth(0).locator(".words").inner_text().strip().endswith(shared.strip())
        assert hindrances(page) == ""
        look(page, "document-overlap")


def test_what_failed_and_what_was_left_out_is_told_with_the_way_out(visit, shelf):
    shelf.write("broken.pdf", b"%PDF-1.7 and no more")
    shelf.write("empty.txt", "")
    shelf.write("pages.pdf", samples.pdf((("The mill", "Water turns."), ())))
    shelf.ingest()
    with shelf.serve() as server:
        page = visit("#document?source=docs/broken.pdf", url=server.url)
        expect(page.locator(".failure")).to_contain_text("no PDF can be read from it")
        expect(page.locator(".failure")).to_contain_text("embedingest retry")
        assert hindrances(page) == ""
        look(page, "document-failed")
        page.goto(f"{server.url}/ui#document?source=docs/pages.pdf")
        expect(page.locator("dl")).to_contain_text("1 × pages without text")
        page.goto(f"{server.url}/ui#document?source=docs/empty.txt")
        expect(page.locator("main")).to_contain_text("there was no text in it")


def test_what_is_not_there_says_so_and_what_changed_is_shown_from_its_beginning(visit):
    page = visit("#document?source=docs/nothing.md")
    page.visit.expected.append("404")
    expect(page.get_by_role("alert")).to_contain_text("there is no document `docs/nothing.md`".replace("`", ""))
    page.goto(page.url.split("#")[0] + "#document?source=docs/gate.docx&chunk=00000000000000000000000000000000")
    expect(page.locator(".notice")).to_contain_text("changed since")
    expect(page.locator(".chunk").first).to_be_visible()


def test_with_the_keyboard_alone_a_chunk_is_chosen_and_its_neighbours_are_reached(visit):
    page = visit("#document?source=docs/animals/walrus.md")
    place = page.locator(".chunk .place").first
    place.focus()
    page.keyboard.press("Enter")
    expect(place).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".nearest a").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator(".nearest a").first).to_be_focused()


def test_while_the_table_cannot_be_read_a_document_is_tried_again(visit):
    page = visit("#models")
    page.visit.expected.append("503")
    page.route("**/api/document", lambda route: route.fulfill(status=503, json={"error": "not now\n  hint: wait"}))
    page.goto(page.url.split("#")[0] + "#document?source=docs/gate.docx")
    expect(page.get_by_role("alert")).to_contain_text("It is tried again in")
    page.unroute("**/api/document")
    expect(page.locator(".chunk").first).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_what_else_is_known_of_a_document_is_told_on_demand(visit, shelf):
    shelf.write("note.md", "---\nauthor: Ann <b>Lee</b>\ntags: [a, b]\n---\n# Note\n\nA walrus.\n")
    shelf.ingest()
    with shelf.serve() as server:
        page = visit("#document?source=docs/note.md", url=server.url)
        page.get_by_text("2 entries").click()
        expect(page.locator("dl")).to_contain_text("author: Ann <b>Lee</b>")
