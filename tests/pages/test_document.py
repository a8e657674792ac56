"""Reading a document on the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

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
    assert facts.locator("time").count() == 2


def test_chunks_are_told_apart_and_stand_beside_their_places(visit):
    page = visit("#document?source=docs/long.md")
    expect(page.locator(".chunk").nth(1)).to_be_visible()
    tints = [
        chunk.evaluate("node => getComputedStyle(node).backgroundColor") for chunk in page.locator(".chunk").all()[:2]
    ]
    assert tints[0] != tints[1]
    expect(page.locator(".chunk .place").first).to_contain_text("line")


def test_a_long_document_is_read_on_and_back_without_a_word_twice(visit, tmp_path):
    page = visit("#document?source=docs/long.md")
    expect(page.locator(".chunk").first).to_be_visible()
    whole = page.evaluate(
        """async () => (await (await fetch("api/document", {method: "POST", headers: {"Content-Type": "application/json"},
        body: JSON.stringify({source: "docs/long.md", max_characters: 100000})})).json()).chunks.length"""
    )
    assert page.locator(".chunk").count() == whole


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
