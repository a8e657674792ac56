"""`embed`: the same vectors as everywhere, as JSON lines or one document."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.depth import only_deep

ROOT = Path(__file__).parents[2]


def test_each_text_is_one_line_of_json(shell):
    ran = shell.run("embed", "--model", "hashing", "one", "two")
    rows = [json.loads(line) for line in ran.out.splitlines()]
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1.0, 1.0])


def test_dimensions_are_cut_and_normalised_again(shell):
    document = shell.run("embed", "--model", "hashing", "--json", "-d", "8", "some words to spread").json
    assert document["dimensions"] == 8
    assert np.linalg.norm(document["embeddings"][0]) == pytest.approx(1.0)


@only_deep
@pytest.mark.weights
def test_the_default_model_gives_the_published_vector(shell):
    document = shell.run("embed", "--json", "why is the sky blue?").json
    assert document["tokens"] == [8]
    assert document["embeddings"][0][:4] == pytest.approx([0.0100, -0.0018, 0.0501, 0.0469], abs=1e-3)


@only_deep
@pytest.mark.weights
def test_a_warm_embed_imports_no_torch(shell):
    shell.run("embed", "warm up")
    script = (
        "import sys\nfrom embedingest.cli._commands import cli\nfrom embedingest.cli._main import run_command\n"
        "run_command(cli, ['embed', 'hello'])\n"
        "print(sorted(m for m in sys.modules if m in {'torch', 'transformers', 'lancedb', 'fastapi', 'starlette'}), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ran.stderr.splitlines()[-1] == "[]"
