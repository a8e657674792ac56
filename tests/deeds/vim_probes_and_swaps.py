"""vim's probe `4913` and its swap file are never documents."""


def do(it):
    it.write("notes/4913", "").unlink()
    swap = it.write("notes/.apes.md.swp", b"b0VIM 9.0\0\0")
    it.write("notes/apes.md", "The ape woke up.")
    it.seen("notes/apes.md")
    swap.unlink()


def holds(it):
    assert it.embedded == ["The ape woke up."]
