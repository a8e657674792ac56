"""A rebase writes files through several versions."""

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
    for number in range(3):
        it.write(f"notes/new{number}.md", f"What is new under {number}.")
        git(it, "add", ".")
        git(it, "commit", "-m", f"{number}")
    git(it, "checkout", "main")
    it.write("plan.md", "The plan of the main branch.")
    git(it, "commit", "-am", "main")
    git(it, "checkout", "topic")
    git(it, "rebase", "main")
