"""GTK programs write `.goutputstream-…` and rename it over the document."""


def do(it):
    it.write("notes/.goutputstream-X1Y2Z3", "The ape eats.").rename(it.path("notes/apes.md"))


def holds(it):
    assert it.embedded == ["The ape eats."]
