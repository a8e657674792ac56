"""MCP over HTTP: the library's own client over a real socket, under the rules of the other routes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
import threading

import pytest

import embedingest
from embedingest.server import lifecycle
from tests.depth import few
from tests.server.client import connect, get, post
from tests.server.keyed import made
from tests.waiting import ends

pytestmark = pytest.mark.slow

KEY = "the-key-of-assistants"
TEXTS = {
    "zoo/penguins.md": "# Penguins\n\npenguins swim in cold water\n",
    "zoo/lions.md": "# Lions\n\nlions sleep in the sun\n",
    "office/tickets.md": "# Tickets\n\ntickets cost ten coins\n",
}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    base = tmp_path_factory.mktemp("assistants")
    for name, text in TEXTS.items():
        (base / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (base / "docs" / name).write_text(text)
    place = {"db": str(base / "state/lancedb"), "state": base / "state"}
    embedingest.ingest(base / "docs", model="hashing", **place)
    return place


@pytest.fixture(scope="module")
def server(place):
    with embedingest.serve(port=0, model="hashing", **place) as server:
        yield server


@pytest.fixture(scope="module")
def locked(place):
    with embedingest.serve(port=0, model="hashing", api_key=KEY, **place) as server:
        yield server


def told(server, use, key=None, **options):
    """What `use` makes of a client of the library that is connected to the server."""
    import httpx2
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    async def run():
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(headers=headers) as http:
            transport = streamable_http_client(f"{server.url}/mcp", http_client=http)
            async with Client(transport, **options) as client:
                return await use(client)

    return asyncio.run(asyncio.wait_for(run(), 60))


def call(server, name, key=None, **arguments):
    return told(server, lambda client: client.call_tool(name, arguments), key)


@few(1)
@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
def test_a_client_of_either_generation_lists_and_calls_the_tools(server, mode):
    async def use(client):
        tools = await client.list_tools()
        answer = await client.call_tool("search", {"query": "cold penguins", "limit": 1})
        return {tool.name for tool in tools.tools}, answer.structured_content

    names, answer = told(server, use, mode=mode)
    assert names == {"search", "read", "outline", "status"}
    assert [hit["source"] for hit in answer["results"]] == ["docs/zoo/penguins.md"]


def test_a_document_is_read_and_the_status_told(server):
    text = call(server, "read", source="docs/zoo/lions.md").structured_content["text"]
    assert text == TEXTS["zoo/lions.md"].strip()
    status = call(server, "status").structured_content
    assert (status["documents"], status["in_sync"]) == (3, True)
    missing = call(server, "read", source="docs/none.md")
    assert missing.is_error
    assert "no document `docs/none.md`" in missing.content[0].text


def test_with_a_key_only_who_brings_it_is_answered(locked):
    assert call(locked, "status", KEY).structured_content["documents"] == 3
    refused = post(locked.port, "/mcp", LIST, Accept="application/json")
    assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer")
    for key in (None, "another"):
        with pytest.raises(BaseExceptionGroup) as error:
            call(locked, "status", key)
        assert "`Authorization: Bearer KEY`" in repr(errors_of(error.value))


def test_a_key_reads_what_its_filter_passes_and_one_without_search_nothing(place):
    keys = {"zoo": made("search", filter="source startswith 'docs/zoo/'"), "embedder": made("embed")}
    named = {name: key for name, (_, key) in keys.items()}
    zoo, embedder = (key for key, _ in keys.values())
    with embedingest.serve(port=0, model="hashing", keys=named, **place) as server:
        found = call(server, "search", zoo, query="tickets cost ten coins", filter="source != '' or page = 1")
        hits = found.structured_content["results"]
        assert {hit["source"] for hit in hits} == {"docs/zoo/penguins.md", "docs/zoo/lions.md"}
        assert found.structured_content["filtered"]
        assert call(server, "status", zoo).structured_content["documents"] == 2
        for tool in ("read", "outline"):
            assert call(server, tool, zoo, source="docs/office/tickets.md").is_error
        headings = call(server, "outline", zoo, source="docs/zoo/lions.md").structured_content
        assert ([each["section"] for each in headings["outline"]], headings["filtered"]) == ([["Lions"]], True)
        part = call(server, "read", zoo, source="docs/zoo/lions.md", section="lions", budget=16).structured_content
        assert (part["text"], part["filtered"]) == (TEXTS["zoo/lions.md"].strip(), True)
        with pytest.raises(BaseExceptionGroup) as error:
            call(server, "status", embedder)
        assert "`embedder` lacks the right `search`" in repr(errors_of(error.value))


def errors_of(error):
    """All errors of a group."""
    return (
        [one for part in error.exceptions for one in errors_of(part)]
        if isinstance(error, BaseExceptionGroup)
        else [error]
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Host": "evil.example"},
        {"Host": "tables.local"},
    ],
)
def test_who_lies_about_where_it_comes_from_is_refused(server, headers):
    refused = post(server.port, "/mcp", LIST, Accept="application/json", **headers)
    assert refused.status == 403
    said = refused.json()["error"]["message"]
    assert "not allowed" in said or "own origin" in said
    assert set(refused.json()) == {"jsonrpc", "id", "error"}


def test_a_request_is_whole_in_itself_and_leaves_nothing(server):
    threads = threading.active_count()
    for _ in range(30):
        answer = post(
            server.port, "/mcp", LIST, Accept="application/json, text/event-stream", Content_Type="application/json"
        )
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        assert "mcp-session-id" not in answer.headers
    assert threading.active_count() <= threads + 16  # those that requests wait for
    for method in ("GET", "DELETE", "PUT"):
        from tests.server.wirecases import send

        refused = send(server.port, {"method": method, "path": "/mcp", "headers": {"Accept": "text/event-stream"}})
        assert (refused.status, refused.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ("[" * 3000, 400),
        ('{"jsonrpc": "2.0", "id": 1, "method": "no/such"}', 200),
        ('{"jsonrpc": "2.0", "id": null, "method": "tools/list"}', 400),
        ('{"jsonrpc": "2.0", "method": "notifications/initialized"}', 202),
        ('{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "write", "arguments": {}}}', 200),
        ('{"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {"notifications": {}}}', 200),
    ],
)
def test_what_is_no_request_is_answered_by_an_error_of_the_protocol(server, body, status):
    from tests.server.wirecases import send

    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    answer = send(server.port, {"method": "POST", "path": "/mcp", "text": body, "headers": headers})
    assert answer.status == status
    if status != 202:
        assert "error" in answer.json()


def test_a_stream_that_would_never_end_is_not_begun(server):
    """Of the newest version, where a client may ask for one."""
    from tests.server.wirecases import send

    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
    }
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "subscriptions/listen",
        "params": {"notifications": {"toolsListChanged": True}, "_meta": meta},
    }
    headers = {
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "subscriptions/listen",
    }
    answer = send(server.port, {"method": "POST", "path": "/mcp", "json": message, "headers": headers})
    assert "error" in answer.json()


def test_a_body_that_is_too_large_is_refused(place):
    with embedingest.serve(port=0, model="hashing", max_body_bytes=10_000, **place) as server:
        call_of = {"name": "search", "arguments": {"query": "x" * 20_000}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call_of}
        assert post(server.port, "/mcp", message, Accept="application/json").status == 413


def test_without_the_library_the_answer_names_the_extra(place, monkeypatch):
    for name in [name for name in sys.modules if name == "mcp" or name.startswith("mcp.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    with embedingest.serve(port=0, model="hashing", **place) as server:
        refused = post(server.port, "/mcp", LIST, Accept="application/json", Content_Type="application/json")
        assert refused.status == 501
        assert "pip install 'embedingest[mcp]'" in refused.json()["error"]["message"]


def test_a_client_that_leaves_costs_nothing_more_and_the_others_are_answered(server):
    message = json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "status", "arguments": {}}}
    ).encode()
    head = b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
    for _ in range(20):
        with contextlib.closing(connect(server.port)) as connection:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n%s" % (len(message), message))
    assert call(server, "status").structured_content["documents"] == 3


def test_a_program_that_serves_keeps_its_logging(server):
    post(server.port, "/mcp", LIST, Accept="application/json", Content_Type="application/json")
    assert not [handler for handler in logging.getLogger().handlers if "Rich" in type(handler).__name__]


def test_a_stop_waits_for_no_assistant_that_stays_connected(place, caplog, monkeypatch):
    monkeypatch.setattr(lifecycle, "_ANSWER_SECONDS", 3600)
    with embedingest.serve(port=0, model="hashing", **place) as server:
        with contextlib.closing(connect(server.port)) as connection:
            body = json.dumps(LIST).encode()
            connection.sendall(
                b"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
            )
            assert connection.recv(20).startswith(b"HTTP/1.1 200")
            ends(server.stop)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_where_no_table_is_served_it_is_said(serve):
    refused = post(serve().port, "/mcp", LIST)
    assert refused.status == 404
    assert get(serve().port, "/mcp").status == 405
