"""An ignore file in a folder counts for that folder, and one line takes back."""


def do(it):
    it.write("notes/.gitignore", "*.md\n!apes.md\n")


def holds(it):
    sources = it.following.sources()
    assert {"docs/notes/apes.md", "docs/plan.md"} <= sources
    assert "docs/notes/bees.md" not in sources
