"""`embedingest models`: the list, one model, and a pull that cannot be had."""

from __future__ import annotations

import json
import os
import subprocess
import sys


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "embedingest", "models", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environ}, timeout=60)


def test_the_list_has_what_can_be_used_by_name():
    found = json.loads(run("--json").stdout)["models"]
    assert "hashing:latest" in [model["name"] for model in found]


def test_one_model_is_shown_without_its_weights():
    shown = json.loads(run("show", "hashing", "--json").stdout)
    assert (shown["dimensions"], shown["max_tokens"]) == (256, 512)


def test_an_unknown_model_ends_with_3_and_the_ways_out():
    failed = run("show", "nope")
    assert failed.returncode == 3
    assert "models pull" in failed.stderr


def test_a_pull_from_a_hub_that_is_not_there_ends_with_3_and_the_reason(tmp_path):
    failed = run("pull", "team/model", HF_ENDPOINT="http://127.0.0.1:9", HF_HUB_OFFLINE="0", HOME=str(tmp_path))
    assert failed.returncode == 3, failed.stderr
    assert failed.stderr.strip()
    assert "Traceback" not in failed.stderr
