"""A folder is copied with its times: every text is there twice, none is embedded."""

import shutil


def do(it):
    shutil.copytree(it.path("notes"), it.path("copy"))


def holds(it):
    assert it.embedded == []
