"""The command tree: help, completion, unknown names, exit codes."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

import embedingest.cli
from embedingest.cli._commands import COMMANDS, GROUPS, OPTION_GROUPS, cli
from embedingest.cli._environment import engine_settings, server_settings
from embedingest.errors import ConfigError


def test_help_lists_every_command(shell):
    ran = shell.run("--help")
    assert ran.code == 0
    for name in COMMANDS:
        assert name in ran.out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help_that_loads(shell, name):
    ran = shell.run(name, "--help")
    assert ran.code == 0
    assert "Usage" in ran.out


def test_every_command_has_the_file_of_its_name_in_the_room_of_its_heading_and_every_file_its_command():
    rooms = Path(embedingest.cli.__file__).parent
    files = {file.relative_to(rooms).with_suffix("").as_posix() for file in rooms.rglob("[!_]*.py")}
    headed = [f"{heading.lower().replace(' ', '_')}/{name}" for heading, names in GROUPS.items() for name in names]
    assert sorted(files) == sorted(headed)


def test_every_command_stands_under_one_heading():
    assert sorted(name for names in GROUPS.values() for name in names) == sorted(COMMANDS)


def test_an_unknown_command_names_the_nearest(shell):
    ran = shell.run("serch")
    assert ran.code == 2
    assert "search" in ran.err


@pytest.mark.parametrize("language", ["bash", "zsh", "fish"])
def test_completion_scripts_are_printed(shell, language):
    assert "_EMBEDINGEST_COMPLETE" in shell.run("completion", language).out


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("0.0.0.0", "0.0.0.0", 11434),
        ("127.0.0.1:5000", "127.0.0.1", 5000),
        (":5000", "127.0.0.1", 5000),
        ("http://localhost", "localhost", 80),
        ("[::1]:99", "::1", 99),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(value, host, port):
    settings = server_settings({"OLLAMA_HOST": value})
    assert (settings.host, settings.port) == (host, port)


def test_a_flag_wins_over_the_variable():
    assert server_settings({"OLLAMA_HOST": ":5000"}, port=6000).port == 6000
    assert engine_settings({"OLLAMA_KEEP_ALIVE": "1h"}, keep_alive="2h").keep_alive == "2h"


def test_ollama_variables_reach_the_engine():
    settings = engine_settings({"OLLAMA_KEEP_ALIVE": "-1", "OLLAMA_MAX_QUEUE": "7", "OLLAMA_MAX_LOADED_MODELS": "2"})
    assert (settings.keep_alive, settings.max_waiting, settings.max_loaded_models) == (-1.0, 7, 2)


def test_a_variable_that_is_no_number_is_named():
    with pytest.raises(ConfigError, match="OLLAMA_MAX_QUEUE"):
        engine_settings({"OLLAMA_MAX_QUEUE": "many"})


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("ingest docs -q", "before the command: `embedingest -q ingest …`"),
        ("models list --log-format json", "before the command: `embedingest --log-format models list …`"),
        ("--model hashing ingest docs", "after the command: `embedingest ingest … --model`"),
        ("--json models list", "after the command: `embedingest models … --json`"),
        ("-v --no-fold search words", "after the command: `embedingest search … --no-fold`"),
    ],
)
def test_an_option_on_the_wrong_side_of_the_command_is_told_its_own(shell, words, place):
    ran = shell.run(*words.split())
    assert ran.code == 2
    assert place in " ".join(ran.err.split())


def test_an_option_that_no_command_has_is_told_the_nearest(shell):
    assert "--model" in shell.run("search", "x", "--modle", "hashing").err


def offered(*words):
    """What a shell offers for the last of these words."""
    *before, incomplete = words
    return [item.value for item in ShellComplete(cli, {}, "embedingest", "_C").get_completions(before, incomplete)]


def test_a_shell_offers_models_and_the_documents_that_a_command_is_about(shell):
    shell.write("docs/broken.pdf", b"%PDF-1.4 nothing")
    shell.write("docs/a.md", "A document.")
    shell.ingest()
    assert "hashing" in offered("search", "words", "--model", "")
    assert offered("ingest", "docs", "-m", "hash") == offered("serve", "--model", "hash") == ["hashing"]
    assert offered("retry", "") == offered("retry", "docs/b") == ["docs/broken.pdf"]
    assert offered("retry", "docs/a") == offered("confirm", "") == []
    assert offered("retry", "--db", "\0", "") == []


@pytest.mark.parametrize("name", ["ingest", "watch"])
def test_every_option_of_the_main_job_stands_under_a_heading_of_its_help(name):
    command = cli.get_command(click.Context(cli), name)
    listed = [option for group in OPTION_GROUPS[f"embedingest {name}"] for option in group["options"]]
    own = [max(option.opts, key=len) for option in command.params if isinstance(option, click.Option)]
    assert sorted(set(own) - set(listed)) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_eighty_columns(shell, monkeypatch, name):
    monkeypatch.setenv("COLUMNS", "80")
    lines = shell.run(name, "--help").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if "…" in line and line.rstrip("│ ").endswith("…")]
