"""What is logged reaches people as lines that a terminal cannot obey, and programs as JSON."""

from __future__ import annotations

import json
import logging
import os
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from embedingest.cli._commands import cli
from embedingest.cli._logs import set_up_logging, tell_nothing
from embedingest.cli._main import run_command
from tests.cli.test_terminal import NAME, RAW


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
