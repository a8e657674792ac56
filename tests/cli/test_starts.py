"""What the commands that people wait for import, and so what they cost before they begin. No times."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.depth import only_deep

HEAVY = {"torch", "transformers", "sentence_transformers", "fastapi", "starlette", "uvicorn", "watchfiles"}
OF_A_TABLE = {"lancedb", "pyarrow", "numpy"}
OF_A_MODEL = {"openvino", "tokenizers"}
OF_SETTINGS = {"pydantic", "yaml", "embedingest.config"}


def imported_by(shell, *args):
    """The modules that a process of the command has imported at its end."""
    code = (
        "import sys\nfrom embedingest.cli._commands import cli\nfrom embedingest.cli._main import run_command\n"
        f"code = run_command(cli, {list(args)})\nprint(code, *sys.modules, file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=shell.folder, capture_output=True, text=True, check=True)
    code, *modules = ran.stderr.splitlines()[-1].split()
    assert code == "0", ran.stderr
    return set(modules)


@pytest.fixture
def table(shell):
    shell.write("docs/zoo.md", "The walrus sleeps.\n")
    assert shell.ingest().code == 0
    return shell


def test_status_reads_the_journal_and_nothing_that_only_a_run_needs(table):
    assert sorted(imported_by(table, "status", "--json") & (HEAVY | OF_A_TABLE | OF_A_MODEL | OF_SETTINGS)) == []


@only_deep
def test_status_recalls_the_settings_where_another_version_wrote_them(table, monkeypatch):
    monkeypatch.setattr("embedingest.build.followed.__version__", "0.0.1")
    said = table.run("status", "--json").json
    assert table.ingest().code == 0
    assert said["roots"] == table.run("status", "--json").json["roots"]
    monkeypatch.undo()
    assert {"pydantic", "embedingest.config"} <= imported_by(table, "status", "--json")


@pytest.mark.weights
def test_an_ingest_of_what_is_unchanged_imports_no_arrays_no_tokenizer_no_loaders_and_no_yaml(shell):
    shell.write("docs/empty.md", "")
    ingest = ("ingest", "docs", "--model", "all-minilm", "--json")
    assert shell.run(*ingest).code == 0
    unwanted = HEAVY | OF_A_TABLE | OF_A_MODEL | {"yaml", "asyncio", "embedingest.ingest.extract.extractor"}
    assert sorted(imported_by(shell, *ingest) & unwanted) == []


@only_deep
def test_a_plan_of_what_is_unchanged_opens_no_table(table):
    assert sorted(imported_by(table, "plan", "--json") & (HEAVY | OF_A_TABLE - {"numpy"} | OF_A_MODEL)) == []


@only_deep
def test_a_search_imports_of_lancedb_what_a_local_table_needs(table):
    unwanted = {"pandas", "lance_namespace_urllib3_client.models", "lance_namespace_urllib3_client.api"}
    assert sorted(imported_by(table, "search", "walrus", "--json") & (HEAVY | OF_A_MODEL | unwanted)) == []
