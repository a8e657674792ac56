"""The reference is fresh, and the plug-in guide builds a plug-in that works."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from tests.depth import only_deep

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs" / "guides" / "plugins.md").read_text(encoding="utf-8")


def test_the_reference_says_what_the_program_says():
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "COLUMNS": "200", "HOME": str(ROOT)}
    command = [sys.executable, "docs/reference/generate.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, f"{done.stderr}run `python docs/reference/generate.py`"


def blocks():
    found = re.findall(r"```\w+\n# (\S+)\n(.*?)```", GUIDE, re.DOTALL)
    return dict(found)


def test_the_loader_of_the_guide_has_twenty_lines():
    lines = [line for line in blocks()["embedingest_recipe.py"].splitlines() if line.strip()]
    assert len(lines) <= 20


STEP = re.compile(r"^```\w+\n# (?P<file>\S+)\n(?P<text>.*?)^```$|^    (?P<command>\S[^\n]*)$", re.MULTILINE | re.DOTALL)


class Follower:
    """Someone who has embedingest and does what the guide says, from its first line to its last, in an empty folder."""

    def __init__(self, folder):
        self.folder, self.site, tools = folder / "work", folder / "site", folder / "bin"
        for place in (self.folder, self.site, tools):
            place.mkdir()
        for name, module in {"python": "", "embedingest": "-m embedingest"}.items():
            (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n')
            (tools / name).chmod(0o755)
        self.environment = {
            "PATH": f"{tools}:/usr/bin:/bin",
            "PYTHONPATH": f"{self.site}:{ROOT}",
            "HOME": str(folder),
            "COLUMNS": "200",
            "HF_HUB_OFFLINE": "1",
        }

    def follow(self):
        """What each command printed, by the command."""
        said = {}
        for step in STEP.finditer(GUIDE):
            if step["file"]:
                (self.folder / step["file"]).write_text(step["text"])
            elif step["command"].startswith("pip install"):
                self.install(step["command"].split()[2:])
            else:
                done = self.run(step["command"])
                assert done.returncode == 0, f"{step['command']}\n{done.stdout}\n{done.stderr}"
                said[step["command"]] = done.stdout + done.stderr
        return said

    def run(self, command):
        return subprocess.run(
            command, shell=True, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
        )

    def install(self, words):
        """As pip installs a project in place, without the network: its modules and its entry points."""
        if words[0] != "-e":
            assert words == ["pytest"], words  # which is here
            return
        project = (self.folder / words[1]).resolve()
        facts = tomllib.loads((project / "pyproject.toml").read_text())["project"]
        module = facts["name"].replace("-", "_")
        (source,) = [p for p in (project / f"{module}.py", project / "src" / module) if p.exists()]
        (self.site / source.name).symlink_to(source)
        info = self.site / f"{module}-{facts['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {facts['name']}\nVersion: {facts['version']}\n")
        entries = "".join(
            f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in named.items())
            for group, named in facts["entry-points"].items()
        )
        (info / "entry_points.txt").write_text(entries)


@only_deep
def test_the_guide_of_plugins_works_from_nothing_in_its_order(tmp_path):
    reader = Follower(tmp_path)
    said = reader.follow()
    assert "recipe keeps the contract" in said["embedingest plugins check recipe"]
    assert "Soup Boil water." in said["embedingest search soup"]
    assert "kitchen.yaml is whole" in said["embedingest config check kitchen.yaml"]
    assert "1 new, 1 deleted" in said["embedingest run kitchen.yaml --once"], "a comment came into the text"
    assert "letters keeps the contract" in said["embedingest plugins check letters"]
    assert "kitchen/soup.recipe" in said["embedingest search soup --table letters"]
    assert "1 new" in said["embedingest run letters.yaml --once"]
    assert "overlap keeps the contract" in said["embedingest plugins check overlap"]

    idle = reader.run("embedingest ingest kitchen --plugin recipe --plugin letters --model hashing")
    assert idle.returncode == 0
    assert idle.stderr.count("is not used") == 1
    assert "plug-in `letters` is not used: `--model letters`, or `models: {mine: {encoder: letters}}`" in idle.stderr

    (reader.folder / "kitchen.yaml").write_text(
        (reader.folder / "kitchen.yaml").read_text().replace("comments", "coments")
    )
    refused = reader.run("embedingest run kitchen.yaml --once")
    assert refused.returncode == 2
    assert "did you mean `comments`?" in refused.stderr
