"""Assistants find the tools, get answers with their places, and errors they can act on."""

from __future__ import annotations

import asyncio
import sys

import pytest
from mcp import Client, StdioServerParameters

from embedingest.build.models import open_engine
from embedingest.mcp import create_server
from embedingest.query import Searcher
from embedingest.store.table import open_table
from embedingest.store.values import Changes
from tests.store.doubles import row

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
    async def ask():
        async with Client(server) as client:
            return await client.call_tool(name, arguments)

    return asyncio.run(ask())


def test_the_tools_are_listed_with_what_they_take(server):
    async def ask():
        async with Client(server) as client:
            return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in asyncio.run(ask())}
    assert set(tools) == {"search", "status"}
    properties = {"query", "limit", "mode", "filter", "group", "context", "fold"}
    assert set(tools["search"].input_schema["properties"]) == properties


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


def test_the_command_speaks_the_protocol_over_standard_input_and_output(database):
    arguments = ["-m", "embedingest", "mcp", "--db", str(database), "--model", "hashing"]

    async def ask():
        async with Client(StdioServerParameters(command=sys.executable, args=arguments)) as client:
            return await client.call_tool("search", {"query": "sleeping lions", "limit": 1})

    answer = asyncio.run(asyncio.wait_for(ask(), 60))
    assert answer.structured_content["results"][0]["source"] == "zoo/1.md"
