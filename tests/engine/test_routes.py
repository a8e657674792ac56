"""Models that embed queries and documents by different modules: each role goes its way, as in sentence-transformers."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from embedingest import api
from embedingest.config import EngineConfig, ModelConfig
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.local import LocalEngine
from embedingest.errors import ConfigError, ModelLoadError
from embedingest.store.table import open_table
from tests.depth import few, only_deep
from tests.engine.routed import LAYOUTS, PROMPTS
from tests.engine.tiny import TEXTS
from tests.hub import running
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("own_cache")]

WITHOUT_DEFAULT = ("shared", "tables")


def engine_over(folder, tmp_path, name="m", **settings):
    return LocalEngine(EngineConfig(), {name: ModelConfig(path=folder, **settings)}, data=tmp_path)


def reference(folder):
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def close(ours, theirs):
    np.testing.assert_allclose(ours, np.asarray(theirs, dtype=np.float32), atol=3e-5)


@few(2)
@pytest.mark.parametrize("encoder", ["sentence-transformers", pytest.param("auto", marks=only_deep)])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_queries_and_documents_are_those_of_sentence_transformers(layout, encoder, routed_folder, tmp_path):
    folder = routed_folder(layout)
    theirs = reference(folder)
    encoder = "auto" if layout in ("static", "tables") else encoder  # what torch alone would not run
    with engine_over(folder, tmp_path, encoder=encoder, precision="fp32") as engine:
        for name, encode in {"m:query": theirs.encode_query, "m:document": theirs.encode_document}.items():
            close(engine.embed(TEXTS, model=name).vectors, encode(TEXTS, normalize_embeddings=True))
        if layout not in WITHOUT_DEFAULT:
            close(engine.embed(TEXTS, model="m").vectors, theirs.encode(TEXTS, normalize_embeddings=True))
        prints = {engine.embed(["sky"], model=name).fingerprint for name in ("m:query", "m:document")}
        assert prints == {engine.describe("m").fingerprint}


def test_a_window_and_its_tokens_are_those_of_the_route(routed_folder, tmp_path):
    long = " ".join(["sky"] * 100)
    with engine_over(routed_folder("static"), tmp_path) as engine:
        query = engine.embed([long], model="m:query")
        document = engine.embed([long], model="m:document")
        assert (query.tokens, query.truncated) == (103, ())  # with the three of its prompt, and no special ones
        assert (document.tokens, document.truncated) == (48, (0,))
        assert engine.sizer("m:document").capacity == engine.sizer("m").capacity == 46
        assert engine.describe("m").max_tokens == 48


def test_routes_through_the_same_modules_are_one_model(routed_folder, tmp_path):
    folder = ModelFolder.open(routed_folder("same"))
    assert folder.for_role("query") is folder.for_role("") is folder
    assert folder.whole_fingerprint() == folder.fingerprint()
    with engine_over(folder.path, tmp_path) as engine:
        assert engine.describe("m").routes == {}


@pytest.mark.parametrize("changed", ["query", "document"])
def test_the_fingerprint_covers_every_route(changed, routed_folder, tmp_path):
    folder = shutil.copytree(routed_folder("tables"), tmp_path / "model")
    others = "document" if changed == "query" else "query"

    def prints():
        opened = ModelFolder.open(folder)
        return [opened.whole_fingerprint(), *(opened.for_role(role).fingerprint() for role in (changed, others))]

    before = prints()
    weights = folder / f"{changed}_0_StaticEmbedding" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\0")
    assert [was == now for was, now in zip(before, prints(), strict=True)] == [False, False, True]


def test_routes_that_change_places_are_another_model(routed_folder, tmp_path):
    folder = shutil.copytree(routed_folder("tables"), tmp_path / "model")
    before = ModelFolder.open(folder).whole_fingerprint()
    file = folder / "router_config.json"
    settings = json.loads(file.read_text())
    settings["structure"] = dict(zip(settings["structure"], reversed(settings["structure"].values()), strict=True))
    file.write_text(json.dumps(settings))
    assert ModelFolder.open(folder).whole_fingerprint() != before


def test_without_a_default_route_a_text_of_no_role_is_refused_with_the_way_out(routed_folder, tmp_path):
    with engine_over(routed_folder("tables"), tmp_path) as engine:
        assert engine.embed([], model="m").vectors.shape[0] == 0  # loads it
        with pytest.raises(ConfigError, match="no route for a text that is neither query nor document") as refused:
            engine.embed(["sky"], model="m")
        assert "MODEL:query" in refused.value.remedy
        assert engine.embed(["sky"], model="m:query").model == "m:latest"


def test_a_role_may_follow_a_tag(routed_folder, tmp_path):
    with engine_over(routed_folder("tables"), tmp_path, name="m:v2") as engine:
        query = engine.embed(TEXTS, model="m:v2:query").vectors
        document = engine.embed(TEXTS, model="m:v2:document").vectors
    assert np.abs(query - document).max() > 0.01


def test_unloading_a_model_lets_all_its_routes_go(routed_folder, tmp_path):
    with engine_over(routed_folder("tables"), tmp_path) as engine:
        for name in ("m:query", "m:document"):
            engine.embed(["sky"], model=name)
        assert {running.info.name for running in engine.running()} == {"m:query", "m:document"}
        engine.unload("m")
        until(lambda: not engine.running(), "the last route to go")


def test_documents_of_a_table_go_one_way_and_queries_the_other(routed_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = routed_folder("tables")
    documents = [text for text in TEXTS if len(text) > 5]
    (tmp_path / "docs").mkdir()
    for number, text in enumerate(documents):
        (tmp_path / "docs" / f"{number}.txt").write_text(text)
    api.ingest("docs", model=str(folder))
    theirs = reference(folder)
    vectors = theirs.encode_document(documents, normalize_embeddings=True)
    with open_table(".embedingest/lancedb", "chunks") as table:
        stored = {row["source"]: row["vector"] for row in table.handle.lance.to_arrow().to_pylist()}
    close([stored[f"docs/{number}.txt"] for number in range(len(documents))], vectors)
    found = api.search("where people walk", mode="vector", limit=1).hits[0]
    scores = vectors @ theirs.encode_query("where people walk", normalize_embeddings=True)
    assert found.row.source == f"docs/{np.argmax(scores)}.txt"
    close(
        api.embed("sky", model=str(folder), role="query").vectors[0],
        theirs.encode_query("sky", normalize_embeddings=True),
    )


RULES = {
    "a rule for both": (
        {"('query', 'text')": "b", "('document', 'text')": "a"},
        None,
        {"": "a", "query": "b", "document": "a"},
    ),
    "a rule for text": ({"(None, 'text')": "b"}, "a", {"": "b", "query": "b", "document": "b"}),
    "a rule for all": ({"(None, None)": "b", "('query', None)": "a"}, None, {"": "b", "query": "a", "document": "b"}),
    "a rule for pictures": ({"(None, 'image')": "b", "('query', None)": "a"}, None, {"": "a", "query": "a"}),
    "no rule": ({}, "b", {"": "b"}),
}


@pytest.mark.parametrize("case", RULES)
def test_rules_choose_as_they_do_in_sentence_transformers(case, routed_folder, tmp_path):
    rules, default, expected = RULES[case]
    folder = shutil.copytree(routed_folder("tables"), tmp_path / "model")
    file = folder / "router_config.json"
    settings = json.loads(file.read_text())
    settings["structure"] = dict(zip("ab", settings["structure"].values(), strict=True))
    settings["parameters"] = {"default_route": default, "route_mappings": rules, "allow_empty_key": True}
    file.write_text(json.dumps(settings))
    theirs, ours = reference(folder), ModelFolder.open(folder)
    router = theirs[0]
    for role in ("", "query", "document"):
        if role in expected:
            assert router._resolve_route(role or None, "text") == expected[role]
            place = settings["structure"][expected[role]][0]
            assert ours.for_role(role).modules[0].path.name == place
        else:
            with pytest.raises(ValueError, match="No route found"):
                router._resolve_route(role, "text")
            with pytest.raises(ConfigError, match="no route for a"):
                ours.for_role(role)


DAMAGE = {
    "no types": (lambda s: s.pop("types"), "as `types`"),
    "a module that is not there": (lambda s: s["structure"].update(query=["other"]), "`types` do not have"),
    "no routes": (lambda s: s["structure"].clear(), "no routes"),
    "a default that is none": (lambda s: s["parameters"].update(default_route="x"), "names route `x`"),
    "a rule to nowhere": (lambda s: s["parameters"].update(route_mappings={"(None, 'text')": ["x"]}), "names route"),
    "code of its own": (lambda s: s["types"].update(query_0_StaticEmbedding="my.Table"), "`my.Table`.* is not known"),
    "outside": (
        lambda s: (
            s["types"].update({"../other": s["types"]["query_0_StaticEmbedding"]}),
            s["structure"].update(query=["../other"]),
        ),
        "outside the model folder",
    ),
    "a router in it": (
        lambda s: s["types"].update(query_0_StaticEmbedding="sentence_transformers.base.modules.router.Router"),
        "Router inside a Router",
    ),
    "no way for anyone": (
        lambda s: (
            s.update(structure={"a": s["structure"]["query"], "b": s["structure"]["document"]}),
            s["parameters"].update(allow_empty_key=False),
        ),
        "without a route",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_router_that_is_damaged_is_refused_by_what_is_wrong(case, routed_folder, tmp_path):
    damage, reason = DAMAGE[case]
    folder = shutil.copytree(routed_folder("tables"), tmp_path / "model")
    file = folder / "router_config.json"
    settings = json.loads(file.read_text())
    damage(settings)
    file.write_text(json.dumps(settings))
    with pytest.raises(ModelLoadError, match=reason):
        ModelFolder.open(folder)


def test_routes_whose_vectors_differ_in_length_are_refused(routed_folder, tmp_path):
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(routed_folder("tables"), tmp_path / "model")
    weights = folder / "query_0_StaticEmbedding" / "model.safetensors"
    table = load_file(weights)["embedding.weight"]
    save_file({"embedding.weight": np.ascontiguousarray(table[:, :16])}, weights)
    with pytest.raises(ModelLoadError, match=r"different lengths .*query 16, document 32"):
        ModelFolder.open(folder)


def test_the_prompts_of_the_roles_are_told(routed_folder, tmp_path):
    with engine_over(routed_folder("tables"), tmp_path) as engine:
        assert engine.describe("m").prompts == PROMPTS


@pytest.mark.parametrize("layout", ["static", "asym"])
def test_a_pull_brings_the_modules_of_every_role(layout, routed_folder, tmp_path, online, monkeypatch):
    folder = routed_folder(layout)
    with running() as hub, LocalEngine(EngineConfig(), data=tmp_path) as engine:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        hub.add("team/two-ways", folder)
        list(engine.pull("team/two-ways"))
        assert engine.describe("team/two-ways").fingerprint == ModelFolder.open(folder).whole_fingerprint()
