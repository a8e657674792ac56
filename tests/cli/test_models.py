"""`embedingest models`: the list, one model, and a pull that cannot be had."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import version

import pytest

from embedingest.engine.catalog import Catalog
from embedingest.engine.compiled import cache
from embedingest.engine.compiled.graphs import Share

pytestmark = pytest.mark.slow


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "embedingest", "models", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environ}, timeout=60)


def test_the_list_has_what_can_be_used_by_name():
    models = json.loads(run("--json").stdout)["models"]
    assert "hashing:latest" in [model["name"] for model in models]


def test_a_damaged_model_is_marked_and_the_others_are_listed(tmp_path):
    folder = tmp_path / "models" / "team" / "broken"
    folder.mkdir(parents=True)
    (folder / "modules.json").write_text("[1, 2]")
    data = {"EMBEDINGEST_DATA": str(tmp_path)}
    listed = {model["name"]: model for model in json.loads(run("--json", **data).stdout)["models"]}
    assert "modules.json lists a number where a module is due" in listed["team/broken:latest"]["error"]
    assert listed["hashing:latest"]["dimensions"] == 256
    line = next(line for line in run(**data).stdout.splitlines() if line.startswith("team/broken:latest"))
    assert "modules.json" in line
    shown = run("show", "team/broken", **data)
    assert shown.returncode == 3
    assert "where a module is due" in shown.stderr


def test_one_model_is_shown_without_its_weights():
    shown = json.loads(run("show", "hashing", "--json").stdout)
    assert (shown["dimensions"], shown["max_tokens"], shown["runs"]) == (256, 512, None)


@pytest.mark.weights
def test_what_runs_a_model_is_shown_with_the_figures_and_what_was_rejected(tmp_path, monkeypatch):
    monkeypatch.setenv("EMBEDINGEST_CACHE", str(tmp_path))
    assert json.loads(run("show", "all-minilm", "--json").stdout)["runs"]["runtime"] is None
    folder = Catalog({}, data=tmp_path).folder(Catalog({}, data=tmp_path).find("all-minilm").key)
    figures = {"texts": 288, "mean": 0.99998, "least": 0.99994, "passed": True}
    failed = {"form": "bf16", "texts": 288, "mean": 0.9981, "least": 0.95, "passed": False}
    key = cache.key_of(folder, folder.max_tokens, "auto", "exact", Share.of(None, None))
    note = {"form": "bf16-linears", "gate": figures, "tried": [failed, {"form": "bf16-linears", **figures}]}
    cache.keep(key, lambda _: note)
    shown = run("show", "all-minilm").stdout
    assert f"openvino {version('openvino')}, bf16-linears" in shown
    assert "288 texts: mean 0.999980, least 0.999940" in shown
    assert "bf16: fails the gate (cosine to fp32 over 288 texts: mean 0.998100, least 0.950000)" in shown


def test_an_unknown_model_ends_with_3_and_the_ways_out():
    failed = run("show", "nope")
    assert failed.returncode == 3
    assert "models pull" in failed.stderr


def test_a_pull_from_a_hub_that_is_not_there_ends_with_3_and_the_reason(tmp_path):
    failed = run("pull", "team/model", HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="0", HOME=str(tmp_path))
    assert failed.returncode == 3, failed.stderr
    assert failed.stderr.strip()
    assert "Traceback" not in failed.stderr
