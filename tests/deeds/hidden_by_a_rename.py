"""A document gets a name with a dot and is none any more; then back."""


def do(it):
    it.path("plan.md").rename(it.path(".plan.md"))
    it.gone("plan.md")
    it.path(".plan.md").rename(it.path("plan.md"))
    it.path("notes").rename(it.path(".notes"))


def holds(it):
    assert it.embedded == []
