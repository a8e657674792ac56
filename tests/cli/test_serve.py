"""`embedingest serve`, as a process of its own: it answers, and it ends as it should."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from embedingest.build.ask import address_of
from tests.depth import few, only_deep
from tests.server.client import get, post
from tests.waiting import until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path):
    started = []

    def run(*arguments: str, **environ: str):
        command = [sys.executable, "-m", "embedingest", "serve", "--model", "hashing", *arguments]
        env = {**os.environ, "PYTHONPATH": str(ROOT), **environ}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=pipe, stdout=pipe, text=True)
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def answers(port: int) -> bool:
    try:
        return get(port, "/readyz").status == 200
    except OSError:
        return False


@few(1)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_serves_until_told_to_stop_and_says_how_it_ended(start, number, code, tmp_path):
    port = free_port()
    state = tmp_path / ".embedingest"
    state.mkdir()
    asked = address_of(state, str(state / "lancedb"), "chunks")
    process = start(OLLAMA_HOST=f"127.0.0.1:{port}", OLLAMA_KEEP_ALIVE="-1", OLLAMA_CONTEXT_LENGTH="8")
    until(lambda: answers(port))
    answer = post(port, "/api/embed", {"model": "hashing", "input": "word " * 20}).json()
    assert answer["prompt_eval_count"] == 8
    assert get(port, "/api/ps").json()["models"][0]["expires_at"] > "2200"
    assert asked.is_ours, "commands can ask it"
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert not asked.is_ours
    assert process.returncode == code, errors
    assert "Traceback" not in errors


def test_a_model_that_is_not_here_is_said_before_anything_is_served(shell):
    ran = shell.run("serve", "--port", "0", "--model", "all-minilmm")
    assert ran.code == 3
    assert "all-minilmm" in ran.err
    assert "did you mean all-minilm" in ran.err


@only_deep
def test_a_port_that_is_taken_is_said_with_the_way_out(start):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        process = start("--port", str(other.getsockname()[1]))
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 2, errors
    assert "often by Ollama itself" in errors
    assert "--port" in errors


@only_deep
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(start, number):
    port = free_port()
    process = start("--port", str(port), "--no-preload")
    until(lambda: answers(port))
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"POST /api/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")

        def ended():
            process.send_signal(number)
            return process.poll() is not None

        until(ended)
    assert process.returncode == 128 + number
