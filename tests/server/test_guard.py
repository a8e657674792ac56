"""Who may ask for what: the API key, control endpoints, and hosts off loopback."""

from __future__ import annotations

import base64

import pytest

from tests.server.client import get, post
from tests.server.wirecases import send

KEY = "s3cret-käy"
CONTROL = [
    ("POST", "/api/search"),
    ("POST", "/api/pull"),
    ("POST", "/api/generate"),
    ("GET", "/ui"),
    ("GET", "/metrics"),
]


@pytest.fixture
def keyed(serve):
    return serve({"api_key": KEY}).port


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}".encode().decode("latin-1")}


@pytest.mark.parametrize("path", ["/api/embed", "/api/show", "/v1/embeddings"])
def test_with_a_key_set_everything_needs_it(keyed, path):
    for headers in ({}, bearer("wrong"), bearer(""), {"Authorization": "Bearer"}, {"Authorization": "Basic !!"}):
        refused = post(keyed, path, {"model": "hashing", "input": "x"}, **headers)
        assert refused.status == 401
        assert "API key" in refused.json()["error"]
        assert refused.headers["www-authenticate"] == "Bearer"
    assert post(keyed, path, {"model": "hashing", "input": "x"}, **bearer(KEY)).status == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/openapi.json", "/docs", "/ui", "/api/tags", "/nothing"])
def test_so_do_pages_and_unknown_paths(keyed, path):
    assert get(keyed, path).status == 401
    assert get(keyed, path, **bearer(KEY)).status in (200, 404, 503)


def test_health_the_greeting_and_preflight_do_not(keyed):
    assert get(keyed, "/healthz").status == 200
    assert get(keyed, "/").status == 200
    preflight = send(keyed, {"method": "OPTIONS", "path": "/api/embed", "headers": {"Origin": "http://localhost"}})
    assert preflight.status == 204


def test_a_browser_is_asked_for_the_key_on_pages(keyed):
    assert get(keyed, "/ui").headers["www-authenticate"].startswith("Basic ")
    basic = base64.b64encode(b"anybody:" + KEY.encode()).decode()
    assert get(keyed, "/ui", Authorization=f"Basic {basic}").status == 200


@pytest.mark.parametrize(("method", "path"), CONTROL)
def test_control_answers_its_own_origin_only(serve, method, path):
    port = serve().port
    own = {"Origin": f"http://127.0.0.1:{port}"}
    for headers in ({"Origin": "http://localhost:3000"}, {"Origin": "app://x"}, {"Sec-Fetch-Site": "cross-site"}):
        assert send(port, {"method": method, "path": path, "headers": headers, "json": {}}).status == 403
    for headers in ({}, own):
        assert send(port, {"method": method, "path": path, "headers": headers, "json": {}}).status != 403


@pytest.mark.parametrize(("method", "path"), CONTROL)
def test_control_is_off_where_the_server_is_open_and_has_no_key(serve, method, path):
    port = serve({"host": "0.0.0.0"}).port
    refused = send(port, {"method": method, "path": path, "json": {"model": "hashing"}})
    assert refused.status == 403
    assert "0.0.0.0 without an API key" in refused.json()["error"]


def test_an_open_server_embeds_but_does_not_unload(serve):
    port = serve({"host": "0.0.0.0"}).port
    assert post(port, "/api/embed", {"model": "hashing", "input": "x"}, Host="example.com").status == 200
    assert post(port, "/api/embed", {"model": "hashing", "keep_alive": 0}).status == 403
    assert post(port, "/api/embed", {"model": "hashing"}).status == 200


def test_an_open_server_with_a_key_controls_under_known_hosts(serve):
    port = serve({"host": "0.0.0.0", "api_key": KEY, "hosts": ["docs.example.com"]}).port
    assert get(port, "/metrics", Host="rebind.example.com", **bearer(KEY)).status == 403
    assert get(port, "/metrics", Host="docs.example.com:80", **bearer(KEY)).status == 200


def test_a_warning_is_said_where_anyone_can_embed(serve, caplog):
    serve({"host": "0.0.0.0", "max_inputs": 7})
    assert "documents and control are off without an API key" in caplog.text
