"""`git reset --hard` undoes edits and brings back what was deleted."""

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
    it.write("plan.md", "A plan that nobody keeps.")
    it.path("work/dogs.md").unlink()
    it.seen("plan.md")
    git(it, "reset", "--hard")


def holds(it):
    assert it.embedded == ["A plan that nobody keeps."]
