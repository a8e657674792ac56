"""The retrievers of LangChain and LlamaIndex, in their own libraries, over a table that an ingest made."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys

import pytest

import embedingest
from embedingest.errors import ConfigError, TableMissingError
from embedingest.integrations.hits import SearchSettings
from tests.depth import few
from tests.engine import cross

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("retrievers")
    docs = folder / "docs"
    docs.mkdir()
    front = "---\nauthor: Ann\nscore: mine\n---\n"
    (docs / "zoo.md").write_text(front + "# Penguins\n\nPenguins swim in cold water.\n\n# Lions\n\nLions sleep.\n")
    (docs / "tickets.txt").write_text("Tickets cost ten coins.\n")
    rules = {"front_matter": ["author", "score"]}
    report = embedingest.ingest(
        docs, state=folder / "state", db=folder / "db", model="hashing", metadata_rules=rules, chunk={"max_tokens": 16}
    )
    assert report.exit_code == 0
    return {"db": str(folder / "db"), "state": str(folder / "state")}


def langchain(**settings):
    from embedingest.integrations.langchain import EmbedingestRetriever

    return EmbedingestRetriever(**settings)


def llama_index(**settings):
    from embedingest.integrations.llama_index import EmbedingestRetriever

    return EmbedingestRetriever(**settings)


def by_langchain(query, **settings):
    """Text, id and metadata of what is found, best first."""
    return [(d.page_content, d.id, d.metadata) for d in langchain(**settings).invoke(query)]


def by_llama_index(query, **settings):
    nodes = llama_index(**settings).retrieve(query)
    assert [found.score for found in nodes] == [found.node.metadata["score"] for found in nodes]
    return [(found.node.text, found.node.node_id, found.node.metadata) for found in nodes]


BOTH = pytest.mark.parametrize("found", [by_langchain, by_llama_index])


@few(1)
@BOTH
def test_what_is_found_is_what_our_search_finds(found, place):
    ours = embedingest.search("penguins in cold water", limit=2, **place)
    theirs = found("penguins in cold water", limit=2, **place)
    assert [(text, id_) for text, id_, _ in theirs] == [(hit.text, hit.row.id) for hit in ours]
    _, _, metadata = theirs[0]
    assert metadata == {
        "author": "Ann",
        "source": "docs/zoo.md",
        "heading_path": ["Penguins"],
        "line_start": 5,
        "line_end": 7,
        "title": "Penguins",
        "mime": "text/markdown",
        "score": ours[0].score,
    }


@few(1)
@BOTH
def test_filters_groups_and_neighbours_are_those_of_our_search(found, place):
    assert {m["source"] for _, _, m in found("sleep", filter="source endswith '.txt'", **place)} == {"docs/tickets.txt"}
    sources = [metadata["source"] for _, _, metadata in found("penguins lions coins", group=True, **place)]
    assert sorted(sources) == ["docs/tickets.txt", "docs/zoo.md"]
    text, *_ = found("penguins in cold water", limit=1, context=1, **place)[0]
    assert "Penguins swim" in text
    assert "Lions sleep" in text


@few(1)
@BOTH
def test_what_is_found_stands_in_the_order_of_a_reranker(found, place, tmp_path):
    folder = str(cross.save("bert", tmp_path / "judge"))
    ours = embedingest.search("penguins lions coins", rerank=folder, **place)
    assert ours.rerank.candidates == len(ours) == 3
    theirs = found("penguins lions coins", rerank=folder, **place)
    assert [(id_, metadata["score"]) for _, id_, metadata in theirs] == [(hit.row.id, hit.score) for hit in ours]
    assert len(found("penguins lions coins", rerank=folder, rerank_candidates=1, limit=1, **place)) == 1


@BOTH
def test_a_document_as_the_answer_says_from_where_to_where_it_goes(found, place):
    ours = embedingest.search("penguins in cold water", limit=1, unit="document", **place)[0]
    text, _, metadata = found("penguins in cold water", limit=1, unit="document", **place)[0]
    assert text == ours.text
    assert "Lions sleep" in text
    assert [metadata["line_start"], metadata["line_end"]] == list(ours.unit.extent["lines"])
    assert metadata.get("heading_path", []) == list(ours.heading_path)


@BOTH
def test_errors_are_ours(found, place, tmp_path):
    with pytest.raises(ConfigError, match="filter"):
        found("sleep", filter="source =", **place)
    with pytest.raises(TableMissingError):
        found("sleep", db=str(tmp_path / "none"), state=str(tmp_path / "none"))


def test_both_answer_in_an_event_loop(place):
    async def asked():
        documents = await langchain(limit=1, **place).ainvoke("penguins in cold water")
        nodes = await llama_index(limit=1, **place).aretrieve("penguins in cold water")
        return documents[0].page_content, nodes[0].node.text

    first, second = asyncio.run(asked())
    assert first == second
    assert "Penguins swim" in first


def test_a_chain_of_langchain_takes_the_retriever(place):
    from langchain_core.runnables import RunnableLambda

    chain = langchain(limit=1, **place) | RunnableLambda(lambda documents: documents[0].metadata["source"])
    assert chain.invoke("ten coins") == "docs/tickets.txt"


def test_both_take_every_argument_of_our_search(place):
    arguments = set(inspect.signature(embedingest.search).parameters) - {"query"}
    assert set(SearchSettings.__annotations__) == arguments
    assert arguments - {"offset", "fold"} <= set(type(langchain(**place)).model_fields)


@few(1)
@pytest.mark.parametrize(
    ("module", "library", "package"),
    [("langchain", "langchain_core", "langchain-core"), ("llama_index", "llama_index", "llama-index-core")],
)
def test_where_the_library_is_missing_the_command_that_brings_it_is_told(module, library, package):
    code = f"import sys; sys.modules[{library!r}] = None; import embedingest.integrations.{module}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    last = done.stderr.splitlines()[-1]
    assert done.returncode == 1
    assert last.startswith(f"ImportError: embedingest.integrations.{module} needs {package}: ")
    assert last.endswith(f"`pip install {package}` brings it")
