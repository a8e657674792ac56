"""The same text in UTF-8, with a mark, in UTF-16 and in Latin-1."""

TEXT = "Über den Fluß führt eine Brücke."


def do(it):
    for encoding in ("utf-8-sig", "utf-16", "latin-1", "utf-8"):
        it.write("notes/fluss.txt", TEXT.encode(encoding))
        it.until(lambda: any("Br" in text for text in it.following.texts()))


def holds(it):
    assert TEXT in it.following.texts()
