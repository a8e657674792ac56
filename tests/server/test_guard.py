"""Who may ask for what: the API key, control endpoints, and hosts off loopback."""

from __future__ import annotations

import base64

import pytest

from tests.depth import few
from tests.server.client import connect, get, post, read_to_end
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


@few(1)
@pytest.mark.parametrize("path", ["/api/embed", "/api/show", "/v1/embeddings"])
def test_with_a_key_set_everything_needs_it(keyed, path):
    for headers in ({}, bearer("wrong"), bearer(""), {"Authorization": "Bearer"}, {"Authorization": "Basic !!"}):
        refused = post(keyed, path, {"model": "hashing", "input": "x"}, **headers)
        assert refused.status == 401
        assert "API key" in str(refused.json()["error"])
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


NAMES = ["box.local", "evil.local.", "box.internal", "a.localhost:80", "BOX.LOCAL"]
DOCUMENTS = [*CONTROL, ("GET", "/docs"), ("GET", "/openapi.json")]


@pytest.mark.parametrize(("method", "path"), DOCUMENTS)
def test_documents_and_pages_answer_local_names_only_where_they_are_allowed(serve, method, path):
    closed, named = serve().port, serve({"hosts": ["Box.local", "*.internal", "a.localhost"]}).port
    for host in NAMES:
        headers = {"Host": host}
        refused = send(closed, {"method": method, "path": path, "headers": headers, "json": {}})
        assert refused.status == 403
        assert "--allowed-host" in refused.json()["error"]
        status = send(named, {"method": method, "path": path, "headers": headers, "json": {}}).status
        assert (status == 403) == (host == "evil.local.")


@pytest.mark.parametrize("path", ["/api/embed", "/v1/embeddings"])
def test_embedding_answers_local_names(serve, path):
    for host in NAMES:
        assert post(serve().port, path, {"model": "hashing", "input": "x"}, Host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["user@localhost", "localhost:99999999", "localhost:-1", "localhost:80:80", "[evil.com", "[::1]evil.com", "[x]",
     "\xff\xfe", "localhost,evil.com", "localhost evil.com", "evil.com/.local", "evil.com#.local", "localhost..",
     "evil.com?.local", ".local", "-x", "[::1%25lo]", "localhost:80a"],
)  # fmt: skip
@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0"])
def test_a_host_that_is_no_host_is_a_bad_request(serve, host, bound):
    port = serve({"host": bound}).port
    for path in ("/api/embed", "/api/search", "/v1/models"):
        assert raw(port, f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n\r\n").startswith(
            "HTTP/1.1 400 "
        )


def test_none_or_two_hosts_are_a_bad_request(serve):
    port = serve().port
    for hosts in ("", "Host: localhost\r\nHost: evil.example\r\n", "Host: localhost\r\nHost: localhost\r\n"):
        assert raw(port, f"GET /api/version HTTP/1.1\r\n{hosts}\r\n").startswith("HTTP/1.1 400 ")
    assert raw(port, "GET /api/version HTTP/1.0\r\n\r\n").startswith("HTTP/1.1 200 ")
    for hosts in ("", "Host:\r\n"):
        assert raw(port, f"GET /metrics HTTP/1.0\r\n{hosts}\r\n").startswith("HTTP/1.1 400 ")


def test_two_origins_are_a_bad_request(serve):
    origins = "Origin: http://localhost\r\nOrigin: http://evil.example\r\n"
    answer = raw(serve().port, f"GET /api/tags HTTP/1.1\r\nHost: localhost\r\n{origins}\r\n")
    assert answer.startswith("HTTP/1.1 400 ")


UNLOADING = {
    "/api/embed": {"input": "x"},
    "/api/embeddings": {"prompt": "x"},
    "/v1/embeddings": {"input": "x"},
    "/api/tokenize": {"content": "x"},
    "/api/detokenize": {"tokens": []},
    "/api/generate": {},
    "/api/chat": {"messages": []},
}


@pytest.mark.parametrize("path", UNLOADING)
@pytest.mark.parametrize("keep_alive", [0, "0s", "1ms", 0.5])
def test_no_route_unloads_for_another_origin(serve, path, keep_alive):
    port = serve().port
    body = {"model": "hashing", "keep_alive": keep_alive, **UNLOADING[path]}
    if path != "/api/chat" or keep_alive in (0, "0s"):  # a chat with another period is no request that is served
        assert post(port, path, body, Origin="http://localhost:3000").status == 403
        assert post(port, path, body, Sec_Fetch_Site="cross-site").status == 403
    if path not in ("/api/generate", "/api/chat"):
        assert post(port, path, body).status == 200
        assert post(port, path, {**body, "keep_alive": "5m"}, Origin="http://localhost:3000").status == 200


def test_under_v1_every_refusal_is_openais_object(keyed, serve):
    port = serve().port
    big = serve({"max_body_bytes": 1024}).port
    refusals = [
        (401, get(keyed, "/v1/models")),
        (403, get(port, "/v1/models", Origin="http://evil.example")),
        (403, get(port, "/v1/models", Host="evil.example")),
        (404, get(port, "/v1/nothing")),
        (404, get(port, "/v1")),
        (404, get(port, "/v1/models/nope")),
        (405, get(port, "/v1/embeddings")),
        (405, post(port, "/v1/models", {})),
        (413, post(big, "/v1/embeddings", {"model": "hashing", "input": "x" * 2000})),
    ]
    for status, reply in refusals:
        assert reply.status == status
        assert {"message", "type", "param", "code"} <= set(reply.json()["error"])


@pytest.mark.parametrize("path", ["/", "/api/version", "/nothing", "/v1/nothing", "/ui", "/metrics", "/api/tags/"])
def test_no_answer_may_be_sniffed(serve, path):
    assert get(serve().port, path).headers["x-content-type-options"] == "nosniff"
    assert get(serve().port, path, Host="evil.example").headers["x-content-type-options"] == "nosniff"


def raw(port: int, request: str) -> str:
    connection = connect(port)
    connection.sendall(request.encode("latin-1").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
    answer = read_to_end(connection)
    connection.close()
    return answer.decode("latin-1")
