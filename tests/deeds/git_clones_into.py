"""A repository is cloned into the folder: its documents come, its `.git` does not."""

import subprocess


def before(it):
    it.work_tree()


def do(it):
    subprocess.run(["git", "clone", "-q", ".", "copy"], cwd=it.folder, check=True, capture_output=True)


def holds(it):
    assert it.embedded == []
    assert not [source for source in it.following.sources() if "/.git/" in source]
