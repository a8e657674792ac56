"""Four versions of a document move on by one place, and the first is new."""


def before(it):
    for number in range(4):
        it.rested(f"v{number}.md", f"This was version {number} of the story.")


def do(it):
    for number in (3, 2, 1, 0):
        it.path(f"v{number}.md").rename(it.path(f"v{number + 1}.md"))
    it.write("v0.md", "This is the newest version.")


def holds(it):
    assert it.embedded == ["This is the newest version."]
