"""Figures of the benchmarks are not lost: each row is in the file of its commit as soon as it is done."""

import importlib
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def record(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module("record")
    sys.modules.pop("record")


def rows(run):
    return json.loads(run.path.read_text())["sections"]["speed"]


def test_rows_of_several_runs_stand_side_by_side_and_a_new_figure_takes_the_place_of_the_old(record, tmp_path):
    first, second = record.Record("speed", tmp_path), record.Record("speed", tmp_path)
    first.keep("bulk", {"rate": 1})
    second.keep("query", {"rate": 2}, [record.Check("p50", 1.5, 2.0, at_most=True)])
    first.keep("bulk", {"rate": 3})
    assert {name: row["figures"]["rate"] for name, row in rows(first).items()} == {"bulk": 3, "query": 2}
    assert rows(first)["query"]["targets"][0]["met"] is True


def test_a_row_that_fails_is_kept_as_failed_and_the_next_is_measured(record, tmp_path, capsys):
    run = record.Record("speed", tmp_path)

    def fails():
        raise RuntimeError("no such peer")

    code = record.run(run, {"bulk": fails, "query": lambda: run.keep("query", {"rate": 2})})
    assert code == 1
    assert rows(run)["bulk"]["figures"] == {"failed": "RuntimeError: no such peer"}
    assert rows(run)["query"]["figures"] == {"rate": 2}
    capsys.readouterr()


def test_ctrl_c_keeps_what_was_done_and_says_it(record, tmp_path, capsys):
    run = record.Record("speed", tmp_path)

    def measured():
        run.told("query", {"rate": 2}, [record.Check("tokens/s", 2.0, 3.0)])

    def interrupted():
        raise KeyboardInterrupt

    assert record.run(run, {"query": measured, "bulk": interrupted}) == 130
    assert list(rows(run)) == ["query"]
    assert "| query: tokens/s | ≥ 3 × | 2.00 × | MISSED |" in capsys.readouterr().out


def test_no_path_of_the_machine_is_kept(record, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/somewhere/engine.py", "--model", "/home/someone/all-mpnet", "--texts", "48"])
    run = record.Record("speed", tmp_path)
    run.keep("bulk", {})
    taken = rows(run)["bulk"]["taken"]
    assert taken["command"] == "engine.py --model all-mpnet --texts 48"
    assert "/home" not in run.path.read_text()
