"""The root lies in a work tree: the ignore file above it and `.git/info/exclude` change."""

import subprocess


def before(it):
    it.library()
    subprocess.run(["git", "init", "-q"], cwd=it.world.base, check=True)


def do(it):
    (it.world.base / ".gitignore").write_text("work/\n")
    it.gone("work/dogs.md", "work/eels.rst")
    (it.world.base / ".git/info").mkdir(exist_ok=True)
    (it.world.base / ".git/info/exclude").write_text("bees.md\n")
    it.gone("notes/bees.md")
    (it.world.base / ".gitignore").unlink()
