"""The functions of the front door do the main job, with the command line's defaults and its table."""

from __future__ import annotations

import asyncio
import doctest
import json
import os
import subprocess
import sys
import threading
import urllib.request

import numpy as np
import pytest

import embedingest
from embedingest import api


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with one document in `docs`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    walrus = tmp_path / "docs" / "walrus.md"
    walrus.write_text("# Walrus\n\nThe walrus sleeps on the ice.\n")
    os.utime(walrus, (1, 1))  # a watch leaves what is being written for later
    return tmp_path


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


def test_what_ingest_stores_the_command_line_finds(folder):
    report = embedingest.ingest("docs", model="hashing")
    assert (report.files.new, report.exit_code) == (1, 0)
    command = [sys.executable, "-m", "embedingest", "search", "walrus", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder)
    assert json.loads(done.stdout)["results"][0]["source"] == "docs/walrus.md"


def test_the_second_ingest_embeds_nothing(folder):
    embedingest.ingest("docs", model="hashing")
    report = embedingest.ingest("docs", model="hashing")
    assert (report.files.unchanged, report.embedded.texts) == (1, 0)


def test_a_setting_that_no_pipeline_has_is_named(folder):
    with pytest.raises(embedingest.ConfigError, match=r"pipelines\.default\.tabel"):
        embedingest.ingest("docs", tabel="notes")


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
