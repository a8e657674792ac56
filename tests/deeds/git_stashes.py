"""`git stash` takes edits away, `git stash pop` brings them back."""

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
    it.write("plan.md", "The plan that was put away.")
    it.seen("plan.md")
    git(it, "stash")
    it.until(lambda: not any("put away" in text for text in it.following.texts()))
    git(it, "stash", "pop")


def holds(it):
    assert it.embedded == ["The plan that was put away."]
