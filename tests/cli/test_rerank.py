"""`--rerank`: hits in the order of a reranker, of a search, of every search of a table, and measured.

The weights are random, so nothing here says that an order is good.
"""

from __future__ import annotations

import sys

import pytest
import yaml

from embedingest.build import live
from embedingest.build.live import answering
from embedingest.build.place import place_to_read
from embedingest.build.remembered import recall
from embedingest.build.session import Session
from tests.depth import few, only_deep
from tests.engine import cross, tiny

QUERY = "the sky is blue"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return cross.save("bert", tmp_path_factory.mktemp("cross") / "judge")


@pytest.fixture
def sky(shell):
    """A shell with six documents, not ingested yet."""
    for number in range(6):
        text = " ".join(tiny.WORDS[(number * 5 + step * (number + 2)) % len(tiny.WORDS)] for step in range(7))
        shell.write(f"docs/{number}.md", f"# Sky {number}\n\nblue {text}\n")
    return shell


@pytest.fixture
def table(sky):
    assert sky.ingest().code == 0
    return sky


def found(shell, *args):
    ran = shell.run("search", *args, "--json")
    assert ran.code == 0, ran.err
    return ran.json


def order(document):
    return [hit["source"] for hit in document["results"]]


def test_the_hits_stand_in_the_order_of_a_folder_that_is_named(table, folder):
    plain, reranked = found(table, QUERY), found(table, QUERY, "--rerank", str(folder), "--explain")
    assert sorted(order(plain)) == sorted(order(reranked))
    scores = [hit["score"] for hit in reranked["results"]]
    assert scores == sorted(scores, reverse=True)
    assert (reranked["rerank"]["model"], reranked["rerank"]["candidates"]) == ("judge:latest", 6)
    assert sorted(hit["explain"]["rank_before"] for hit in reranked["results"]) == [1, 2, 3, 4, 5, 6]
    assert "rerank" not in plain
    page = table.run("search", QUERY, "--rerank", str(folder), "--explain").out
    assert "rerank_score" in page
    assert "rank_before" in page


@only_deep
def test_words_alone_are_reranked_too_and_a_snapshot_is(table, folder):
    assert table.run("tag", "first").code == 0
    assert found(table, "blue", "--mode", "text", "--rerank", str(folder))["rerank"]["candidates"] == 6
    assert found(table, QUERY, "--at", "first", "--rerank", str(folder))["rerank"]["candidates"] == 6


def test_what_the_table_was_written_with_orders_every_search(sky, folder):
    assert sky.ingest("--rerank", str(folder)).code == 0
    usual = found(sky, QUERY)
    assert usual["rerank"]["model"] == "judge:latest"
    assert found(sky, QUERY, "--rerank", "--rerank-candidates", "2")["rerank"]["candidates"] == 2
    assert found(sky, "--rerank", QUERY) | {"seconds": 0, "rerank": 0} == usual | {"seconds": 0, "rerank": 0}
    assert "rerank" not in found(sky, QUERY, "--no-rerank")
    assert order(found(sky, "--no-rerank", QUERY)) != order(usual)


@pytest.mark.parametrize(
    ("name", "said"),
    [("nothing", 'model "nothing" not found'), ("hashing", "hashing:latest is an embedding model"), ("./docs", "docs")],
)
def test_an_ingest_with_what_is_no_reranker_is_refused_before_anything_is_done(sky, name, said):
    for command in (("ingest",), ("watch", "--once"), ("plan",)):
        ran = sky.run(*command, "docs", "--model", "hashing", "--rerank", name)
        assert ran.code in (2, 3), ran.err
        assert said in ran.err
    assert not list(sky.folder.rglob("*.lance")), "a table was made"
    assert not list(sky.folder.rglob("journal*")), "a journal was begun"


@only_deep
def test_a_configuration_names_it_with_or_without_candidates(sky, folder):
    model = {"judge": {"path": str(folder), "device": "cpu"}}
    for said, candidates in (("judge", 6), ({"model": "judge", "candidates": 3}, 3)):
        pipeline = {"sources": [{"path": "docs"}], "model": "hashing", "rerank": said}
        sky.write("c.yaml", yaml.safe_dump({"models": model, "pipelines": {"all": pipeline}}))
        assert sky.run("config", "check", "c.yaml").code == 0
        assert sky.run("run", "c.yaml", "--once").code == 0
        assert found(sky, QUERY)["rerank"]["candidates"] == candidates
    pipeline["rerank"] = "hashing"
    sky.write("c.yaml", yaml.safe_dump({"models": model, "pipelines": {"all": pipeline}}))
    refused = sky.run("config", "check", "c.yaml")
    assert refused.code == 2
    assert "pipelines.all.rerank" in refused.err
    assert "is an embedding model" in refused.err


@pytest.fixture(scope="module")
def no_rerankers(tmp_path_factory):
    """Folders of transformers without the head that a reranker has, and one of another number of labels."""
    import transformers

    base = tmp_path_factory.mktemp("others")
    kind = tiny.Kind("bert")
    words = tiny.tokenizer(kind)
    config = tiny.network(kind, len(words)).config
    config.num_labels = 3
    for name, made in (
        ("masked", transformers.BertForMaskedLM),
        ("bare", transformers.BertModel),
        ("three", transformers.BertForSequenceClassification),
    ):
        made(config).save_pretrained(base / name)
        words.save_pretrained(base / name)
    return base


@few(1)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("masked", "`masked` is a transformer (BertForMaskedLM), which scores no pairs of texts, and no reranker"),
        ("bare", "`bare` is a transformer (BertModel), which scores no pairs of texts, and no reranker"),
        ("three", "`three` is a classifier with 3 labels (LABEL_0, LABEL_1, LABEL_2), and no reranker"),
        ("docs", "`docs` is no model folder"),
    ],
)
def test_a_folder_that_is_no_reranker_is_told_what_it_is(table, no_rerankers, name, said):
    folder = "./docs" if name == "docs" else str(no_rerankers / name)
    for command in (("search", QUERY), ("ingest", "docs", "--model", "hashing")):
        ran = table.run(*command, "--rerank", folder)
        assert ran.code == 2
        assert said in " ".join(ran.err.split())
        assert "name the folder of a cross-encoder" in ran.err
        assert "pooling" not in ran.err


@only_deep
def test_what_is_no_reranker_ends_with_the_way_out(table, folder):
    for args, code, said in (
        (("--rerank",), 2, "no reranker is named, and there is no reranker"),
        (("--rerank", "nothing"), 3, 'model "nothing" not found'),
        (("--rerank", "hashing"), 2, "hashing:latest is an embedding model"),
        (("--rerank", "./nowhere"), 2, "nowhere does not exist"),
        (("--rerank", str(folder), "--rerank-candidates", "1001"), 2, "1001"),
    ):
        ran = table.run("search", QUERY, *args)
        assert ran.code == code, ran.err
        assert said in ran.err
    assert "Missing argument" in table.run("search", "--rerank").err


@only_deep
@pytest.mark.skipif(sys.platform == "win32", reason="sockets in folders are Unix's")
def test_who_lives_reranks_by_what_the_table_was_written_with(sky, folder, monkeypatch):
    answered = []
    answer = live._LiveTable.answer
    monkeypatch.setattr(live._LiveTable, "answer", lambda *asked: answered.append(answer(*asked)) or answered[-1])
    assert sky.ingest("--rerank", str(folder)).code == 0
    asked = [(QUERY,), (QUERY, "--no-rerank"), (QUERY, "--rerank", "judge"), ("blue", "--mode", "text")]
    alone = [order(found(sky, *args)) for args in asked]
    place = place_to_read(None, None, "chunks")
    config = recall(place.state, place.db, "chunks")
    with Session(config) as session, answering(session, state=place.state, db=place.db, table="chunks") as can:
        assert can
        assert [order(found(sky, *args)) for args in asked] == alone
        assert [document is not None for document in answered] == [True] * 4
        found(sky, QUERY, "--rerank", str(folder))
    assert len(answered) == 4, "a folder of who asks is nothing that another process knows"


def test_a_shell_offers_rerankers_alone(sky, folder):
    from tests.cli.test_commands import offered

    assert sky.ingest("--rerank", str(folder)).code == 0
    assert offered("search", "--rerank", "") == ["judge"]
    assert offered("search", "--rerank", "x") == []


@only_deep
def test_an_evaluation_says_what_a_reranker_does_here(table, folder):
    table.write("q.yaml", yaml.safe_dump([{"question": f"sky {n} blue", "sources": [f"{n}.md"]} for n in range(6)]))
    ran = table.run("evaluate", "q.yaml", "--rerank", str(folder), "--mode", "hybrid", "--mode", "text", "--json")
    assert ran.code == 0, ran.err
    told = ran.json
    assert list(told["reranked"]["modes"]) == list(told["modes"]) == ["hybrid", "text"]
    assert set(told["reranked"]["improvements"]["hybrid"]) == {"difference", "low", "high", "p"}
    gain = told["reranked"]["modes"]["hybrid"]["ndcg@10"] - told["modes"]["hybrid"]["ndcg@10"]
    assert told["reranked"]["improvements"]["hybrid"]["difference"] == pytest.approx(gain, abs=2e-4)
    assert told["reranker"] == "judge:latest"
    assert (
        told["modes"] == table.run("evaluate", "q.yaml", "--mode", "hybrid", "--mode", "text", "--json").json["modes"]
    )
    shown = table.run("evaluate", "q.yaml", "--rerank", str(folder))
    assert "hybrid, reranked" in shown.out
    assert "hybrid, reranked," in shown.err


@only_deep
def test_an_evaluation_puts_questions_as_the_settings_have_it(sky, folder):
    assert sky.ingest("--rerank", str(folder)).code == 0
    sky.write("q.yaml", yaml.safe_dump([{"question": f"sky {n} blue", "sources": [f"{n}.md"]} for n in range(6)]))
    assert sky.run("evaluate", "q.yaml", "--json").json["reranker"] == "judge:latest"
    assert "put in order by judge:latest" in sky.run("evaluate", "q.yaml").err
    assert "reranker" not in sky.run("evaluate", "q.yaml", "--no-rerank", "--json").json
    compared = sky.run("evaluate", "--rerank", "q.yaml", "--json").json
    assert compared["reranked"]["modes"] == sky.run("evaluate", "q.yaml", "--json").json["modes"]
