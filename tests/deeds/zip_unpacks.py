"""A zip archive is unpacked into a new folder; the archive itself is no document."""

import zipfile


def do(it):
    with zipfile.ZipFile(it.path("all.zip"), "w") as archive:
        for number in range(5):
            archive.writestr(f"unpacked/part{number}.md", f"Part {number} was packed.")
    with zipfile.ZipFile(it.path("all.zip")) as archive:
        archive.extractall(it.folder)
