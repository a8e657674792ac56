"""Behind a proxy: what is believed of it, under which path everything lies, and a proxy that lies."""

from __future__ import annotations

import pytest

from embedingest.config import ServerConfig
from embedingest.errors import ConfigError
from embedingest.server.app import create_app
from embedingest.server.forwarded import Proxies
from tests.server.client import get, post
from tests.server.keyed import made

BELIEVED = {"trusted_proxies": ["127.0.0.1"], "hosts": ["docs.example.com"], "api_key": "old"}
AUTHORIZED = {"Authorization": "Bearer old"}
KEY, HELD = made("embed")


@pytest.fixture
def port(serve):
    return serve(BELIEVED).port


def cookie(port, **headers):
    return post(port, "/ui/session", {"key": "old"}, **headers).headers["set-cookie"]


def servers(port, **headers):
    return get(port, "/openapi.json", **AUTHORIZED, **headers).json().get("servers")


@pytest.mark.parametrize("stripped", [True, False])
@pytest.mark.parametrize("prefix", ["/x", "/team/search-2", "/x/"])
def test_a_prefix_of_a_trusted_proxy_counts_whether_it_was_taken_off_or_not(port, prefix, stripped):
    said, before = {"X-Forwarded-Prefix": prefix}, "" if stripped else prefix.rstrip("/")
    assert get(port, f"{before}/api/version", **AUTHORIZED, **said).status == 200
    moved = get(port, f"{before}/api/tags/", **AUTHORIZED, **said)
    assert (moved.status, moved.headers["location"]) == (301, f"{prefix.rstrip('/')}/api/tags")
    assert get(port, f"{before}/v1/models/", **AUTHORIZED, **said).headers["location"].startswith(prefix.rstrip("/"))
    assert f"Path={prefix.rstrip('/')};" in cookie(port, **said)
    assert servers(port, **said) == [{"url": prefix.rstrip("/")}]


@pytest.mark.parametrize("stripped", [True, False])
def test_a_root_path_counts_without_a_word_of_the_proxy(serve, stripped):
    port = serve({"root_path": "/x", "api_key": "old"}).port
    before = "" if stripped else "/x"
    assert get(port, f"{before}/api/tags/", **AUTHORIZED).headers["location"] == "/x/api/tags"
    assert "Path=/x;" in post(port, f"{before}/ui/session", {"key": "old"}).headers["set-cookie"]
    assert servers(port) == [{"url": "/x"}]
    assert get(port, "/xy/api/version", **AUTHORIZED).status == 404


def test_from_nobody_else_anything_is_believed(serve):
    port = serve({"api_key": "old"}).port
    said = {"X-Forwarded-Prefix": "/x", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    assert get(port, "/api/tags/", **AUTHORIZED, **said).headers["location"] == "/api/tags"
    assert "Path=/;" in cookie(port, **said)
    assert "Secure" not in cookie(port, **said)
    assert servers(port, **said) is None
    assert get(port, "/x/api/version", **AUTHORIZED, **said).status == 404


LIES = ["//evil.example", "/../x", "/x/..", "/./x", "/x\\y", "/x y", "/x?y", "/x#y", "/x%2e%2e", "x", "/x//y", "/\xe9",
        "/" + "x" * 300, "https://evil.example", "/x;y", "/x,//evil", "/<script>", "//"]  # fmt: skip


@pytest.mark.parametrize("prefix", LIES)
def test_a_prefix_that_is_no_path_is_refused(port, prefix):
    refused = get(port, "/api/tags/", **AUTHORIZED, **{"X-Forwarded-Prefix": prefix})
    assert refused.status == 400
    assert "X-Forwarded-Prefix" in refused.json()["error"]
    assert "location" not in refused.headers
    with pytest.raises(ValueError, match="no path to serve under"):
        ServerConfig(root_path=prefix)


@pytest.mark.parametrize("prefix", ["/api", "/v1/x", "/ui", "/docs/", "/metrics"])
def test_a_prefix_cannot_begin_as_our_own_paths_do(port, engine, prefix):
    refused = get(port, "/api/version", **AUTHORIZED, **{"X-Forwarded-Prefix": prefix})
    assert refused.status == 400
    with pytest.raises(ConfigError, match="begins as this server's own paths do"):
        create_app(engine, ServerConfig(port=0, root_path=prefix))


def test_the_host_that_a_trusted_proxy_names_has_to_be_allowed(port):
    assert get(port, "/metrics", **AUTHORIZED, **{"X-Forwarded-Host": "docs.example.com"}).status == 200
    refused = get(port, "/metrics", **AUTHORIZED, **{"X-Forwarded-Host": "evil.example"})
    assert refused.status == 403
    assert "--allowed-host evil.example" in refused.json()["error"]
    for host in ("evil.example/x", "a b", "\xff", "[x]"):
        assert get(port, "/metrics", **AUTHORIZED, **{"X-Forwarded-Host": host}).status == 400


def test_over_https_the_cookie_is_for_https_alone_and_the_page_is_its_own_origin(port):
    said = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "docs.example.com", "Origin": "https://docs.example.com"}
    answer = post(port, "/ui/session", {"key": "old"}, **said)
    assert answer.status == 200
    assert "; Secure" in answer.headers["set-cookie"]
    sent = answer.headers["set-cookie"].partition(";")[0]
    assert post(port, "/api/embed", {"model": "hashing", "input": "x"}, Cookie=sent, **said).status == 200


def seen(client, chain, trusted=("10.0.0.0/8", "::1")):
    proxies = Proxies(ServerConfig(trusted_proxies=trusted), ())
    scope = {"client": (client, 1), "path": "/", "headers": [(b"x-forwarded-for", chain.encode("latin-1"))]}
    return proxies.seen(scope).client


@pytest.mark.parametrize(
    ("client", "chain", "is_from"),
    [
        ("10.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.1, 10.0.0.2", "192.0.2.1"),
        ("10.0.0.1", "6.6.6.6, 192.0.2.1:4711", "192.0.2.1"),
        ("::ffff:10.0.0.1", "[2001:db8::1]:99", "2001:db8::1"),
        ("::1", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "192.0.2.1, \r\nx", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("192.0.2.9", "10.0.0.1", "192.0.2.9"),
    ],
)
def test_a_request_comes_from_the_last_address_that_no_trusted_proxy_has(client, chain, is_from):
    assert seen(client, chain) == is_from


@pytest.mark.parametrize("address", ["proxy", "10.0.0.0/99", "", "10.0.0", "*"])
def test_whom_to_trust_is_said_by_address(address):
    with pytest.raises(ValueError, match="not the address of a proxy"):
        ServerConfig(trusted_proxies=(address,))


def test_each_refusal_of_a_host_says_why(serve):
    closed, loopback = serve({"host": "0.0.0.0", "api_key": "old"}).port, serve().port
    for port, path in ((closed, "/metrics"), (closed, "/ui"), (closed, "/docs"), (loopback, "/api/embed"),
                       (loopback, "/v1/models"), (loopback, "/nothing"), (loopback, "/")):  # fmt: skip
        for method in (get, lambda *a, **h: post(a[0], a[1], {}, **h)):
            answer = method(port, path, Host="evil.example", Accept="text/html", **AUTHORIZED)
            if answer.status != 405:
                assert answer.status == 403, path
                assert "--allowed-host evil.example" in str(answer.json()["error"])
