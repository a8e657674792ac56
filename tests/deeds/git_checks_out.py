"""A branch is left and entered again: what was there before needs no new vector."""

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
    git(it, "checkout", "-b", "topic")
    it.write("plan.md", "The plan of the topic.")
    it.path("notes/apes.md").unlink()
    git(it, "commit", "-am", "topic")
    it.seen("plan.md")
    git(it, "checkout", "main")
    git(it, "checkout", "topic")
    git(it, "checkout", "main")


def holds(it):
    assert it.embedded == ["The plan of the topic."]
