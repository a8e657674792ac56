"""Assistants find the tools, get answers with their places, and errors they can act on."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import embedingest
from embedingest.build.inspect import FoldersBehind
from embedingest.build.models import open_engine
from embedingest.mcp import create_server
from embedingest.query import Searcher
from embedingest.store.table import open_table
from embedingest.store.values import Changes
from tests.depth import only_deep
from tests.store.doubles import row

pytestmark = pytest.mark.slow

TEXTS = ["penguins swim in cold water", "lions sleep in the sun", "tickets cost ten coins"]


@pytest.fixture
def database(tmp_path):
    engine = open_engine()
    info = engine.describe("hashing")
    facts = {"fingerprint": info.fingerprint, "dimensions": info.dimensions, "model": "hashing"}
    rows = [row(f"zoo/{i}.md", text=text, metadata='{"author":"Ann"}') for i, text in enumerate(TEXTS)]
    with open_table(tmp_path / "db", "chunks", create=True, **facts) as table:
        table.commit(Changes(add=rows, vectors=engine.embed(TEXTS, model="hashing").vectors))
        table.maintain()
    engine.close()
    return tmp_path / "db"


@pytest.fixture
def server(database):
    engine = open_engine()
    table = open_table(database, "chunks")
    yield create_server(Searcher(open_table=lambda: table, open_engine=lambda: engine, model="hashing"))
    table.close()
    engine.close()


def told(server, name, **arguments):
    from mcp import Client

    async def ask():
        async with Client(server) as client:
            return await client.call_tool(name, arguments)

    return asyncio.run(ask())


def test_the_tools_are_listed_with_what_they_take(server):
    from mcp import Client

    async def ask():
        async with Client(server) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in asyncio.run(ask())}
    assert set(tools) == {"search", "read", "outline", "status"}
    properties = {"query", "limit", "offset", "mode", "filter", "group", "context", "fold", "rerank", "unit", "budget"}
    assert set(tools["search"].input_schema["properties"]) == properties
    for tool in tools.values():
        assert tool.annotations.read_only_hint
        assert not tool.annotations.open_world_hint
        assert tool.input_schema["additionalProperties"] is False


def test_an_argument_that_no_tool_has_is_refused_with_those_it_has(server):
    for name, arguments in [
        ("search", {"query": "x", "limt": 3}),
        ("status", {"verbose": True}),
        ("read", {"path": "x"}),
    ]:
        answer = told(server, name, **arguments)
        assert answer.is_error
    assert "has no argument `limt`: did you mean `limit`?; it takes query, limit" in refusal(server, "search", limt=3)
    assert "takes none" in refusal(server, "status", verbose=True)


def refusal(server, name, **arguments):
    return told(server, name, **arguments).content[0].text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"query": "x", "limit": 500}, "`search`: `limit` must be less than or equal to 100, not '500'"),
        ({"query": "x", "unit": "page"}, "`search`: `unit` must be 'chunk', 'section' or 'document', not 'page'"),
        ({"limit": 3}, "`search`: `query` is missing"),
    ],
)
def test_a_value_that_no_argument_has_is_refused_in_a_sentence(server, arguments, said):
    assert told(server, "search", **arguments).is_error
    text = refusal(server, "search", **arguments)
    assert text.endswith(said)
    assert "pydantic" not in text


def test_search_answers_with_sources_and_lines(server):
    answer = told(server, "search", query="cold penguins", limit=1, filter="metadata.author = 'Ann'").structured_content
    assert answer["mode"] == "hybrid"
    assert [(hit["source"], hit["text"], hit["line_start"]) for hit in answer["results"]] == [("zoo/0.md", TEXTS[0], 1)]


def test_status_counts_documents_and_chunks(server):
    answer = told(server, "status").structured_content
    assert (answer["model"], answer["documents"], answer["chunks"], answer["unindexed_chunks"]) == ("hashing", 3, 3, 0)


def test_a_bad_filter_comes_back_as_an_error_that_shows_a_good_one(server):
    answer = told(server, "search", query="x", filter="drop table")
    assert answer.is_error
    assert "for example: source startswith" in answer.content[0].text


PARAGRAPHS = [f"Paragraph {i} of the zoo tells of animal number {i} and of what it eats." for i in range(40)]


@pytest.fixture
def followed_folders(tmp_path, monkeypatch):
    """A searcher over folders that were ingested as users do it, and what is known of them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a b.md").write_text("# Zoo\n\n" + "\n\n".join(PARAGRAPHS) + "\n")
    (tmp_path / "docs/b.md").write_text("A note on nothing.\n")
    embedingest.ingest("docs", model="hashing", chunk={"max_tokens": 64, "overlap_tokens": 12})
    engine = open_engine()
    table = open_table(".embedingest/lancedb", "chunks")
    folders = FoldersBehind(Path(".embedingest"), ".embedingest/lancedb", "chunks")
    searcher = Searcher(open_table=lambda: table, open_engine=lambda: engine, model="hashing")
    yield searcher, folders
    table.close()
    engine.close()


@pytest.fixture
def followed(followed_folders):
    return create_server(*followed_folders)


@only_deep
def test_a_document_is_read_by_the_end_of_its_name_by_who_may_see_all(followed, followed_folders):
    assert told(followed, "read", source="b.md").structured_content["source"] == "docs/b.md"
    assert "there is no document `9.md`" in refusal(followed, "read", source="9.md")
    narrow = create_server(*followed_folders, within="source startswith 'docs/'")
    assert "there is no document `b.md`" in refusal(narrow, "read", source="b.md")


def test_hits_say_what_opens_them_and_no_hash(followed):
    answer = told(followed, "search", query="animal number 7", limit=3).structured_content
    for hit in answer["results"]:
        assert Path(hit["path"]) == Path("docs/a b.md").absolute()
        assert hit["uri"] == Path(hit["path"]).as_uri()
    assert not re.search("[0-9a-f]{32}", json.dumps(answer))


@only_deep
def test_status_says_which_folders_are_followed_and_whether_they_moved_on(followed):
    status = told(followed, "status").structured_content
    assert status["in_sync"]
    assert status["damaged_files"] == 0
    assert status["roots"] == [
        {"name": "docs", "path": str(Path("docs").absolute()), "files": {"done": 2}, "compared": True}
    ]
    assert not re.search("[0-9a-f]{32}", json.dumps(status))
    Path("docs/c.md").write_text("new")
    status = told(followed, "status").structured_content
    assert (status["in_sync"], status["behind"]) == (False, {"to_read": 1, "gone": 0})


@only_deep
def test_status_says_which_folder_is_named_no_more_and_so_not_compared(followed):
    Path("more").mkdir()
    Path("more/d.md").write_text("more")
    embedingest.ingest("more", model="hashing", chunk={"max_tokens": 64, "overlap_tokens": 12})
    status = told(followed, "status").structured_content
    assert {root["name"]: root["compared"] for root in status["roots"]} == {"docs": False, "more": True}
    assert (status["in_sync"], status["behind"]) == (False, {"to_read": 0, "gone": 0})


def read(server, **arguments):
    return told(server, "read", **{"source": "docs/a b.md"} | arguments).structured_content


def test_a_document_is_read_whole_and_in_pieces_that_make_the_whole(followed):
    whole = read(followed)
    assert whole["text"] == Path("docs/a b.md").read_text().rstrip("\n")
    assert whole["more"] is None
    pieces, more = [], {"start_character": 0}
    while more is not None:
        piece = read(followed, max_characters=300, start_character=more["start_character"])
        assert len(piece["text"]) <= 300
        pieces.append(piece["text"])
        more = piece["more"]
    assert "".join(pieces) == whole["text"]


def test_a_part_of_a_document_is_read_by_lines_and_by_chunks(followed):
    part = read(followed, start_line=41, end_line=43)
    assert PARAGRAPHS[20] in part["text"]
    first, last = part["shown"]["lines"]
    assert first <= 41 <= 43 <= last
    assert PARAGRAPHS[39] not in part["text"]
    chunk = told(followed, "search", query="animal number 7", limit=1).structured_content["results"][0]
    number = chunk["chunk_index"]
    assert read(followed, start_chunk=number, end_chunk=number)["text"] == chunk["text"]
    assert "lines" in refusal(followed, "read", source="docs/a b.md", start_line=9000)
    assert "no document `docs/none.md`" in refusal(followed, "read", source="docs/none.md")


@only_deep
def test_a_section_is_read_within_a_budget_by_the_name_that_the_outline_has(followed):
    outline = told(followed, "outline", source="docs/a b.md").structured_content
    assert [each["section"] for each in outline["outline"]] == [["Zoo"]]
    assert outline["outline"][0]["chunks"] == outline["document"]["chunks"]
    assert outline["tokens"] == pytest.approx(len(Path("docs/a b.md").read_text()) / 4, abs=2)
    assert "text" not in outline
    for section in ("zoo", ["Zoo"]):
        part = read(followed, section=section, budget=100)
        assert 300 < len(part["text"]) <= 400
        assert part["text"].startswith("# Zoo")
        following = read(followed, section=section, budget=100, start_character=part["more"]["start_character"])
        assert read(followed)["text"].startswith(part["text"] + following["text"])
    assert "did you mean `Zoo`?" in refusal(followed, "read", source="docs/a b.md", section="Zooo")
    assert "has no headings" in refusal(followed, "read", source="docs/b.md", section="Zoo")


@pytest.fixture
def confined(followed_folders):
    """The same for one who may see `docs/b.md` alone."""
    return create_server(*followed_folders, within="source = 'docs/b.md'")


def test_what_one_may_not_see_is_neither_found_nor_read_nor_counted(confined):
    answer = told(confined, "search", query="animal number 7", limit=5).structured_content
    assert ([hit["source"] for hit in answer["results"]], answer["filtered"]) == (["docs/b.md"], True)
    wider = told(confined, "search", query="animal", filter="source = 'docs/a b.md' or source != ''").structured_content
    assert {hit["source"] for hit in wider["results"]} == {"docs/b.md"}
    for tool, arguments in (("read", {}), ("read", {"section": "Zoo"}), ("outline", {})):
        assert "no document `docs/a b.md`" in refusal(confined, tool, source="docs/a b.md", **arguments)
    assert told(confined, "outline", source="docs/b.md").structured_content["filtered"]
    assert read(confined, source="docs/b.md")["filtered"]
    status = told(confined, "status").structured_content
    assert (status["documents"], status["chunks"], status["filtered"]) == (1, 1, True)
    assert set(status) == {"table", "model", "dimensions", "documents", "chunks", "filtered"}


@only_deep
def test_a_client_that_leaves_ends_the_command_without_a_traceback(database):
    """Line by line, as the protocol of 2025-06-18 says."""
    arguments = [sys.executable, "-m", "embedingest", "mcp", "--db", str(database), "--model", "hashing"]
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as server:

        def ask(key, method, **params):
            message = {"jsonrpc": "2.0", "id": key, "method": method, "params": params}
            server.stdin.write(json.dumps(message) + "\n")
            server.stdin.flush()
            return json.loads(server.stdout.readline())

        begun = ask(
            1, "initialize", protocolVersion="2025-06-18", capabilities={}, clientInfo={"name": "t", "version": "1"}
        )
        assert begun["result"]["protocolVersion"] == "2025-06-18"
        server.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
        listed = ask(2, "tools/list")["result"]["tools"]
        assert all(tool["annotations"]["readOnlyHint"] for tool in listed)
        assert ask(3, "tools/call", name="write", arguments={})["error"]["code"] == -32602
        server.stdout.close()
        server.stdin.write('{"jsonrpc": "2.0", "id": 4, "method": "tools/list"}\n')
        server.stdin.close()
        assert (server.wait(60), server.stderr.read()) == (0, "")


def test_the_command_speaks_the_protocol_over_standard_input_and_output(database):
    from mcp import Client, StdioServerParameters

    arguments = ["-m", "embedingest", "mcp", "--db", str(database), "--model", "hashing"]

    async def ask():
        async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as client:
            return await client.call_tool("search", {"query": "sleeping lions", "limit": 1})

    answer = asyncio.run(asyncio.wait_for(ask(), 60))
    assert answer.structured_content["results"][0]["source"] == "zoo/1.md"
