"""A name is normalised, as copying from a Mac does."""

import unicodedata


def before(it):
    it.library()
    it.rested(unicodedata.normalize("NFD", "café.md"), "The coffee house opens at nine.")


def do(it):
    it.path(unicodedata.normalize("NFD", "café.md")).rename(it.path(unicodedata.normalize("NFC", "café.md")))


def holds(it):
    assert it.embedded == []
