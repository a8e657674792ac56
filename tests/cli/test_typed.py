"""A command that we tell a person is for their table: with the options that it needs here, and no others."""

from __future__ import annotations

import shlex

import yaml

from embedingest.cli._typed import typed
from tests.depth import only_deep


def test_the_usual_table_needs_no_options(shell):
    shell.write("docs/a.md", "some words")
    assert shell.ingest().code == 0
    place = shell.folder / ".embedingest"
    assert typed("confirm", place, str(place / "lancedb"), "chunks") == "embedingest confirm"


def test_what_a_run_says_of_waiting_deletions_carries_them_out_as_it_stands(shell):
    for number in range(40):
        shell.write(f"work/w{number}.md", f"Text number {number}.")
    settings = {
        "state": "st",
        "pipelines": {"work": {"sources": [{"path": "work"}], "model": "hashing", "table": "work"}},
    }
    shell.write("c.yaml", yaml.safe_dump(settings))
    assert shell.run("run", "c.yaml", "--once").code == 0
    for number in range(38):
        (shell.folder / "work" / f"w{number}.md").unlink()
    told = shell.run("run", "c.yaml", "--once").err
    line = next(line for line in told.splitlines() if "deletions wait" in line)
    command = shlex.split(line.split("`")[1])
    status = shell.run("status", *command[2:])
    assert f"`{shlex.join(command)}`" in status.out
    assert shell.run(*command[1:]).code == 0
    assert shell.run("status", *command[2:], "--json").json["pending_deletes"] == []


@only_deep
def test_a_retry_says_of_waiting_deletions_what_carries_them_out_as_it_stands(shell):
    for number in range(20):
        shell.write(f"docs/w{number}.md", f"Text number {number}.")
    assert shell.ingest("--state", "st").code == 0
    for number in range(18):
        (shell.folder / "docs" / f"w{number}.md").unlink()
    shell.write("docs/w18.md", b"\0\1\2")
    command = f"`{shlex.join(['embedingest', 'confirm', '--state', str(shell.folder / 'st')])}`"
    place = ("--state", "st")
    planned = shell.run("plan", *place)
    ran = shell.run("ingest", "docs", "--model", "hashing", *place)
    retried = shell.run("retry", *place)
    assert command in planned.out
    assert command in ran.err
    assert command in retried.err
    assert command in shell.run("verify", *place).out
