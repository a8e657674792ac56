"""A merge that conflicts leaves its marks in the document; then it is given up."""

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
    it.write("plan.md", "The plan as the topic wants it.")
    git(it, "commit", "-am", "topic")
    git(it, "checkout", "main")
    it.write("plan.md", "The plan as main wants it.")
    git(it, "commit", "-am", "main")
    subprocess.run(["git", "merge", "topic"], cwd=it.folder, check=False, capture_output=True)
    assert "<<<<<<<" in it.path("plan.md").read_text()
    it.until(lambda: any("<<<<<<<" in text for text in it.following.texts()))
    git(it, "merge", "--abort")
