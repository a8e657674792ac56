"""Pulling over HTTP: few at once, one download for all that ask for the same model, nothing else kept waiting."""

from __future__ import annotations

import json
import threading

import pytest

from embedingest.cli._commands import cli
from embedingest.cli._main import run_command
from embedingest.config import EngineConfig
from embedingest.engine.local import LocalEngine
from embedingest.errors import EngineError
from embedingest.server.routes import pulls
from embedingest.server.state import MOST_PULLS
from tests.engine.folder.handmade import BERT, model
from tests.hub import SHA, Fault, running
from tests.server.client import connect, get, post, raw_request
from tests.waiting import until

NOMIC = "nomic-ai/nomic-embed-text-v1.5"
WORDS = {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"}}


class Downloading(LocalEngine):
    """Its pulls go on until they are let go; `closed` counts those that were ended."""

    def __init__(self, *args, **keywords):
        super().__init__(*args, **keywords)
        self.let_go, self.started, self.closed = threading.Event(), [], []
        self.error: Exception | None = None

    def pull(self, name):
        self.started.append(name)
        try:
            for completed in range(1_000_000):
                yield {"status": "pulling", "completed": completed}
                self.let_go.wait(60)
                if self.error is not None:
                    raise self.error
                if self.let_go.is_set() and completed:
                    return
        finally:
            self.closed.append(name)


@pytest.fixture
def downloading(tmp_path, serve):
    engine = Downloading(EngineConfig(), data=tmp_path)
    yield engine, serve({"allow_pull": True}, over=engine).port
    engine.let_go.set()
    engine.close()


def asking(port, name, *, stream=True):
    client = connect(port)
    client.sendall(raw_request({"model": name, "stream": stream}, "/api/pull"))
    return client


def said(client, until_bytes=b"success") -> bytes:
    data = b""
    while until_bytes not in data:
        block = client.recv(65536)
        assert block, data
        data += block
    return data


def test_six_pulls_starve_nobody_and_take_their_turns(downloading):
    engine, port = downloading
    clients = [asking(port, f"owner/model{number}") for number in range(6)]
    until(lambda: len(engine.started) == MOST_PULLS)
    for client in clients[MOST_PULLS:]:
        said(client, b"are being fetched")
    texts = [f"text {number}" for number in range(64)]
    for _ in range(4):
        assert post(port, "/api/embed", {"model": "hashing", "input": texts}).status == 200
        assert get(port, "/api/tags").status == 200
    assert post(port, "/api/pull", {"model": "hashing", "stream": False}).json() == {"status": "success"}
    assert len(engine.started) == MOST_PULLS
    engine.let_go.set()
    for client in clients:
        said(client)
        client.close()
    assert sorted(engine.closed) == [f"owner/model{number}" for number in range(6)]


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.usefixtures("soon")
def test_downloads_whose_clients_left_end_with_their_step_and_those_that_wait_never_begin(downloading, stream):
    engine, port = downloading
    clients = [asking(port, f"owner/model{number}", stream=stream) for number in range(6)]
    until(lambda: len(engine.started) == MOST_PULLS)
    until(lambda: get(port, "/api/tags").status == 200)
    for client in clients:
        client.close()
    assert post(port, "/api/embed", {"model": "hashing", "input": "text"}).status == 200
    until(lambda: b"embedingest_requests_in_flight 1.0\n" in get(port, "/metrics").body)  # which is this one
    engine.let_go.set()
    until(lambda: len(engine.closed) == MOST_PULLS)
    assert len(engine.started) == MOST_PULLS


def test_all_that_ask_for_one_model_share_its_download(downloading):
    engine, port = downloading
    names = ["nomic-embed-text", NOMIC, f"hf.co/{NOMIC}", "nomic-embed-text:v1.5"]
    clients = [asking(port, name) for name in names]
    for client in clients:
        said(client, b'"completed":0')
    clients.pop(0).close()
    engine.let_go.set()
    for client in clients:
        said(client)
        client.close()
    assert len(engine.started) == 1


def test_a_failure_is_told_to_all_that_wait_for_it(downloading):
    engine, port = downloading
    engine.error = EngineError("no such luck")
    clients = [asking(port, "owner/model") for _ in range(3)]
    for client in clients:
        said(client, b'"completed":0')
    engine.let_go.set()
    for client in clients:
        with client:
            told = said(client, b"error")
        assert b'{"error":"pull model manifest: no such luck\\n  hint: try again; `embedingest doctor`' in told


def test_more_than_can_wait_are_refused(downloading, monkeypatch):
    monkeypatch.setattr(pulls, "_MOST_WAITING", 1)
    engine, port = downloading
    clients = [asking(port, f"owner/model{number}") for number in range(3)]
    said(clients[-1], b"are being fetched")
    busy = post(port, "/api/pull", {"model": "owner/other", "stream": False})
    assert busy.json()["error"] == "pull model manifest: 3 models wait to be fetched; try again later"
    assert len(engine.started) == MOST_PULLS
    for client in clients:
        client.close()


@pytest.fixture
def hub(online, tmp_path, monkeypatch):
    with running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        settings = {**BERT, "model_type": "other", "vocab_size": 2}
        model(tmp_path / "upstream", config=settings, tokenizer=WORDS, numbers=range(50_000))
        hub.add(NOMIC, tmp_path / "upstream")
        yield hub


@pytest.fixture
def port(tmp_path, serve):
    engine = LocalEngine(EngineConfig(), data=tmp_path / "data")
    yield serve({"allow_pull": True}, over=engine).port
    engine.close()


def test_what_was_pulled_is_listed_and_shown_by_its_name_and_its_repository(hub, port):
    client = asking(port, "nomic-embed-text")
    lines = [json.loads(line) for line in said(client).split(b"\r\n") if line.startswith(b"{")]
    client.close()
    assert [line["status"] for line in lines[:1] + lines[-3:]] == [
        "pulling manifest", "verifying sha256 digest", "writing manifest", "success"]  # fmt: skip
    names = [f"{NOMIC}:latest", "nomic-embed-text:latest"]
    listed = [one["name"] for one in get(port, "/api/tags").json()["models"]]
    assert [name for name in listed if "nomic" in name] == names
    assert [one["id"] for one in get(port, "/v1/models").json()["data"] if "nomic" in one["id"]] == names
    for name in ("nomic-embed-text", "nomic-embed-text:v1.5", NOMIC, NOMIC.lower(), f"hf.co/{NOMIC}"):
        assert post(port, "/api/show", {"model": name}).json()["model_info"]["embedingest.prompts"]
    assert get(port, "/v1/models/nomic-embed-text").status == 200


def test_a_model_that_was_found_damaged_is_mended_by_another_pull(hub, port, tmp_path):
    pull = {"model": "nomic-embed-text", "stream": False}
    assert post(port, "/api/pull", pull).json() == {"status": "success"}
    hub.forget()
    assert post(port, "/api/pull", pull).json() == {"status": "success"}
    assert hub.api.asked == [], "what is here and whole needs no hub"
    weights = tmp_path / "data/models" / NOMIC / "model.safetensors"
    weights.write_bytes(b"cut")
    assert post(port, "/api/embed", {"model": NOMIC, "input": "a"}).status == 500
    assert post(port, "/api/pull", pull).json() == {"status": "success"}
    assert weights.read_bytes() == hub.commits[NOMIC, SHA]["model.safetensors"]


def test_a_hub_that_fails_is_told_in_the_words_that_clients_know(hub, port):
    hub.faults["model.safetensors"] = [Fault(change=lambda data: data * 2)]
    failed = post(port, "/api/pull", {"model": NOMIC, "stream": False})
    assert failed.status == 500
    assert failed.json()["error"].startswith("pull model manifest: ")
    assert "sends more of model.safetensors" in failed.json()["error"]


def test_of_thirty_models_the_ten_broken_ones_hide_none_of_the_others(tmp_path, serve, monkeypatch, capfd):
    spoiled = ("modules.json", "config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json")
    settings = {**BERT, "model_type": "other", "vocab_size": 2}
    for number in range(30):
        folder = tmp_path / "models" / "team" / f"m{number:02}"
        model(folder, config=settings, tokenizer=WORDS, numbers=range(10 + number))
        if number % 3 == 0:
            (folder / spoiled[number // 3 % len(spoiled)]).write_bytes(b"[]" if number < 15 else b"")
    whole = {f"team/m{number:02}:latest" for number in range(30) if number % 3}
    engine = LocalEngine(EngineConfig(), data=tmp_path)
    listed = {one["name"] for one in get(serve(over=engine).port, "/api/tags").json()["models"]}
    assert {name for name in listed if name.startswith("team/")} == whole
    engine.close()
    monkeypatch.setenv("EMBEDINGEST_DATA", str(tmp_path))
    assert run_command(cli, ["models", "list"]) == 0
    lines = [line for line in capfd.readouterr().out.splitlines() if line.startswith("team/")]
    assert len(lines) == 30
    assert {line.split()[0] for line in lines if " broken: " not in line} == whole


def test_a_server_that_allows_a_model_by_one_name_serves_it_by_the_others(hub, tmp_path, serve):
    engine = LocalEngine(EngineConfig(), data=tmp_path / "data")
    list(engine.pull("nomic-embed-text"))
    allowing = serve({"allow_models": ["nomic-embed-text"]}, over=engine).port
    assert [one["name"] for one in get(allowing, "/api/tags").json()["models"]][:1] == [f"{NOMIC}:latest"]
    assert post(allowing, "/api/show", {"model": NOMIC}).status == 200
    assert post(allowing, "/api/show", {"model": "hashing"}).status == 404
    engine.close()


def test_hints_of_the_command_line_are_told_over_http_too(hub, port, tmp_path):
    hub.commits["team/pickle", SHA] = {
        name: data for name, data in hub.commits[NOMIC, SHA].items() if name != "model.safetensors"
    } | {"pytorch_model.bin": b"pickled"}
    told = {name: post(port, "/api/pull", {"model": name, "stream": False}) for name in ("team/pickle", "team/nothing")}
    assert "look for a copy of the model with `model.safetensors`" in told["team/pickle"].json()["error"]
    assert "a private one needs `HF_TOKEN`" in told["team/nothing"].json()["error"]
    hub.token, hub.gated = "secret", True
    for stream in (True, False):
        gated = post(port, "/api/pull", {"model": "team/gated", "stream": stream})
        assert "set `HF_TOKEN` to your token" in gated.body.decode()
    refused = post(port, "/api/pull", {"model": "https://huggingface.co/datasets/a/b"})
    assert (refused.status, refused.json()["error"]) == (400, "invalid model name")
    assert "datasets" in refused.json()["hint"]


@pytest.mark.parametrize("page", ["https://huggingface.co/{}/tree/main", "hf.co/{}?x=1", "http://huggingface.co/{}"])
def test_the_address_of_a_page_is_pulled_shown_and_embedded_by(hub, port, page):
    name = page.format(NOMIC)
    assert post(port, "/api/pull", {"model": name, "stream": False}).json() == {"status": "success"}
    assert post(port, "/api/show", {"model": name}).status == 200
