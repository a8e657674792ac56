"""`git init` and a `.gitignore` in a folder that is followed already."""

import subprocess


def do(it):
    subprocess.run(["git", "init", "-q"], cwd=it.folder, check=True)
    it.write(".gitignore", "work/\n")


def holds(it):
    assert "docs/work/dogs.md" not in it.following.sources()
