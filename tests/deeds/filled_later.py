"""A document begins empty and is filled a moment later."""


def do(it):
    it.write("new.md", "")
    it.write("other.md", "Another meanwhile.")
    it.seen("other.md")
    it.write("new.md", "What was to be written.")
