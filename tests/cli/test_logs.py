"""What is logged reaches people as lines that a terminal cannot obey, and programs as JSON."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from embedingest.cli._commands import cli
from embedingest.cli._logs import set_up_logging, tell_nothing
from embedingest.cli._main import run_command
from tests.cli.test_serve import ROOT, answers, free_port
from tests.cli.test_terminal import NAME, RAW
from tests.depth import only_deep, some
from tests.server.client import connect, raw_request, read_to_end
from tests.waiting import until

OURS = {**os.environ, "PYTHONPATH": str(ROOT)}


@contextmanager
def first_in_a_process():
    """Without the handlers that pytest adds while a test runs: with one, nothing is set up."""
    root, before = logging.getLogger(), logging.getLogger().handlers[:]
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:] = before


def test_what_somebody_waits_for_is_told_as_a_plain_line_and_not_beside_json(capfd, monkeypatch):
    monkeypatch.delenv("TRANSFORMERS_VERBOSITY", raising=False)
    told = logging.getLogger("embedingest.told")
    with first_in_a_process():
        set_up_logging(verbose=0, quiet=False)
        told.info("preparing m")
        assert os.environ["TRANSFORMERS_VERBOSITY"] == "error", "its remarks are of no use to whoever embeds"
        run_command(cli, ["--quiet", "models", "list"])
        told.info("preparing n")
        set_up_logging(verbose=0, quiet=False)
        tell_nothing()
        told.info("preparing o")
    assert [line for line in capfd.readouterr().err.splitlines() if "preparing" in line] == ["preparing m"]


def test_log_lines_are_spelled_too(capfd):
    with first_in_a_process():
        set_up_logging(verbose=0, quiet=False)
        logging.getLogger("embedingest.test").warning("cannot read %s", NAME)
    err = capfd.readouterr().err
    assert r"sky\x1b[2J" in err
    assert not RAW.search(err)


@pytest.mark.parametrize(
    ("arguments", "environment"), [(["--log-format", "json"], {}), ([], {"EMBEDINGEST_LOG_FORMAT": "json"})]
)
def test_as_json_each_event_is_one_line_that_gives_the_text_back(capfd, monkeypatch, arguments, environment):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with first_in_a_process():
        run_command(cli, [*arguments, "completion", "bash"])
        try:
            1 / 0  # noqa: B018 -- for its traceback
        except ZeroDivisionError:
            logging.getLogger("embedingest.test").exception("cannot read %s", NAME)
    line = capfd.readouterr().err
    assert line.count("\n") == 1
    assert not RAW.search(line[:-1])
    document = json.loads(line)
    assert datetime.fromisoformat(document.pop("time")).tzinfo == UTC
    assert "ZeroDivisionError" in document.pop("traceback")
    assert document == {"level": "error", "logger": "embedingest.test", "message": f"cannot read {NAME}"}


def logged(capfd, form, log):
    with first_in_a_process():
        set_up_logging(verbose=1, quiet=False, form=form)
        log()
    return capfd.readouterr().err


@pytest.mark.parametrize("form", ["text", "json"])
def test_an_event_is_one_line_whatever_names_hosts_and_errors_hold(capfd, form):
    forged = "a\nERROR embedingest: forged\r\x1b[2J\u2028\x85"

    def log():
        logging.getLogger("embedingest.test").warning("cannot read %s", forged)
        logging.getLogger("embedingest.told").info(forged)
        logging.getLogger("another.library").warning(forged)
        logging.getLogger("embedingest.test").info("tending", extra={"table": forged})

    err = logged(capfd, form, log)
    assert len(err.splitlines()) == 4
    assert not RAW.search(err.replace("\n", ""))


def test_what_another_library_adds_to_every_record_is_not_told(capfd):
    def log():
        logging.getLogger("embedingest.test").warning("waits", extra={"table": "chunks", "_ray_timestamp_ns": 17})

    assert logged(capfd, "text", log) == "WARNING embedingest.test: waits table=chunks\n"


def test_no_line_of_a_traceback_looks_like_an_event(capfd):
    def log():
        try:
            raise ValueError("a\nERROR embedingest: forged\x1b[2J")
        except ValueError:
            logging.getLogger("embedingest.test").exception("failed")

    first, *below = logged(capfd, "text", log).splitlines()
    assert first == "ERROR embedingest.test: failed"
    assert "ValueError" in "".join(below)
    assert all(line.startswith("    ") for line in below)
    assert not RAW.search("".join(below))


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (["run", "docs\n\x1b[2J.yaml", "--nonsense"], 2, "--nonsense"),
        (["nonsense\n\x1b[2J"], 2, "no such command"),
        (["search", "--nonsense"], 2, "--nonsense"),
        (["--nonsense"], 2, "--nonsense"),
        (["search", "sky", "--db", "nowhere"], 3, "nowhere"),
        (["serve", "--port", "0", "--model", "all-minilmm"], 3, "all-minilmm"),
    ],
)
@pytest.mark.parametrize("by", ["flag", "variable"])
def test_what_ends_a_command_is_a_line_of_json_with_its_remedy(shell, monkeypatch, by, command, code, message):
    if by == "variable":
        monkeypatch.setenv("EMBEDINGEST_LOG_FORMAT", "json")
    with first_in_a_process():
        ran = shell.run(*(["--log-format", "json"] if by == "flag" else []), *command)
    assert ran.code == code
    (line,) = ran.err.splitlines()
    document = json.loads(line)
    assert document["level"] == "error"
    assert message in document["message"]
    assert document["remedy"]


def test_as_json_what_a_command_says_beside_its_result_is_json_and_quiet_leaves_it_out(shell):
    shell.write("docs/a.md", "# Sea\n\nwaves\n")
    ends = {}
    for flags in (["--log-format", "json"], ["--quiet", "--log-format", "json"]):
        with first_in_a_process():
            ends[flags[0]] = shell.run(*flags, "ingest", "docs", "--model", "hashing")
    said = [json.loads(line) for line in ends["--log-format"].err.splitlines()]
    assert "files: 1 seen, 1 new" in [document["message"] for document in said]
    assert ends["--quiet"].err == ""


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_nobody_catches_ends_the_program_with_one_event(form):
    code = (
        "import sys, threading\n"
        "from embedingest.cli._logs import log_what_nobody_catches, set_up_logging\n"
        f"set_up_logging(verbose=0, quiet=False, form={form!r})\n"
        "log_what_nobody_catches()\n"
        "def fail(): raise ValueError('a\\n\\x1b[2Jb')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "fail()\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], env=OURS, capture_output=True, text=True)
    assert ran.returncode == 1
    assert not RAW.search(ran.stderr.replace("\n", ""))
    events = [line for line in ran.stderr.splitlines() if not line.startswith("    ")]
    assert len(events) == 2
    assert all("unexpected error: ValueError" in line for line in events)


HOSTILE_NAME = "a\nforged\r\x1b[2J\u202e\x9b.md"
SECRET = "zanzibar"


def raw_requests():
    """Heads as no client writes them, and bodies with names and texts that are not for a log."""
    names = [b"forged", b"%0d%0aforged%1b[2J%00%c2%9b%e2%80%ae", b"\xc2\x9b", b"a%0Aforged"]
    for name in names:
        yield b"GET /" + name + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        yield b"GET /api/tags?" + name + b" HTTP/1.1\r\nHost: " + name + b"\r\nOrigin: " + name + b"\r\n\r\n"
        yield b"P%0aforged /" + name + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: " + name + b"\r\n\r\n"
    for model in ["hashing", "a\nforged\x1b[2J", "\u2028forged"]:
        yield raw_request({"model": model, "input": [SECRET, f"{SECRET}\nforged"]})
        yield raw_request({"model": model, "input": SECRET, "options": {"num_ctx": f"{SECRET}\nforged"}})
        yield raw_request({"name": model}, "/api/pull")
    yield raw_request({"query": f"{SECRET}\nforged", "filter": f"{SECRET} forged \x1b[2J"}, "/api/search")


@only_deep
@pytest.mark.slow
@pytest.mark.parametrize("form", some(["text", "json"], "text"))
def test_hostile_requests_and_names_of_files_forge_no_line_and_no_text_is_logged(tmp_path, form):
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / HOSTILE_NAME).write_text(f"# {SECRET}\n\n{SECRET}\n")
    (docs / HOSTILE_NAME.replace(".md", ".pdf")).write_bytes(b"%PDF-1.4 nothing")
    port = free_port()
    words = ["-vv", "--log-format", form, "watch", str(docs), "--serve", "--port", str(port), "--model", "hashing"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "embedingest", *words], cwd=tmp_path, env=OURS, stderr=log)
        try:
            until(lambda: (tmp_path / "log").read_bytes().count(b"failed") > 0 and answers(port))
            for request in raw_requests():
                with connect(port) as client:
                    client.sendall(request)
                    client.shutdown(socket.SHUT_WR)
                    read_to_end(client)
            (docs / HOSTILE_NAME).unlink()
        finally:
            process.terminate()
            process.wait(timeout=60)
    lines = (tmp_path / "log").read_text("utf-8").splitlines()
    assert any("answered GET" in line and "forged" in line for line in lines), "the paths are logged"
    assert [line for line in lines if RAW.search(line) or line.lstrip().startswith("forged")] == []
    assert [line for line in lines if SECRET in line] == []
    if form == "json":
        assert {"time", "level", "logger", "message"} <= set.intersection(*(set(json.loads(line)) for line in lines))
