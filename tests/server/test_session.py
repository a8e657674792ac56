"""Signing in at the page: the cookie, what it counts for, and when it ends."""

from __future__ import annotations

import http.cookies

import pytest

from embedingest.server.sessions import SESSION_SECONDS, Sessions
from tests.server.client import get, post
from tests.server.keyed import bearer, made
from tests.server.wirecases import send

HTML = {"Accept": "text/html,application/xhtml+xml"}
OWN = {"Sec-Fetch-Site": "same-origin"}
KEY, HELD = made("search", "embed", filter="page = 1")


@pytest.fixture
def port(serve):
    return serve({"keys": {"team-a": HELD.model_dump()}, "api_key": "old"}).port


def signed_in(port, key=KEY, **headers):
    answer = post(port, "/ui/session", {"key": key}, **headers)
    assert answer.status == 200, answer.body
    (name, morsel), *_ = http.cookies.SimpleCookie(answer.headers["set-cookie"]).items()
    return {"Cookie": f"{name}={morsel.value}"}, morsel, answer


def test_the_cookie_is_for_this_page_alone(port):
    _, morsel, answer = signed_in(port)
    assert morsel["httponly"]
    assert morsel["samesite"] == "Strict"
    assert morsel["path"] == "/"
    assert not morsel["secure"]
    assert int(morsel["max-age"]) == SESSION_SECONDS
    assert KEY not in answer.headers["set-cookie"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {"name": "team-a", "can": ["embed", "search"], "filtered": True, "keys": True}


def test_a_session_may_what_its_key_may(port):
    cookie, *_ = signed_in(port)
    assert get(port, "/api/tags", **cookie, **OWN).status == 200
    assert get(port, "/ui/session", **cookie, **OWN).json()["name"] == "team-a"
    assert get(port, "/metrics", **cookie, **OWN).status == 403
    assert post(port, "/api/embed", {"model": "hashing", "input": "x"}, **cookie, **OWN).status == 200
    everything, *_ = signed_in(port, "old")
    assert get(port, "/metrics", **everything, **OWN).status == 200


def test_a_session_ends(port):
    cookie, *_ = signed_in(port)
    ended = send(port, {"method": "DELETE", "path": "/ui/session", "headers": {**cookie, **OWN}})
    assert ended.status == 204
    assert "Max-Age=0" in ended.headers["set-cookie"]
    assert get(port, "/api/tags", **cookie, **OWN).status == 401


def test_signing_in_anew_ends_the_session_before(port):
    cookie, *_ = signed_in(port, "old")
    signed_in(port, KEY, **cookie, **OWN)
    assert get(port, "/api/tags", **cookie, **OWN).status == 401


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "http://localhost:3000"},
     {"Origin": "null"}, {"Sec-Fetch-Site": "none"}, {}],
)  # fmt: skip
def test_no_other_page_writes_with_the_cookie(port, headers):
    cookie, *_ = signed_in(port)
    body = {"model": "hashing", "input": "x"}
    assert post(port, "/api/embed", body, **cookie, **headers).status in (401, 403)
    assert post(port, "/api/embed", body, **cookie, Origin=f"http://127.0.0.1:{port}").status == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                                     {"Origin": "http://localhost:3000"}])  # fmt: skip
def test_no_other_page_reads_with_the_cookie(port, headers):
    cookie, *_ = signed_in(port)
    assert get(port, "/api/tags", **cookie, **headers).status == 401
    assert get(port, "/api/tags", **cookie).status == 200
    assert get(port, "/api/tags", **cookie, **{"Sec-Fetch-Site": "none"}).status == 200


@pytest.mark.parametrize("site", ["cross-site"])
def test_no_other_page_signs_in(port, site):
    assert post(port, "/ui/session", {"key": KEY}, Sec_Fetch_Site=site).status == 403
    assert post(port, "/ui/session", {"key": KEY}, Origin="http://evil.example").status == 403
    assert post(port, "/ui/session", {"key": KEY}, Host="evil.example").status == 403


@pytest.mark.parametrize("body", [{}, {"key": ""}, {"key": 7}, [], "x"])
def test_what_is_no_key_is_a_bad_request(port, body):
    assert post(port, "/ui/session", body).status == 400


@pytest.mark.parametrize(
    "key", ["wrong", "x" * 5000, KEY[:-1], "\ud800", "\x00\r\nSet-Cookie: a=b"],
    ids=["another", "long", "cut", "half a pair", "a header"],
)  # fmt: skip
def test_a_wrong_key_begins_nothing(serve, key, caplog):
    port = serve({"keys": {"team-a": HELD.model_dump()}, "max_inputs": 100 + len(key) % 50}).port
    refused = post(port, "/ui/session", {"key": key})
    assert refused.status == 401
    assert refused.headers["www-authenticate"] == "Bearer"
    assert "set-cookie" not in refused.headers
    assert "wrong key from" in caplog.text


@pytest.mark.parametrize("token", ["", ".", "a.b", "a" * 5000, "." * 100, "é.ü", '"'])
def test_a_cookie_that_is_none_of_ours_is_nobodys(port, token):
    for name in (f"embedingest-session-{port}", "embedingest-session"):
        headers = {"Cookie": f"{name}={token}".encode().decode("latin-1")}
        assert get(port, "/api/tags", **headers, **OWN).status == 401
    cookie, *_ = signed_in(port)
    forged = {"Cookie": cookie["Cookie"][:-2] + "xx"}
    assert get(port, "/api/tags", **forged, **OWN).status == 401


def test_a_browser_gets_the_page_that_asks_for_the_key_and_a_program_a_challenge(port):
    page = get(port, "/ui", **HTML)
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    refused = get(port, "/ui")
    assert refused.status == 401
    assert refused.headers["www-authenticate"].startswith("Basic ")
    asked = get(port, "/ui/data/facets", **OWN)
    assert asked.status == 401
    assert asked.headers["www-authenticate"] == "Bearer"  # else browsers put a window of their own before the page
    assert get(port, "/ui/session", **OWN).json() == {"name": "", "can": [], "filtered": False, "keys": True}


def test_a_server_without_keys_says_so(serve):
    port = serve().port
    assert get(port, "/ui/session").json() == {
        "name": "", "can": ["control", "embed", "search"], "filtered": False, "keys": False,
    }  # fmt: skip
    assert post(port, "/ui/session", {"key": "x"}).status == 400


def test_a_bearer_goes_before_the_cookie(port):
    cookie, *_ = signed_in(port)
    assert get(port, "/metrics", **cookie, **OWN, **bearer("old")).status == 200


def test_sessions_end_by_themselves_and_are_not_too_many():
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    tokens = [sessions.begin(b"k" * 32) for _ in range(1001)]
    assert sessions.key_digest(tokens[0]) is None
    assert sessions.key_digest(tokens[-1]) == b"k" * 32
    now[0] = SESSION_SECONDS
    assert sessions.key_digest(tokens[-1]) is None
    assert len({*tokens}) == 1001
