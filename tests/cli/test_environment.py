"""Ollama's variables, so that a deployment can be swapped."""

from __future__ import annotations

import subprocess
import sys

import pytest

from embedingest.cli._environment import api_key, engine_settings, server_settings
from embedingest.errors import ConfigError


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("0.0.0.0", "0.0.0.0", 11434),
        ("0.0.0.0:8080", "0.0.0.0", 8080),
        (":1234", "127.0.0.1", 1234),
        ("http://box.local", "box.local", 80),
        ("https://box.local", "box.local", 443),
        ("http://box.local:11435", "box.local", 11435),
        ("[::1]:11436", "::1", 11436),
        ("::1", "::1", 11434),
        ("[::1]", "::1", 11434),
        ("http://::1", "::1", 80),
        ("::", "::", 11434),
        ("fe80::1%eth0", "fe80::1%eth0", 11434),
        ('"0.0.0.0:8080"', "0.0.0.0", 8080),
        ("'::1'", "::1", 11434),
        (' "127.0.0.1" ', "127.0.0.1", 11434),
        ("http://127.0.0.1:11435/path", "127.0.0.1", 11435),
    ],
)
def test_the_host_is_read_as_ollama_reads_it(value, host, port):
    settings = server_settings({"OLLAMA_HOST": value})
    assert (settings.host, settings.port) == (host, port)


def test_the_other_variables_of_the_server():
    settings = server_settings({"OLLAMA_ORIGINS": "https://a.example, app://*", "OLLAMA_CONTEXT_LENGTH": "128"})
    assert settings.origins == ("https://a.example", "app://*")
    assert settings.context_length == 128


@pytest.mark.parametrize(("value", "seconds"), [("24h", 86400), ("30", 30), ("-1", -1), ("0", 0)])
def test_the_period_may_be_a_bare_number(value, seconds):
    assert engine_settings({"OLLAMA_KEEP_ALIVE": value}).keep_alive == seconds


def test_quotes_are_none_of_any_variable():
    settings = server_settings({"OLLAMA_ORIGINS": '"https://a.example,app://*"', "OLLAMA_CONTEXT_LENGTH": "'128'"})
    assert settings.origins == ("https://a.example", "app://*")
    assert settings.context_length == 128
    assert engine_settings({"OLLAMA_KEEP_ALIVE": '"24h"'}).keep_alive == 86400


def test_the_variables_of_the_engine_and_their_zero():
    settings = engine_settings({"OLLAMA_MAX_QUEUE": "7", "OLLAMA_MAX_LOADED_MODELS": "2"})
    assert (settings.max_waiting, settings.max_loaded_models) == (7, 2)
    settings = engine_settings({"OLLAMA_MAX_QUEUE": "0", "OLLAMA_MAX_LOADED_MODELS": "0"})
    assert (settings.max_waiting, settings.max_loaded_models) == (512, None)


def test_a_flag_comes_before_its_variable():
    env = {"OLLAMA_HOST": "0.0.0.0:1", "OLLAMA_KEEP_ALIVE": "1h"}
    assert server_settings(env, port=2).port == 2
    assert engine_settings(env, keep_alive="2h").keep_alive == "2h"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OLLAMA_MAX_QUEUE", "many"), ("OLLAMA_KEEP_ALIVE", "forever"), ("OLLAMA_CONTEXT_LENGTH", "x"),
     ("OLLAMA_HOST", "box:port")],
)  # fmt: skip
def test_a_variable_that_makes_no_sense_is_named(variable, value):
    settings = server_settings if variable in ("OLLAMA_HOST", "OLLAMA_CONTEXT_LENGTH") else engine_settings
    with pytest.raises(ConfigError, match=f"{variable} is `{value}`"):
        settings({variable: value})


def test_the_key_comes_by_flag_by_file_or_as_a_credential(tmp_path):
    file, credentials = tmp_path / "key", tmp_path / "credentials"
    credentials.mkdir()
    file.write_text("of the file\nmore\n", "utf-8")
    (credentials / "embedingest-api-key").write_text("of systemd\n", "utf-8")
    env = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert api_key("of the flag", file, env) == "of the flag"
    assert api_key(None, file, env) == "of the file"
    assert api_key(None, None, env) == "of systemd"
    assert api_key(None, None, {}) is None
    assert api_key(None, None, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) is None


def test_a_key_that_is_empty_or_cannot_be_read_is_refused(tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n", "utf-8")
    for flag, file in (("", None), ("  ", None), (None, empty), (None, tmp_path / "missing"), (None, tmp_path)):
        with pytest.raises(ConfigError, match="API key"):
            api_key(flag, file, {})


def test_a_command_seldom_collects_garbage_and_gives_memory_back():
    program = (
        "import gc, sys; sys.argv = ['embedingest', '--version']\n"
        "from embedingest.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import pyarrow; print(gc.get_threshold()[0] > 10_000, pyarrow.default_memory_pool().backend_name)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.splitlines()[-1] == "True system"
