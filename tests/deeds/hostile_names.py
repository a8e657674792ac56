"""Names with newlines, quotes, brackets, per cent signs and what shells and SQL mean something by."""

NAMES = [
    "new\nline.md",
    "quo'te\".md",
    "[bracket].md",
    "100%.md",
    "%2e.md",
    "semi;--.md",
    "$HOME`id`.md",
    "*?.md",
    "back\\slash.md",
    " space .md",
    "tab\t.md",
    "-rf.md",
    "a#b?c.md",
    "~tilde.md",
    "{curly}.md",
    "a!b.md",
]


def do(it):
    for number, name in enumerate(NAMES):
        it.write(f"odd/{name}", f"Under odd name {number}.")
    it.until(lambda: len(it.following.sources()) >= 6 + len(NAMES))
    it.path("odd").rename(it.path("odd [2] 'x'"))


def holds(it):
    assert len(it.embedded) == len(NAMES)
