"""`git clean -fdx` removes what was never added, ignored files too."""

import subprocess


def git(it, *words):
    names = [
        "-c",
        "user.name=me",
        "-c",
        "user.email=me@here",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "init.defaultBranch=main",
    ]
    subprocess.run(["git", *names, *words], cwd=it.folder, check=True, capture_output=True)


def before(it):
    it.library()
    git(it, "init")
    git(it, "add", ".")
    git(it, "commit", "-m", "first")


def do(it):
    it.write("draft/one.md", "A draft that was never added.")
    it.seen("draft/one.md")
    git(it, "clean", "-fdx")
