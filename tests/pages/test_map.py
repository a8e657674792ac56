"""The map of the table in a browser: read by pointer and by keyboard, searched, narrowed, opened."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

import embedingest
from tests.pages.conftest import hindrances, look


def drawn(page):
    expect(page.get_by_text("near each other where their vectors are")).to_be_visible()
    return page.locator("canvas.map")


def first_point(page, canvas):
    """A place on the canvas where there is a mark, found as a hand finds it."""
    box = canvas.bounding_box()
    reading = page.locator(".reading a")
    for y in range(8, int(box["height"]), 10):
        for x in range(8, int(box["width"]), 20):
            page.mouse.move(box["x"] + x, box["y"] + y)
            if canvas.evaluate("canvas => canvas.classList.contains('on-point')"):
                expect(reading).to_be_visible()
                return box["x"] + x, box["y"] + y
    pytest.fail("there is no mark on the map")


def test_pointing_at_a_mark_reads_it_and_a_click_opens_its_document_at_the_chunk(visit):
    page = visit("#map")
    canvas = drawn(page)
    place = first_point(page, canvas)
    link = page.locator(".reading a")
    target = link.get_attribute("href")
    assert re.match(r"#document\?source=docs%2F.*&chunk=[0-9a-f]{32}$", target)
    expect(page.get_by_role("heading", name="Near it on the map")).to_be_visible()
    page.mouse.click(*place)
    expect(page).to_have_url(re.compile(re.escape(target) + "$"))
    page.go_back()
    drawn(page)


def test_the_keyboard_goes_from_mark_to_mark_reads_aloud_and_opens(visit):
    page = visit("#map")
    canvas = drawn(page)
    canvas.focus()
    seen = set()
    for key in ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
        expect(page.locator("#said")).to_contain_text(re.compile(r", (page|line|chunk|sheet|cell).*: ", re.DOTALL))
        seen.add(page.locator("#said").text_content())
    assert len(seen) >= 3
    page.keyboard.press("Escape")
    expect(page.locator(".reading")).to_contain_text("Point at a mark")
    page.keyboard.press("ArrowDown")
    target = page.locator(".reading a").get_attribute("href")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(target) + "$"))


def test_a_search_shows_its_hits_and_lists_them_best_first(visit):
    page = visit("#map")
    drawn(page)
    page.get_by_label("Show a search on the map").fill("tusks of the walrus")
    expect(page.locator("#said")).to_contain_text("on the map")
    expect(page.get_by_role("heading", name="Hits, best first")).to_be_visible()
    first = page.locator("ol.beside li").first
    expect(first).to_contain_text("Walrus")
    expect(first).to_contain_text("sleeps on the ice and eats clams")  # and not "*ice*"
    assert "q=tusks" in page.url
    page.reload()
    expect(page.locator("ol.beside li").first).to_contain_text("Walrus")
    page.get_by_label("Show a search on the map").fill("")
    expect(page.get_by_role("heading", name="In the middle of the map")).to_be_visible()


def test_a_search_leads_to_the_map(visit):
    page = visit("#search?q=tusks+of+the+walrus")
    page.get_by_role("link", name="Show on the map").click()
    drawn(page)
    expect(page.get_by_label("Show a search on the map")).to_have_value("tusks of the walrus")
    expect(page.get_by_role("heading", name="Hits, best first")).to_be_visible()


def test_marks_are_those_of_folders_or_types_and_each_can_be_left_out(visit):
    page = visit("#map")
    drawn(page)
    legend = page.get_by_role("group", name=re.compile("Folders"))
    folders = legend.get_by_role("checkbox")
    expect(legend).to_contain_text("docs/animals/")
    for box in folders.all():
        box.uncheck()
    expect(page.locator("ol.beside li")).to_have_count(0)
    legend.get_by_label(re.compile("docs/animals/")).check()
    expect(page.locator("ol.beside li").first).to_be_visible()
    assert {"docs%2Fanimals"} == {
        re.search(r"source=(docs%2F\w+)%2F", link.get_attribute("href"))[1]
        for link in page.locator("ol.beside a").all()
    }
    page.get_by_label("Marks by").select_option("type")
    types = page.get_by_role("group", name=re.compile("Types"))
    for name in ("Markdown", "PDF", "Word"):
        expect(types).to_contain_text(name)


def test_it_is_drawn_as_sharp_as_the_screen_is_and_can_be_enlarged(visit):
    page = visit("#map", device_scale_factor=2)
    canvas = drawn(page)
    sizes = "canvas => [canvas.width / canvas.clientWidth, canvas.height / canvas.clientHeight].map(Math.round)"
    page.wait_for_function(
        "() => { const c = document.querySelector('canvas.map'); return c.width === 2 * c.clientWidth; }"
    )
    assert canvas.evaluate(sizes) == [2, 2]
    before = canvas.evaluate("canvas => canvas.toDataURL()")
    page.get_by_role("button", name="Larger").click()
    page.wait_for_function("before => document.querySelector('canvas.map').toDataURL() !== before", arg=before)
    page.get_by_role("button", name="The whole map").click()
    page.wait_for_function("before => document.querySelector('canvas.map').toDataURL() === before", arg=before)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_map_hinders_nobody(visit, theme, width):
    page = visit("#map?q=walrus", width=width, theme=theme)
    canvas = drawn(page)
    expect(page.get_by_role("heading", name="Hits, best first")).to_be_visible()
    assert hindrances(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"map-hits-{theme}-{width}")
    page.get_by_label("Show a search on the map").fill("")
    expect(page.get_by_role("heading", name="In the middle of the map")).to_be_visible()
    canvas.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".reading a")).to_be_visible()
    expect(page.get_by_role("heading", name="Near it on the map")).to_be_visible()
    expect(page.locator("ol.beside").get_by_text("Opening the gate")).not_to_contain_text("#")
    look(page, f"map-{theme}-{width}")


def test_where_there_is_no_table_the_way_to_one_is_told(visit, tmp_path):
    with embedingest.serve(port=0, model="hashing", state=tmp_path) as server:
        page = visit("#map", url=server.url)
        page.visit.expected.append("404")
        expect(page.get_by_role("alert")).to_contain_text("embedingest")


def test_a_table_that_is_filled_meanwhile_is_drawn_without_being_asked(visit, tmp_path):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "one.md").write_text("only this\n")
    place = {"db": str(tmp_path / "state/lancedb"), "state": tmp_path / "state"}
    embedingest.ingest(docs, model="hashing", **place)
    with embedingest.serve(port=0, model="hashing", **place) as server:
        page = visit("#map", url=server.url)
        expect(page.get_by_text("1 chunk, near")).to_be_visible()
        for n in range(3):
            (docs / f"more{n}.md").write_text(f"more of {n}\n")
        embedingest.ingest(docs, model="hashing", **place)
        expect(page.get_by_text("4 chunks, near")).to_be_visible(timeout=40_000)
