"""A name that is no text."""

import os


def do(it):
    path = os.path.join(os.fsencode(it.folder), b"odd\xff.md")
    with open(path, "w") as file:
        file.write("Under a name that is no text.")
    it.until(lambda: any("no text" in text for text in it.following.texts()))
    os.rename(path, os.path.join(os.fsencode(it.folder), b"odd\xfe.md"))


def holds(it):
    assert it.embedded == ["Under a name that is no text."]
