"""The functions of the front door do the main job, with the command line's defaults and its table."""

from __future__ import annotations

import asyncio
import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import numpy as np
import pytest

import embedingest
from embedingest import api
from embedingest.build.remembered import recall
from embedingest.cli._commands import cli
from embedingest.cli._main import run_command
from tests.depth import few, only_deep
from tests.waiting import HANGS_SECONDS

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with one document in `docs`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    walrus = tmp_path / "docs" / "walrus.md"
    walrus.write_text("# Walrus\n\nThe walrus sleeps on the ice.\n")
    os.utime(walrus, (1, 1))  # a watch leaves what is being written for later
    return tmp_path


@few(2)
@pytest.mark.parametrize(
    "function", [api.ingest, api.watch, api.search, api.embed, api.serve], ids=lambda f: f.__name__
)
def test_the_example_of_a_function_runs(folder, function):
    examples = doctest.DocTestFinder(recurse=False).find(function, globs=dict(vars(api)))
    assert sum(len(example.examples) for example in examples) > 0
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    for example in examples:
        runner.run(example)
    assert runner.failures == 0


def test_what_ingest_stores_the_command_line_finds(folder, capfd):
    report = embedingest.ingest("docs", model="hashing")
    assert (report.files.new, report.exit_code) == (1, 0)
    capfd.readouterr()
    assert run_command(cli, ["search", "walrus", "--json"]) == 0
    assert json.loads(capfd.readouterr().out)["results"][0]["source"] == "docs/walrus.md"


def test_the_second_ingest_embeds_nothing(folder):
    embedingest.ingest("docs", model="hashing")
    report = embedingest.ingest("docs", model="hashing")
    assert (report.files.unchanged, report.embedded.texts) == (1, 0)


def test_a_setting_that_no_pipeline_has_is_named_with_the_nearest_one(folder):
    with pytest.raises(embedingest.ConfigError, match=r"^tabel: unknown key; did you mean `table`\?$"):
        embedingest.ingest("docs", tabel="notes")


@only_deep
def test_a_folder_may_bring_settings_of_its_own(folder):
    (folder / "docs" / "seal.txt").write_text("A seal.\n")
    report = embedingest.ingest({"path": "docs", "include": ["*.md"], "as": "zoo"}, model="hashing")
    assert report.files.new == 1
    assert embedingest.search("walrus")[0].source == "zoo/walrus.md"


def test_a_run_that_is_told_to_stop_says_so(folder):
    stop = threading.Event()
    stop.set()
    assert embedingest.ingest("docs", model="hashing", stop=stop).stopped


def test_progress_goes_to_a_function(folder):
    heard = []
    embedingest.ingest("docs", model="hashing", progress=heard.append)
    assert (heard[-1].done, heard[-1].total) == (1, 1)


@only_deep
def test_progress_is_drawn_where_it_is_asked_for(folder, capsys):
    embedingest.ingest("docs", model="hashing", progress=True)
    embedingest.ingest("docs", model="hashing")
    assert capsys.readouterr().out == ""


def test_hits_are_iterated_counted_and_indexed(folder):
    embedingest.ingest("docs", model="hashing")
    result = embedingest.search("walrus", limit=5)
    assert [hit.source for hit in result] == ["docs/walrus.md"] * len(result)
    hit = result[0]
    assert (hit.title, hit.heading_path, hit.text) == ("Walrus", ("Walrus",), hit.row.text)


def test_searching_before_anything_was_ingested_names_the_way(folder):
    with pytest.raises(embedingest.TableMissingError, match="embedingest ingest"):
        embedingest.search("walrus")


def test_one_string_is_one_text():
    one, several = embedingest.embed("walrus", model="hashing"), embedingest.embed(["walrus", "seal"], model="hashing")
    assert one.vectors.shape[0] == 1
    np.testing.assert_array_equal(one.vectors[0], several.vectors[0])


def test_role_and_prompt_together_are_refused():
    with pytest.raises(embedingest.ConfigError, match="both"):
        embedingest.embed("walrus", model="hashing", role="query", prompt="query: ")


@only_deep
def test_engines_are_shared_between_calls(folder):
    embedingest.embed("walrus", model="hashing")
    from embedingest.build import shared

    before = dict(shared._open)
    embedingest.ingest("docs", model="hashing")
    embedingest.search("walrus")
    embedingest.embed("seal", model="hashing")
    assert shared._open == before


def test_a_watch_gives_a_report_for_each_set_of_changes_and_frees_the_lock(folder):
    seen = []
    with embedingest.watch("docs", model="hashing", watch={"settle_ms": 20}) as reports:
        for report in reports:
            seen.append((report.files.new, report.files.changed))
            if len(seen) == 2:
                break
            (folder / "docs" / "seal.md").write_text("A seal.\n")
    assert seen == [(1, 0), (1, 0)]
    assert embedingest.ingest("docs", model="hashing").files.unchanged == 2


def test_a_watch_is_followed_in_an_event_loop_that_goes_on(folder):
    ticks = []

    async def tick():
        while True:
            ticks.append(1)
            await asyncio.sleep(0.005)

    async def follow():
        ticking = asyncio.create_task(tick())
        reports = embedingest.watch("docs", model="hashing", watch={"settle_ms": 0})
        seen = []
        async for report in reports:
            seen.append(report.files.new)
            reports.stop()
        ticking.cancel()
        return seen

    assert asyncio.run(follow()) == [1]
    assert len(ticks) > 1


def test_a_server_answers_while_the_block_runs(folder):
    embedingest.ingest("docs", model="hashing")
    with embedingest.serve(port=0) as server:
        body = json.dumps({"model": "hashing", "input": "walrus"}).encode()
        request = urllib.request.Request(f"{server.url}/api/embed", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert len(json.load(answer)["embeddings"]) == 1
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(server.url, timeout=60)


def test_a_server_setting_that_does_not_exist_is_named(folder):
    with pytest.raises(embedingest.ConfigError, match="prot"):
        embedingest.serve(prot=1, model="hashing")


def test_waiting_ends_when_the_server_is_stopped(folder):
    server = embedingest.serve(port=0, model="hashing")
    waiting = threading.Thread(target=server.wait)
    waiting.start()
    server.stop()
    waiting.join(timeout=60)
    assert not waiting.is_alive()


async def follow_all_minilm():
    async for _ in embedingest.watch("docs"):
        pass


REFUSED = {
    "ingest": lambda: embedingest.ingest("docs"),
    "watch": lambda: list(embedingest.watch("docs")),
    "watch in an event loop": lambda: asyncio.run(follow_all_minilm()),
}


@few(1)
@pytest.mark.parametrize("run", REFUSED.values(), ids=REFUSED)
def test_a_run_that_the_table_refuses_leaves_searching_as_it_was(folder, run):
    embedingest.ingest("docs", model="hashing")
    with pytest.raises(embedingest.FingerprintError):
        run()
    assert embedingest.search("walrus")[0].source == "docs/walrus.md"
    assert embedingest.ingest("docs", model="hashing").files.unchanged == 1


@only_deep
@pytest.mark.parametrize("command", ["ingest", pytest.param("watch", marks=only_deep)])
def test_a_command_that_the_table_refuses_leaves_searching_as_it_was(folder, command, capfd):
    embedingest.ingest("docs", model="hashing")
    capfd.readouterr()
    assert run_command(cli, [command, "docs"]) != 0
    assert "fingerprint" in capfd.readouterr().err
    assert embedingest.search("walrus")[0].source == "docs/walrus.md"


def test_a_first_run_that_is_stopped_before_it_begins_is_remembered(folder):
    stop = threading.Event()
    stop.set()
    embedingest.ingest("docs", model="hashing", stop=stop)
    assert (
        recall(Path(".embedingest"), str(Path(".embedingest/lancedb")), "chunks").pipelines["default"].model
        == "hashing"
    )


@only_deep
def test_a_table_that_another_model_made_behind_our_back_is_noticed(folder):
    embedingest.ingest("docs", model="hashing")
    shutil.rmtree(".embedingest/lancedb")
    embedingest.ingest("docs", state="other")
    with pytest.raises(embedingest.FingerprintError):
        embedingest.ingest("docs", model="hashing")


@only_deep
def test_leaving_a_loop_over_a_watch_frees_the_table_at_once(folder):
    for _ in embedingest.watch("docs", model="hashing"):
        break
    reports = embedingest.watch("docs", model="hashing")
    for _ in reports:
        break
    assert embedingest.ingest("docs", model="hashing").files.unchanged == 1


PROGRAM_THAT_LEAVES = """
import asyncio, embedingest

async def main():
    async for report in embedingest.watch("docs", model="hashing"):
        break
    async with embedingest.watch("docs", model="hashing") as reports:
        async for report in reports:
            break
        kept = aiter(reports)
    print(embedingest.ingest("docs", model="hashing").files.unchanged)
    global held
    held = aiter(embedingest.watch("docs", model="hashing"))
    await anext(held)

asyncio.run(main(), debug=True)
"""


@only_deep
def test_leaving_an_async_loop_over_a_watch_is_quiet_and_ends_with_the_program(folder):
    command = [sys.executable, "-W", "error", "-c", PROGRAM_THAT_LEAVES]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=HANGS_SECONDS * 2)
    assert (done.returncode, done.stdout.split()) == (0, ["1"]), done.stderr
    assert not re.search("destroyed|never awaited|Warning|Traceback", done.stderr), done.stderr


SECOND_CALLS = {
    "ingest": lambda: embedingest.ingest("docs", model="hashing"),
    "watch": lambda: list(embedingest.watch("docs", model="hashing")),
}


@few(1)
@pytest.mark.parametrize("call", SECOND_CALLS.values(), ids=SECOND_CALLS)
def test_a_second_call_in_one_program_is_told_that_it_is_this_program(folder, call):
    with embedingest.watch("docs", model="hashing") as reports:
        loop = iter(reports)
        next(loop)
        with pytest.raises(embedingest.LockedError, match="another call in this program") as refused:
            call()
    assert "end the watch" in refused.value.remedy
    assert "stop that process" not in str(refused.value)


FORKING = """
import os, signal, embedingest
embedingest.embed("a walrus", model="hashing")
from embedingest.build import shared
with shared._lock:  # as another thread may hold it in that moment
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        embedingest.embed("a seal", model="hashing")
        os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(embedingest.embed("a seal", model="hashing").vectors.shape)
"""


@only_deep
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_embeds_with_an_engine_of_its_own():
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", FORKING], capture_output=True, text=True)
    assert done.stdout.splitlines() == ["0", "(1, 256)"], done.stderr


NOTES = embedingest.Config(pipelines={"notes": {"sources": [{"path": "docs"}], "model": "hashing"}})

# What was called, and words of the answer: the argument, what was given, the way out.
MISUSES = {
    "ingest()": ["no folder", 'ingest("docs"'],
    'ingest(["docs"])': ["`paths[0]`", "['docs']", "argument of its own"],
    'ingest("docs", 3)': ["`paths[1]`", "3", "path"],
    'ingest("")': ["`paths[0]`", "''", "path"],
    'ingest("docs", sources=["notes"])': ["`sources`", 'ingest("docs", "notes")'],
    'ingest(sources=["docs"])': ["`sources`", 'ingest("docs", "notes")'],
    'watch(sources=["docs"])': ["`sources`", 'watch("docs", "notes")'],
    'ingest("docs", include="*.md")': ["include: unknown key", "beside its path"],
    'ingest({"path": "docs", "include": "*.md"})': ["sources[0].include", "list", "around this text"],
    'ingest({"path": "docs", "inclde": ["*.md"]})': ["sources[0].inclde", "did you mean `include`?"],
    'ingest("docs", chunk={"max_tokns": 9})': ["chunk.max_tokns", "did you mean `max_tokens`?"],
    'ingest("docs", chunk=3)': ["chunk", "keys and values"],
    'ingest("docs", remedy="x")': ["remedy: unknown key"],
    'ingest("docs", plugins="recipe")': ["`plugins`", "'recipe'", "list of texts"],
    'ingest("docs", plugins=[3])': ["`plugins`", "list of texts"],
    'ingest("docs", model=None)': ["`model`", "None", "text"],
    'ingest("docs", model="")': ["`model`", "''", "not empty"],
    'ingest("docs", state=3)': ["`state`", "3", "path"],
    'ingest("docs", progress="yes")': ["`progress`", "'yes'", "function"],
    'ingest("docs", stop=True)': ["`stop`", "True", "threading.Event"],
    'ingest("docs", allow_deletes="no")': ["`allow_deletes`", "'no'", "True or False"],
    'watch("docs", progress=1)': ["`progress`", "1", "function"],
    'watch("docs", on_notice="x")': ["`on_notice`", "'x'", "function"],
    'watch(["docs"])': ["`paths[0]`", "['docs']"],
    'embed("a", role="quer")': ["`role`", "'quer'", "did you mean `query`?"],
    'embed("a", dimensions="3")': ["`dimensions`", "'3'", "whole number"],
    'embed("a", dimensions=0)': ["`dimensions`", "0", "whole number"],
    'embed("a", model=None)': ["`model`", "None"],
    'embed("a", prompt=3)': ["`prompt`", "3", "text"],
    'embed("a", truncate="no")': ["`truncate`", "'no'", "True or False"],
    "embed(3)": ["`texts`", "3", "list of texts"],
    "embed(None)": ["`texts`", "None", "list of texts"],
    'embed(b"x")': ["`texts`", "b'x'", "list of texts"],
    'embed({"a": "b"})': ["`texts`", "{'a': 'b'}"],
    'embed(["a", 3])': ["`texts[1]`", "3", "text"],
    "search(None)": ["`query`", "None", "text"],
    'search("a", mode="fuzzy")': ["`mode`", "'fuzzy'", '"hybrid", "vector", "text"'],
    'search("a", limit="3")': ["`limit`", "'3'", "whole number"],
    'search("a", limit=0)': ["limit is 0", "from 1"],
    'search("a", offset=1.5)': ["`offset`", "1.5", "whole number"],
    'search("a", context=None)': ["`context`", "None", "whole number"],
    'search("a", filter=3)': ["`filter`", "3", "text"],
    'search("a", group="yes")': ["`group`", "'yes'", "True or False"],
    'search("a", table=3)': ["`table`", "3"],
    'search("a", snapshot=3)': ["`snapshot`", "3"],
    'search("a", model=3)': ["`model`", "3"],
    'serve(prot=1, model="hashing")': ["prot: unknown key", "did you mean `port`?"],
    'serve(port="x", model="hashing")': ["port", "integer"],
    "serve(model=3)": ["`model`", "3"],
    "Session({})": ["`config`", "{}", "Config"],
    "Session(3)": ["`config`", "3", "Config"],
    'Session().pipeline("x")': ["no pipeline"],
    'Session(NOTES).pipeline("note")': ["`pipeline`", "'note'", "did you mean `notes`?"],
    'Session(NOTES).searcher("x")': ["`pipeline`", "'x'", '"notes"'],
    'Session(NOTES).pipeline("notes", stop=True)': ["`stop`", "True"],
    'Session(NOTES).engine_of("x")': ["`engine`", "'x'", '"default"'],
    'Session(NOTES).searcher("notes").search("a", limt=3)': ["limt", "did you mean `limit`?"],
    'Session(NOTES).searcher("notes").search(3)': ["`query`", "3", "text"],
}


@few(15)
@pytest.mark.parametrize("call", MISUSES)
def test_a_wrong_argument_is_named_with_what_is_wanted_and_nothing_was_done(folder, call):
    if call.startswith("search"):
        embedingest.ingest("docs", model="hashing")
    before = sorted(folder.rglob("*"))
    with pytest.raises(embedingest.ConfigError) as refused:
        eval(
            call,
            {**vars(embedingest), **{name: getattr(embedingest, name) for name in embedingest.__all__}, "NOTES": NOTES},
        )
    assert [word for word in MISUSES[call] if word not in str(refused.value)] == []
    assert "--" not in str(refused.value)
    assert "pipelines.default" not in str(refused.value)
    assert sorted(folder.rglob("*")) == before


@only_deep
def test_what_people_pass_beside_the_plain_types_is_taken(folder):
    assert embedingest.embed(np.array(["a", "b"]), model="hashing", dimensions=np.int64(8)).vectors.shape == (2, 8)
    assert embedingest.embed((text for text in ["a", "b"]), model="hashing").vectors.shape[0] == 2
    assert embedingest.ingest(Path("docs"), model="hashing", db=Path("t"), state=Path("st")).files.new == 1
    assert len(embedingest.search("walrus", limit=np.int32(1), db=Path("t"), state="st")) == 1
    assert embedingest.ingest("docs", model="hashing", engine=embedingest.EngineConfig(threads=1)).files.seen == 1
