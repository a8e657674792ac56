"""Signing in at the page, in a browser: straight, and under a path behind a proxy."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

import embedingest
from tests.pages.conftest import hindrances, look
from tests.server.keyed import made
from tests.server.proxy import proxy
from tests.waiting import until

TEAM, HELD = made("embed", "search", filter="source startswith 'docs/animals/'")
REFUSED = r"the server responded with a status of (401|403)"
PREFIX = "/team/search"


@pytest.fixture(scope="module")
def keyed(library):
    keys = {"team-a": HELD}
    with embedingest.serve(
        port=0, model="hashing", api_key="sesame", keys=keys, trusted_proxies=["127.0.0.1"], **library.place
    ) as server:
        yield server


@pytest.fixture(params=["straight", "behind a proxy"])
def address(request, keyed):
    if request.param == "straight":
        yield keyed.url
        return
    with proxy(keyed.port, PREFIX) as url:
        yield url


def sign_in(page, key):
    page.get_by_label("Key", exact=True).fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_the_key_is_asked_for_once_and_then_what_was_asked_for_is_shown(visit, address):
    page = visit("#search?q=sleeps", url=address)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    expect(page.get_by_label("Key", exact=True)).to_be_focused()
    sign_in(page, TEAM)
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")
    expect(page.locator("#main")).to_contain_text("seal.txt")
    expect(page.locator("#who")).to_contain_text("team-a (sees a part of the table)")
    cookie = next(iter(page.context.cookies()))
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert cookie["path"] == (PREFIX if PREFIX in address else "/")
    assert page.evaluate("document.cookie") == ""
    assert TEAM not in page.evaluate("JSON.stringify([localStorage, sessionStorage, location.href])")
    page.reload()
    expect(page.locator("#main")).to_contain_text("seal.txt")
    look(page, f"signed-in-{'proxy' if PREFIX in address else 'straight'}")


def test_a_key_is_shown_no_door_that_it_cannot_open(visit, keyed):
    page = visit("#compare", url=keyed.url)
    sign_in(page, TEAM)
    views = page.get_by_role("navigation").get_by_role("link")
    expect(views).to_have_text(["Search", "Map", "Models", "Compare"])
    views.get_by_text("Models").click()
    expect(page.get_by_role("heading", name="In memory")).to_be_visible()
    expect(page.get_by_role("button", name="Unload")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    sign_in(page, "sesame")
    expect(views).to_have_text(["Search", "Pipelines", "Map", "Models", "Compare"])


def test_signing_out_asks_again(visit, address):
    page = visit("#models", url=address)
    sign_in(page, "sesame")
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    page.visit.expected.append(REFUSED)  # of what was on its way
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    until(lambda: page.context.cookies() == [], "the cookie to go")  # once the server has answered
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


def test_a_wrong_key_is_told_and_another_may_be_tried(visit, keyed):
    page = visit(url=keyed.url)
    page.visit.expected.append(REFUSED)
    sign_in(page, "<img src=x onerror=alert(1)>")
    expect(page.get_by_role("alert")).to_have_text(re.compile("not known here"))
    look(page, "login-wrong")
    sign_in(page, "sesame")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")


def test_a_filtered_key_finds_its_part_in_the_page(visit, keyed):
    page = visit("#search?q=walrus", url=keyed.url)
    sign_in(page, TEAM)
    expect(page.locator("#main")).to_contain_text("walrus.md")
    assert "long.md" not in page.locator("#main").inner_text()


def test_a_session_that_ended_asks_for_the_key_and_goes_on_where_it_was(visit, keyed):
    page = visit("#models", url=keyed.url)
    sign_in(page, "sesame")
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    page.visit.expected.append(REFUSED)
    page.context.clear_cookies()
    page.get_by_role("navigation", name="Views").get_by_role("link", name="Search").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    sign_in(page, "sesame")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_signing_in_hinders_nobody(visit, keyed, theme, width):
    page = visit(url=keyed.url, theme=theme, width=width)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
    assert hindrances(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"login-{theme}-{width}")
    page.get_by_label("Key", exact=True).press_sequentially("sesame")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Search")
    page.wait_for_load_state("networkidle")
    assert hindrances(page) == ""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    look(page, f"signed-in-{theme}-{width}")
