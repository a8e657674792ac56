"""Keys by name: what each may do, what a filtered one sees, and how a file of keys is followed."""

from __future__ import annotations

import base64
import os
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import embedingest
from embedingest.config.keys import KeyConfig, hash_of, write_keys
from embedingest.errors import ConfigError
from embedingest.server import begin
from embedingest.server.access import RIGHTS
from embedingest.server.app import ROUTES
from embedingest.server.wrong_keys import WrongKeys
from tests.depth import few, much
from tests.server.client import get, post
from tests.server.keyed import FILTER, bearer, made, write_files
from tests.server.wirecases import send
from tests.store.search.test_filters import trees
from tests.store.search.test_within import HOSTILE
from tests.waiting import until, until_passes

ONE = "the one kéy of before"
KEYS = {
    "embedder": made("embed"),
    "seeker": made("search"),
    "steward": made("control"),
    "team-a": made("search", "embed", filter=FILTER),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    where = {"db": folder / "db", "state": folder / "state"}
    embedingest.ingest(write_files(folder), model="hashing", **where)
    return where


@pytest.fixture(scope="module")
def port(place):
    named = {name: key for name, (_, key) in KEYS.items()}
    with embedingest.serve(port=0, api_key=ONE, keys=named, **place) as server:
        yield server.port


def sent(key):
    return {"Authorization": f"Bearer {key}".encode().decode("latin-1")}


def asked(port, method, path, key=None):
    body = {"model": "hashing", "input": "x", "query": "harbour", "content": "x", "prompt": "x", "tokens": []}
    path = path.replace("{model}", "hashing").replace("{digest}", "x").replace("{release}", "x").replace("{file}", "x")
    return send(port, {"method": method, "path": path, "json": body, "headers": sent(key) if key else {}})


@few(16)
@pytest.mark.parametrize("path", ROUTES)
def test_each_route_needs_the_right_that_the_table_says(port, path):
    _, methods, need = ROUTES[path]
    method = "HEAD" if "HEAD" in methods else methods[0]  # of a stream the head is enough
    for name, (key, held) in KEYS.items():
        answer = asked(port, method, path, key)
        if need in RIGHTS and need not in held.can:
            assert answer.status == 403, name
            assert method == "HEAD" or f"`{name}` lacks the right `{need}`" in str(answer.json()["error"])
        else:
            assert answer.status not in (401, 403), name
    if need not in ("open", "shell", "front"):
        assert asked(port, method, path).status == 401
    assert asked(port, method, path, ONE).status not in (401, 403)


@pytest.mark.parametrize("path", ["/api/embed", "/v1/embeddings", "/api/tokenize"])
def test_unloading_needs_control_on_every_route(port, path):
    body = {"model": "hashing", "input": "x", "content": "x"}
    assert post(port, path, body, **sent(KEYS["embedder"][0])).status == 200
    refused = post(port, path, {**body, "keep_alive": 0}, **sent(KEYS["embedder"][0]))
    assert refused.status == 403
    assert "lacks the right `control`" in str(refused.json()["error"])
    assert post(port, path, {**body, "keep_alive": 0}, **sent(ONE)).status == 200


def test_a_key_is_taken_as_the_password_of_basic_too(port):
    key = KEYS["seeker"][0]
    basic = base64.b64encode(f"anybody:{key}".encode()).decode()
    assert post(port, "/api/search", {"query": "harbour"}, Authorization=f"Basic {basic}").status == 200


def found(port, key, **asked):
    answer = post(port, "/api/search", {"query": "harbour", "limit": 100, **asked}, **sent(key))
    assert answer.status == 200, answer.body
    return answer.json()


@pytest.mark.parametrize("mode", ["hybrid", "vector", "text"])
@pytest.mark.parametrize("fold", [True, False])
def test_a_filtered_key_sees_its_folder_and_is_told_so(port, mode, fold):
    answer = found(port, KEYS["team-a"][0], mode=mode, fold=fold)
    assert answer["filtered"] is True
    assert {hit["source"] for hit in answer["results"]} == {"docs/team-a/plan.md", "docs/team-a/notes.md"}
    assert "team-b" not in str(answer)
    everything = found(port, KEYS["seeker"][0], mode=mode, fold=fold)
    assert "filtered" not in everything
    assert "team-b" in str(everything)


@settings(max_examples=much(20, 200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=trees | st.sampled_from(HOSTILE) | st.text(max_size=40),
    mode=st.sampled_from(["vector", "text", "hybrid"]),
)
def test_no_filter_of_a_query_widens_that_of_the_key(port, text, mode):
    asked = {"query": "harbour", "limit": 100, "mode": mode, "filter": text, "fold": False}
    answer = post(port, "/api/search", asked, **sent(KEYS["team-a"][0]))
    assert answer.status in (200, 400)
    if answer.status == 200:
        assert answer.json()["filtered"] is True
        assert all(hit["source"].startswith("docs/team-a/") for hit in answer.json()["results"])


# One document of which a filtered key sees every other part: units are put together from what it sees alone.
_SAID = ("open to all who come by boat or on foot", "sold to the merger partner in the coming spring")
_PARTS = [f"## Part {n}\n\nThe harbour has pier number {n}, {_SAID[n % 2 == 0]}." for n in range(12)]
_ODD = "text contains 'open to all'"


_QUOTES = "import json, sys\nprint('Quotes:', ' '.join(json.load(sys.stdin)['document'].split()))"
"""A program that writes the whole document in front of each of its chunks."""


@pytest.fixture(scope="module")
def parted(tmp_path_factory):
    """A table of one document in twelve parts, and a key that sees every other one of them."""
    folder = tmp_path_factory.mktemp("parts")
    (folder / "docs").mkdir()
    (folder / "docs/piers.md").write_text("# Piers\n\n" + "\n\n".join(_PARTS) + "\n")
    where = {"db": folder / "db", "state": folder / "state"}
    context = {"command": [sys.executable, "-S", "-c", _QUOTES], "max_tokens": 1000}
    embedingest.ingest(folder / "docs", model="hashing", chunk={"max_tokens": 24}, context=context, **where)
    key, settings = made("search", filter=_ODD)
    with embedingest.serve(port=0, model="hashing", api_key=ONE, keys={"odd": settings}, **where) as server:
        yield server.port, key


@few(2)
@pytest.mark.parametrize("mode", ["hybrid", "text"])
@pytest.mark.parametrize("unit", ["section", "document"])
def test_a_section_or_document_of_a_filtered_key_has_no_part_that_it_may_not_see(parted, unit, mode):
    port, key = parted
    asked = {"query": "harbour merger", "mode": mode, "as": unit, "budget": 2000, "limit": 20}
    everything = post(port, "/api/search", asked, **sent(ONE))
    assert b"merger" in everything.body
    seen = post(port, "/api/search", {**asked, "query": "harbour pier"}, **sent(key))
    page = post(port, "/ui/data/search", {"query": "harbour pier", "mode": mode, "as": unit}, **sent(key))
    arguments = {"query": "harbour pier", "mode": mode, "unit": unit, "budget": 2000, "limit": 20}
    mcp = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    told = post(port, "/mcp", _call("search", arguments), **mcp, **sent(key))
    for answer in (seen, page, told):
        assert answer.status == 200, answer.body
        assert b"merger" not in answer.body
        assert b"filtered" in answer.body
        assert b"open to all" in answer.body
    hits = seen.json()["results"]
    assert [hit["text"] for hit in hits] == [
        hit["text"] for hit in told.json()["result"]["structuredContent"]["results"]
    ]
    assert sum(hit["text"].count("open to all") for hit in hits) == 6
    if unit == "document":
        assert len(hits[0]["gaps"]) >= 5
    for hit in hits:
        for mark in hit["hits"]:
            assert "pier number" in hit["text"][mark["start"] : mark["end"]]
    assert b"Quotes:" in everything.body
    for answer in (seen, page, told):
        assert b"Quotes:" not in answer.body
    hidden = post(port, "/api/search", {**asked, "query": "merger"}, **sent(key))
    assert b"merger" not in hidden.body.replace(b'"query":"merger"', b"")


def test_a_document_and_its_outline_have_for_a_filtered_key_what_it_may_see(parted):
    port, key = parted
    source = {"source": "docs/piers.md"}
    for body in ({}, {"section": "Piers"}, {"section": ["Piers"], "budget": 500}, {"outline": True}):
        answer = post(port, "/api/document", source | body, **sent(key))
        assert answer.status == 200, answer.body
        assert answer.json()["filtered"] is True
        assert b"merger" not in answer.body
        assert b"Part 0" not in answer.body
        assert b'"context"' not in answer.body
        assert answer.json()["notices"] == []  # a count of the whole file
    told = post(port, "/api/document", source | {"outline": True}, **sent(key)).json()
    parts = [each["tokens"] for each in told["outline"] if len(each["section"]) == 2]
    assert len(parts) == 6
    assert 0 <= sum(parts) - told["tokens"] < 6  # each is rounded up; nothing is counted for what is between them
    whole = post(port, "/api/document", source, **sent(ONE))
    assert b"Quotes:" in whole.body
    assert whole.json()["notices"][0]["count"] == 12
    outline = post(port, "/api/document", source | {"outline": True}, **sent(ONE)).json()["outline"]
    assert ["Piers", "Part 0"] in [each["section"] for each in outline]
    for path in (["Piers", "Part 0"], "Part 0"):
        assert post(port, "/api/document", source | {"section": path}, **sent(ONE)).status == 200
        assert post(port, "/api/document", source | {"section": path}, **sent(key)).status == 400


@pytest.mark.parametrize("field", ["within", "filtered", "fingerprint", "vector"])
def test_the_filter_of_a_key_is_no_field_of_a_request(port, field):
    body = {"query": "harbour", field: "source != ''"}
    assert post(port, "/api/search", body, **sent(KEYS["team-a"][0])).status == 400


def test_a_document_outside_of_the_filter_is_one_that_is_not_there(port):
    key = sent(KEYS["team-a"][0])
    seen = post(port, "/api/document", {"source": "docs/team-a/plan.md"}, **key)
    assert seen.status == 200
    assert seen.json()["filtered"] is True
    outside = post(port, "/api/document", {"source": "docs/team-b/secret.md"}, **key)
    missing = post(port, "/api/document", {"source": "docs/team-b/nothing.md"}, **key)
    assert outside.status == missing.status == 404
    assert outside.body.replace(b"secret", b"nothing") == missing.body
    assert post(port, "/api/document", {"source": "docs/team-b/secret.md"}, **sent(ONE)).status == 200


def test_whatever_a_filtered_key_asks_of_the_table_tells_nothing_of_the_rest(port):
    key = sent(KEYS["team-a"][0])
    hits = post(port, "/api/search", {"query": "harbour", "limit": 100, "fold": False}, **sent(ONE)).json()["results"]
    outside = next(hit for hit in hits if hit["source"].startswith("docs/team-b/"))
    inside = next(hit for hit in hits if hit["source"].startswith("docs/team-a/"))
    mcp = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    tools = {"search": {"query": "harbour", "context": 3}, "status": {}, "read": {"source": inside["source"]}}
    answers = [
        *(post(port, "/mcp", _call(name, arguments), **mcp, **key) for name, arguments in tools.items()),
        post(port, "/ui/data/search", {"query": "harbour"}, **key),
        post(port, "/ui/data/nearest", {"id": inside["id"]}, **key),
        get(port, "/ui/data/facets", **key),
        post(port, "/api/document", {"source": inside["source"]}, **key),
    ]
    for answer in answers:
        assert answer.status == 200, answer.body
        assert b"filtered" in answer.body
        assert b"team-b" not in answer.body
        assert b"erger" not in answer.body
    assert b"team-a" in answers[0].body
    for path, body in {
        "/ui/data/nearest": {"id": outside["id"]},
        "/ui/data/chunks": {"source": outside["source"]},
        "/api/document": {"source": inside["source"], "around": outside["id"]},
    }.items():
        assert post(port, path, body, **sent(ONE)).status in (200, 404)
        assert post(port, path, body, **key).status == 404


def _call(name, arguments):
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}}


# -- a file of keys


@pytest.fixture
def file(tmp_path):
    return tmp_path / "keys.yaml"


def test_a_file_of_keys_is_read_again_when_it_changes(serve, file, caplog, monkeypatch):
    monkeypatch.setattr(begin, "_KEYS_SECONDS", 0.05)
    (first, kept), (second, added) = made("embed"), made("embed")
    write_keys(file, {"first": kept})
    port = serve({"keys_file": str(file)}).port
    assert get(port, "/api/tags", **bearer(first)).status == 200
    assert get(port, "/api/tags", **bearer(second)).status == 401
    write_keys(file, {"second": added})
    until(lambda: get(port, "/api/tags", **bearer(second)).status == 200)
    assert get(port, "/api/tags", **bearer(first)).status == 401
    file.write_text("second: {hash: plain, can: [embed]}\n")
    until_passes(lambda: _is_told(caplog, "the keys stay as they were"))
    assert get(port, "/api/tags", **bearer(second)).status == 200
    assert "plain" not in caplog.text
    file.unlink()
    until_passes(lambda: _is_told(caplog, "No such file"))
    assert get(port, "/api/tags", **bearer(second)).status == 200


def _is_told(caplog, text):
    assert text in caplog.text


def test_where_no_key_is_left_nobody_may_anything(serve, file):
    write_keys(file, {})
    port = serve({"keys_file": str(file)}).port
    assert get(port, "/api/tags").status == 401
    assert get(port, "/api/tags", **bearer("")).status == 401
    assert get(port, "/healthz").status == 200


def test_an_open_server_with_named_keys_searches(serve, file):
    key, held = made("control")
    write_keys(file, {"operator": held})
    port = serve({"host": "0.0.0.0", "keys_file": str(file)}).port
    assert get(port, "/metrics").status == 401
    assert get(port, "/metrics", **bearer(key)).status == 200


BROKEN = {
    "unknown column": ({"hash": hash_of("x"), "can": ["search"], "filter": "folder = 'a'"}, "`one`: the filter"),
    "no filter": ({"hash": hash_of("x"), "can": ["search"], "filter": "source = 'a' or ("}, "`one`: the filter"),
    "same as the one key": ({"hash": hash_of("sesame"), "can": ["search"]}, "the same as the one key"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_key_that_cannot_be_is_refused_at_the_start(engine, case, file):
    held, message = BROKEN[case]
    for where in ({"keys": {"one": held}}, {"keys_file": file}):
        write_keys(file, {"one": KeyConfig.model_validate(held)})
        with pytest.raises(ConfigError) as raised:
            embedingest.serve(port=0, model="hashing", api_key="sesame", **where)
        assert message in str(raised.value)
        assert raised.value.remedy


def test_one_name_and_one_key_are_there_once(file):
    (_, one), (_, other) = made("embed"), made("embed")
    write_keys(file, {"one": one})
    with pytest.raises(ConfigError, match="`one` is in the configuration and in"):
        embedingest.serve(port=0, model="hashing", keys={"one": other}, keys_file=file)
    with pytest.raises(ConfigError, match="`two` is the same as the key `one`"):
        embedingest.serve(port=0, model="hashing", keys={"one": one, "two": one})


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no owners here")
def test_a_file_that_others_may_write_is_not_read(file):
    write_keys(file, {})
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o620)
    with pytest.raises(ConfigError, match="can be written by others") as raised:
        embedingest.serve(port=0, model="hashing", keys_file=file)
    assert "chmod" in raised.value.remedy


# -- wrong keys


def test_who_keeps_on_with_wrong_keys_is_answered_ever_later():
    now = [0.0]
    wrong = WrongKeys(lambda: now[0])
    waits = [wrong.another("10.0.0.1") for _ in range(12)]
    assert waits[:3] == [0, 0, 0]
    assert waits == sorted(waits)
    assert waits[-1] == 2
    assert wrong.another("10.0.0.2") == 0
    now[0] = 61
    assert wrong.another("10.0.0.1") == 0


def test_wrong_keys_are_logged_without_the_key(serve, caplog):
    port = serve({"api_key": "right", "max_inputs": 3}).port
    for _ in range(4):
        refused = get(port, "/api/tags", **bearer("wrong-sesame"))
        assert refused.status == 401
        assert "not known" in refused.json()["error"]
    assert "wrong key from 127.0.0.1" in caplog.text
    assert "sesame" not in caplog.text
    assert get(port, "/api/tags", **bearer("right")).status == 200


def test_a_request_without_a_key_is_no_wrong_one(serve, caplog):
    port = serve({"api_key": "right", "max_inputs": 4}).port
    assert get(port, "/api/tags").status == 401
    assert "wrong key" not in caplog.text
