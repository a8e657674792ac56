"""Runs over several nodes as a user asks for them, and what is refused with the way out."""

from __future__ import annotations

import importlib.util
import shutil

import pytest

from tests.depth import only_deep

pytestmark = pytest.mark.slow
ON = ("--on", "processes", "--nodes", "2")


@pytest.fixture
def notes(shell):
    for number in range(6):
        shell.write(f"docs/{number}.md", f"# Note {number}\n\nwords of note {number}\n\nthe same words\n")
    return shell


def config(shell, run: str = "{on: processes, nodes: 2}", more: str = "") -> str:
    shell.write(
        "embedingest.yaml",
        "state: .embedingest\npipelines:\n  notes:\n    sources: [{path: docs}]\n    model: hashing\n"
        f"    db: .embedingest/lancedb\n    run: {run}\n{more}",
    )
    return "embedingest.yaml"


def test_processes_of_this_machine_bring_folders_into_the_table_and_one_process_finds_all_known(notes):
    ran = notes.ingest(*ON)
    assert (ran.code, ran.json["files"]["new"], ran.json["nodes"]) == (0, 6, 2)
    assert ran.json["embedded"]["texts"] == 6
    again = notes.ingest()
    assert (again.json["files"]["unchanged"], again.json["embedded"]["texts"]) == (6, 0)
    answer = notes.run("search", "words of note 3", "--json").json
    assert answer["results"][0]["source"] == "docs/3.md"
    assert notes.run("status", "--json").json["in_sync"]


@only_deep
@pytest.mark.parametrize(("first", "second"), [(ON, ()), ((), ON)])
def test_a_table_that_is_gone_is_filled_again_from_what_the_other_way_to_run_embedded(notes, first, second):
    assert notes.ingest(*first).json["embedded"]["texts"] == 6
    shutil.rmtree(notes.folder / ".embedingest/lancedb")
    again = notes.ingest(*second)
    assert (again.code, again.json["embedded"]["texts"], again.json["embedded"]["reused"]) == (0, 0, 6)


def test_a_plan_tells_what_is_known_and_how_many_nodes_there_would_be(notes):
    plan = notes.run("plan", "docs", "--model", "hashing", "--json", *ON).json["embed"]
    assert (plan["texts"], plan["known"], plan["nodes"], plan["seconds"]) == (6, 0, 2, None)
    notes.ingest()
    notes.write("docs/copy.md", "# Note 0\n\nwords of note 0\n\nthe same words\n")
    plan = notes.run("plan", "--json", "--on", "auto").json["embed"]
    assert (plan["texts"], plan["known"]) == (0, 1)
    assert "1 texts are known" in notes.run("plan").out
    assert notes.run("plan", "--json", "--on", "ray").code in {0, 2}  # where Ray is installed, or not


@only_deep
def test_pipelines_of_a_file_run_on_nodes_once_and_are_not_watched(notes):
    ran = notes.run("run", config(notes), "--once", "--json")
    assert (ran.code, ran.json["notes"]["nodes"], ran.json["notes"]["files"]["new"]) == (0, 2, 6)
    ran = notes.run("run", config(notes))
    assert ran.code == 2
    assert "a watch embeds in the process that hears of changes" in ran.err
    assert "`--once` or `--every 15m`, give it a `schedule`" in ran.err
    notes.write("docs/6.md", "one more")
    ran = notes.run("run", config(notes, "{}"), "--once", "--json", *ON)
    assert ran.json["notes"]["nodes"] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("watch", "docs", "--on", "ray"), "`embedingest run CONFIG --every 15m --on ray`"),
        (("ingest", "docs", "--nodes", "2"), "add `--on processes`, or `--on ray`"),
        (("ingest", "docs", "--on", "moon"), "`moon` is no place to run"),
        (
            ("ingest", "docs", "--on", "ray://host"),
            "`ray://host` lacks the port of Ray's client server: write `ray://host:10001`",
        ),
        (("ingest", "docs", "--on", "ray://[::1]:"), "write `ray://[::1]:10001`"),
        (("ingest", "docs", "--on", "ray://host:port"), "`ray://host:port` is no place to run"),
        (("run", "embedingest.yaml", "--every", "soon"), "`every soon` is no schedule"),
        (("run", "embedingest.yaml", "--once", "--nodes", "0"), "nodes"),
        (("ingest", "docs", "--nodes", "two"), "'two' is not a whole number from 1 to 4,096"),
        (("ingest", "docs", "--on", ""), "--on: `` is no place to run"),
        (("ingest", "docs", "--on", "moon"), "`embedingest ingest --help`"),
        (("run", "embedingest.yaml", "--on", "moon"), "--on: `moon` is no place to run"),
        (("run", "embedingest.yaml", "--on", "moon"), "`embedingest run --help`"),
        (("run", "embedingest.yaml", "--once", "--every", "1m"), "leave one of them out"),
        (("run", "embedingest.yaml", "--allow-deletes"), "needs --once"),
        (("run", "embedingest.yaml", "--once", "--gpus", "1"), "--gpus: only Ray takes account of it"),
        (("ingest", "docs", "--on", "here", "--nodes", "2"), "--nodes: one engine in this process"),
        (("ingest", "docs", "--on", "auto", "--nodes", "2"), "--nodes: `auto` takes one node for each GPU"),
        (("ingest", "docs", "--on", "processes", "--gpus", "1"), "the place to run is `processes`"),
        (("plan", "docs", "--on", "processes", "--insecure"), "--insecure: only Ray"),
        (("ingest", "docs", "--gpus", "1"), "hint: add `--on ray`"),
        (("ingest", "docs", "--insecure"), "hint: add `--on ray`"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_way_out(notes, words, told):
    config(notes)
    ran = notes.run(*words)
    assert ran.code == 2
    assert told in ran.err


@pytest.mark.parametrize(
    ("run", "told"),
    [
        ("{on: processes, gpus: 1}", "run.gpus: only Ray takes account of it, and the place to run is `processes`"),
        ("{on: processes, memory_mib: 512}", "run.memory_mib: only Ray"),
        ("{on: here, nodes: 3}", "run.nodes: one engine in this process"),
        ("{on: here, attempts: 3}", "run.attempts: one engine in this process"),
        ("{on: auto, nodes: 3}", "run.nodes: `auto` takes one node for each GPU"),
        ("{nodes: two}", "run.nodes: Input should be a valid integer or 'auto', not `two`"),
        ("{nodes: 2.5}", "run.nodes: Input should be a valid integer or 'auto', not `2.5`"),
        ("{attempts: 0}", "run.attempts: Input should be greater than or equal to 1, not `0`"),
    ],
)
def test_settings_of_nodes_that_contradict_or_have_no_effect_are_refused_in_one_line(notes, run, told):
    checked = notes.run("config", "check", config(notes, run))
    assert checked.code == 2
    assert told in checked.err
    assert len(checked.err.splitlines()) == 1


def test_a_check_of_a_file_tells_what_a_plain_run_of_it_would_not_do(notes):
    assert "runs on `processes`, which no watch does" in notes.run("config", "check", config(notes)).err
    assert "which no watch does" not in notes.run("config", "check", config(notes, more="    schedule: hourly\n")).err
    assert "names no place to run" in notes.run("config", "check", config(notes, "{nodes: 2}")).err
    at_top = notes.run("config", "check", config(notes, "{}", "run: {on: processes}\n"))
    assert (at_top.code, "run: unknown key here; it belongs below `pipelines.NAME`" in at_top.err) == (2, True)


def test_another_place_on_the_command_line_leaves_out_what_has_no_effect_there(notes):
    ran = notes.run("run", config(notes), "--once", "--json", "--on", "here")
    assert (ran.code, ran.json["notes"]["files"]["new"], ran.json["notes"].get("nodes", 1)) == (0, 6, 1)


@pytest.mark.parametrize(("library", "place", "extra"), [("lance", "processes", "cluster"), ("ray", "ray", "ray")])
def test_what_is_not_installed_is_named_before_anything_is_read(notes, monkeypatch, library, place, extra):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == library else find(name, *rest))
    ran = notes.run("ingest", "docs", "--model", "hashing", "--on", place)
    assert ran.code == 2
    assert f"pip install 'embedingest[{extra}]'" in ran.err
    assert not (notes.folder / ".embedingest" / "lancedb").exists()


def test_a_pipeline_that_fails_is_named_with_why_in_the_report_and_whatever_is_left_out_on_standard_error(notes):
    refused = config(notes, more="    context: {command: [cat]}\n")
    ran = notes.run("-q", "run", refused, "--once", "--json")
    assert ran.code == 2
    assert "a run over several nodes asks nobody" in ran.json["notes"]["error"]
    assert "run it without `--on`" in ran.json["notes"]["remedy"]
    assert "pipeline `notes` stopped: the context of chunks is written by `cat`" in ran.err
