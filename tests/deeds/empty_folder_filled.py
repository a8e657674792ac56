"""A folder is made, lies empty, and gets a document later."""


def do(it):
    it.path("empty/inner").mkdir(parents=True)
    it.write("other.md", "Another meanwhile.")
    it.seen("other.md")
    it.write("empty/inner/one.md", "Now it holds one.")
