"""The remote engine against real servers: same meaning, known cuts, patience, a fingerprint to believe."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import servers
from embedingest_remote import RemoteEngine, RemoteSettings

from embedingest import (
    Config,
    ConfigError,
    EngineClosedError,
    EngineConfig,
    EngineError,
    InputTooLongError,
    ModelConfig,
    ModelNotFoundError,
    OverloadedError,
    PluginError,
    Session,
)
from embedingest.build.outside import hosts
from embedingest.testing import contract
from embedingest.testing.texts import PLAIN


def remote(url: str, **options: Any) -> RemoteEngine:
    return RemoteEngine(RemoteSettings(url=url, **{"backoff_seconds": 0.01, "retries": 2, **options}))


test_embedingest_keeps_the_contract = contract("engines", lambda: remote(servers.embedingest(), models=["hashing"]))
test_embedingest_over_the_openai_wire = contract(
    "engines", lambda: remote(servers.embedingest(), api="openai", models=["hashing"], max_tokens=512)
)
test_llama_cpp_keeps_the_contract = contract(
    "engines", lambda: remote(servers.llama(), api="openai", models=["all-minilm"], max_tokens=512)
)


def test_it_enters_by_name_with_checked_settings() -> None:
    with Session(Config(engine=EngineConfig(engine="remote", options={"url": servers.embedingest()}))).engine as engine:
        assert "hashing:latest" in engine.models() or "hashing" in engine.models()
        assert engine.embed(["x"], model="hashing").vectors.shape == (1, 256)
    with pytest.raises(PluginError, match=r"unknown setting `ulr`; did you mean `url`\?"):
        Session(Config(engine=EngineConfig(engine="remote", options={"ulr": "http://x"}))).engine_of()
    with pytest.raises(PluginError, match="`parallel`: Input should be less than or equal to 256"):
        Session(Config(engine=EngineConfig(engine="remote", options={"url": "http://x", "parallel": 999}))).engine_of()


def test_another_embedingest_has_the_fingerprint_of_the_local_model() -> None:
    with Session().engine as local, remote(servers.embedingest()) as far:
        assert far.describe("hashing").fingerprint == local.describe("hashing").fingerprint
        here, there = (e.embed(list(PLAIN), model="hashing").vectors for e in (local, far))
        assert (here * there).sum(axis=1).min() > 0.9999


def test_llama_cpp_gives_the_vectors_of_the_built_in_model() -> None:
    model = {"minilm": ModelConfig(path=servers.minilm())}
    with Session(Config(models=model)).engine as local, remote(servers.llama(), api="openai", max_tokens=512) as far:
        here = local.embed(list(PLAIN), model="minilm").vectors
        there = far.embed(list(PLAIN), model="all-minilm").vectors
        assert (here * there).sum(axis=1).min() > 0.999
        assert far.embed(["why is the sky blue?"], model="all-minilm").tokens == 8


def test_a_probed_fingerprint_stays_and_tells_models_apart() -> None:
    with remote(servers.llama(), api="openai") as one, remote(servers.llama(), api="openai") as two:
        first = one.describe("all-minilm").fingerprint
        assert first == two.describe("all-minilm").fingerprint
        assert first.startswith("probed-")
    with remote(servers.embedingest(), api="openai") as other:
        assert other.describe("hashing").fingerprint != first


def test_a_long_text_among_others_is_cut_alone() -> None:
    long = "word " * 3000
    with remote(servers.embedingest(), batch_texts=8) as engine:
        answer = engine.embed(["a", "b", long, "c", long], model="hashing")
        assert answer.truncated == (2, 4)
        assert (answer.token_counts <= 512).all()
        assert answer.token_counts[2] > 450, "nearly the whole window is used"
        with pytest.raises(InputTooLongError) as caught:
            engine.embed(["a", "b", long], model="hashing", truncate=False)
        assert caught.value.index == 2


def vectors(body: Any, fill: float = 1.0) -> dict[str, Any]:
    rows = [[float(len(text)), fill, 2.0, 3.0, 4.0, 5.0] for text in body["input"]]
    return {"embeddings": rows, "prompt_eval_count": 3 * len(rows)}


def answering(embed: Any) -> Any:
    """A script for `/api/embed`; everything else is answered plainly."""

    def answer(path: str, body: Any) -> tuple[int, dict[str, str], Any]:
        if path == "/api/show":
            return 200, {}, {"model_info": {"bert.context_length": 256}}
        if path == "/api/tags":
            return 200, {}, {"models": [{"name": "m:latest", "digest": "abc123" * 10}]}
        return embed(body)

    return answer


def test_texts_go_in_batches_and_come_back_in_order() -> None:
    sizes: list[int] = []

    def embed(body: Any) -> Any:
        sizes.append(len(body["input"]))
        time.sleep(0.01 * (5 - len(body["input"][0]) % 5))
        return 200, {}, vectors(body)

    with servers.scripted(answering(embed)) as url, remote(url, batch_texts=3, parallel=3) as engine:
        texts = ["x" * n for n in range(1, 12)]
        answer = engine.embed(texts, model="m")
    assert sorted(sizes[1:]) == [2, 3, 3, 3]
    ratio = answer.vectors[:, 0] / answer.vectors[:, 1]
    assert np.allclose(ratio, np.arange(1, 12), rtol=1e-4)
    assert answer.tokens == 33
    assert answer.fingerprint == "ollama-" + ("abc123" * 10)[:32]


def test_a_model_with_modules_for_each_role_is_asked_by_the_role() -> None:
    asked: list[str] = []
    routes = {"query": "query", "document": "document"}  # and none for texts of no role

    def embed(body: Any) -> Any:
        asked.append(body["model"])
        return 200, {}, vectors(body)

    plain = answering(embed)

    def answer(path: str, body: Any) -> tuple[int, dict[str, str], Any]:
        if path == "/api/show" and body["model"] == "m":
            return 200, {}, {"model_info": {"embedingest.routes": routes}}
        return plain(path, body)

    with servers.scripted(answer) as url, remote(url, models=["m"]) as engine:
        info = engine.describe("m")
        engine.embed(["sky"], model=info.name_for("document"))
        engine.embed(["sky"], model=info.name_for("query"))
    assert set(asked) == {"m:query", "m:document"}
    assert asked[-1] == "m:query"


def test_no_more_requests_at_once_than_allowed() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def embed(body: Any) -> Any:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with lock:
            now -= 1
        return 200, {}, vectors(body)

    with servers.scripted(answering(embed)) as url, remote(url, batch_texts=1, parallel=2) as engine:
        engine.embed(["x"] * 12, model="m")
    assert most == 2


def test_a_busy_server_is_asked_again_when_it_says() -> None:
    turns: list[float] = []

    def embed(body: Any) -> Any:
        turns.append(time.monotonic())
        return (503, {"Retry-After": "0.2"}, {"error": "busy"}) if len(turns) == 1 else (200, {}, vectors(body))

    with servers.scripted(answering(embed)) as url, remote(url) as engine:
        engine.embed(["x"], model="m")
    assert turns[1] - turns[0] >= 0.2


def test_a_server_that_stays_busy_is_overloaded() -> None:
    with (
        servers.scripted(answering(lambda _: (429, {}, {"error": "slow down"}))) as url,
        remote(url) as engine,
        pytest.raises(OverloadedError, match="slow down"),
    ):
        engine.embed(["x"], model="m")


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ((401, {}, {"error": "no key"}), ConfigError, "no key"),
        ((404, {}, {"error": "not here"}), ModelNotFoundError, '"m" not found'),
        ((400, {}, {"error": {"message": "bad request"}}), EngineError, "answered 400: bad request"),
        ((200, {}, b"<html>"), EngineError, "did not answer with JSON"),
        ((200, {}, {"embeddings": [[1.0], [1.0, 2.0], [1.0]]}), EngineError, "different lengths"),
        ((200, {}, {"embeddings": [[1.0, 2.0]]}), EngineError, r"gave \(1, 2\) for 3 texts"),
        ((200, {}, b'{"embeddings": [[NaN, 1], [1, 1], [1, 1]]}'), EngineError, "NaN"),
        ((200, {}, {"unexpected": True}), EngineError, "for 3 texts"),
    ],
)
def test_a_wrong_answer_is_an_error_with_its_reason(answer: Any, error: type[Exception], said: str) -> None:
    with (
        servers.scripted(answering(lambda _: answer)) as url,
        remote(url, retries=0) as engine,
        pytest.raises(error, match=said),
    ):
        engine.embed(["x"], model="m")


def test_a_server_that_is_not_there_is_named() -> None:
    with (
        remote("http://127.0.0.1:9", retries=1) as engine,
        pytest.raises(EngineError, match=r"127\.0\.0\.1:9 does not answer"),
    ):
        engine.embed(["x"], model="m")


def test_a_server_that_never_answers_is_left_in_time() -> None:
    def never(_: Any) -> Any:
        time.sleep(1.0)
        return 200, {}, {}

    with servers.scripted(answering(never)) as url, remote(url, retries=0, timeout_seconds=0.2) as engine:
        began = time.monotonic()
        with pytest.raises(EngineError, match="ReadTimeout"):
            engine.embed(["x"], model="m")
        assert time.monotonic() - began < 0.9


def test_the_key_comes_from_the_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"\$FAR_KEY, which is not set"):
        remote("http://x", key_env="FAR_KEY")
    monkeypatch.setenv("FAR_KEY", "sesame")
    engine = remote("http://x", key_env="FAR_KEY")
    assert engine._client._http.headers["Authorization"] == "Bearer sesame"
    assert engine.hosts == ("x",)
    engine.close()


def test_a_closed_engine_says_so() -> None:
    engine = remote("http://127.0.0.1:9")
    engine.close()
    with pytest.raises(EngineClosedError):
        engine.embed(["x"], model="m")


def test_the_shipped_configuration_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "zoo.md").write_text("# Zoo\n\nThe walrus sleeps.\n")
    shipped = Path(__file__).parents[3] / "configs" / "remote-ollama.yaml"
    file = shutil.copy(shipped, tmp_path / "configs")
    monkeypatch.setenv("OLLAMA_URL", servers.embedingest())
    monkeypatch.setenv("MODEL", "hashing")
    session = Session(file)
    assert hosts(session) == {servers.embedingest().removeprefix("http://"): "engine"}
    with session.pipeline("docs") as pipeline:
        assert pipeline.converge().files.new == 1
    session.close()


def test_a_server_of_ours_stands_in_front_of_another() -> None:
    with remote(servers.in_front_of(servers.embedingest())) as through, remote(servers.embedingest()) as far:
        assert through.models() == far.models()
        assert through.describe("hashing").fingerprint == far.describe("hashing").fingerprint
        here, there = (engine.embed(list(PLAIN), model="hashing").vectors for engine in (through, far))
        assert (here * there).sum(axis=1).min() > 0.9999
