"""The shell of the page: what every view stands in."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.pages.conftest import hindrances, look
from tests.server.client import get

VIEWS = ("search", "pipelines", "map", "models", "compare")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_view_opens_and_hinders_nobody(visit, theme, width):
    page = visit(width=width, theme=theme)
    for view in VIEWS:
        entry = page.get_by_role("navigation", name="Views").get_by_role("link", name=view.title())
        entry.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(view.title())
        expect(entry).to_have_attribute("aria-current", "page")
        page.wait_for_load_state("networkidle")
        assert hindrances(page) == "", view
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{view} is {wide} pixels wide"
        look(page, f"{view}-{theme}-{width}")


def test_the_keyboard_skips_to_the_content_and_the_focus_is_seen(visit):
    page = visit("#models")
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    assert skip.evaluate("link => getComputedStyle(link).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    assert page.evaluate("location.hash") == "#models"


def test_a_browser_without_scripts_is_told_the_commands(visit):
    page = visit(java_script_enabled=False)
    told = page.locator("noscript p")
    expect(told).to_be_visible()
    expect(told).to_contain_text("embedingest search")


def test_the_page_may_be_kept_by_its_content_and_by_nothing_else(served):
    page = get(served.port, "/ui")
    assert page.headers["cache-control"] == "no-cache"
    assert get(served.port, "/ui", If_None_Match=page.headers["etag"]).status == 304
    release = page.headers["etag"].strip('"')
    script = get(served.port, f"/ui/files/{release}/app.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["x-content-type-options"] == "nosniff"
    assert get(served.port, "/ui/files/0000000000000000/app.js").status == 404
    assert get(served.port, f"/ui/files/{release}/..%2fapp.py").status == 404
    assert get(served.port, f"/ui/files/{release}/docs.html").status == 404
