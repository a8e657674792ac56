"""The reference is fresh, and the plug-in guide builds a plug-in that works."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

from tests.depth import only_deep

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "guides" / "plugins.md").read_text(encoding="utf-8")


def run(*command, cwd=ROOT, path=""):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(filter(None, [path, str(ROOT)])), "PATH": "", "COLUMNS": "200", "HOME": str(cwd)},
    )


def test_the_reference_says_what_the_program_says():
    done = run("docs/reference/generate.py", "--check")
    assert done.returncode == 0, f"{done.stderr}run `python docs/reference/generate.py`"


def blocks():
    found = re.findall(r"```\w+\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL)
    return dict(found)


def test_the_loader_of_the_guide_has_twenty_lines():
    lines = [line for line in blocks()["embedingest_recipe.py"].splitlines() if line.strip()]
    assert len(lines) <= 20


@only_deep
def test_a_plugin_written_by_the_guide_alone_works(tmp_path):
    for name, text in blocks().items():
        (tmp_path / name).write_text(text)
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text())["project"]
    info = tmp_path / f"embedingest_recipe-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    entries = "".join(
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in named.items())
        for group, named in project["entry-points"].items()
    )
    (info / "entry_points.txt").write_text(entries)
    (tmp_path / "kitchen").mkdir()
    (tmp_path / "kitchen" / "soup.recipe").write_text("Soup\n# of the day\nBoil water.\n")

    tested = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_recipe.py", cwd=tmp_path, path=str(tmp_path))
    assert tested.returncode == 0, tested.stdout
    checked = run("-m", "embedingest", "plugins", "check", "recipe", cwd=tmp_path, path=str(tmp_path))
    assert checked.returncode == 0, checked.stderr
    command = ["ingest", "kitchen", "--plugin", "recipe", "--model", "hashing", "--json"]
    done = run("-m", "embedingest", *command, cwd=tmp_path, path=str(tmp_path))
    assert json.loads(done.stdout)["files"]["new"] == 1, done.stderr
    found = run("-m", "embedingest", "search", "soup", "--model", "hashing", "--json", cwd=tmp_path, path=str(tmp_path))
    hit = json.loads(found.stdout)["results"][0]
    assert (hit["text"], hit["title"]) == ("Soup\nBoil water.", "Soup")

    settings = yaml.safe_load((tmp_path / "kitchen.yaml").read_text())
    settings["pipelines"]["kitchen"]["table"] = "spoken"
    (tmp_path / "kitchen.yaml").write_text(yaml.safe_dump(settings))
    ran = run("-m", "embedingest", "run", "kitchen.yaml", "--once", "--json", cwd=tmp_path, path=str(tmp_path))
    assert json.loads(ran.stdout)["kitchen"]["files"]["new"] == 1, ran.stderr
    (tmp_path / "kitchen.yaml").write_text((tmp_path / "kitchen.yaml").read_text().replace("comments", "coments"))
    refused = run("-m", "embedingest", "run", "kitchen.yaml", "--once", cwd=tmp_path, path=str(tmp_path))
    assert refused.returncode == 2
    assert "did you mean `comments`?" in refused.stderr
