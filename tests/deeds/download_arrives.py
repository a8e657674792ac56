"""A browser's half-written download is none; under its own name it is."""


def do(it):
    for number, suffix in enumerate((".part", ".crdownload", ".download")):
        half = it.write(f"got{number}.md{suffix}", f"Half of download {number}")
        half.write_text(f"The whole of download {number}.")
        half.rename(it.path(f"got{number}.md"))
