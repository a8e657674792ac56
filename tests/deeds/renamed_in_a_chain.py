"""A document gets five names in a row."""


def do(it):
    path = it.path("plan.md")
    for number in range(5):
        path = path.rename(it.path(f"name{number}.md"))


def holds(it):
    assert it.embedded == []
