"""A repository is cloned into the folder: its documents come, its `.git` does not."""

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
    subprocess.run(["git", "clone", "-q", ".", "copy"], cwd=it.folder, check=True, capture_output=True)


def holds(it):
    assert it.embedded == []
    assert not [source for source in it.following.sources() if "/.git/" in source]
