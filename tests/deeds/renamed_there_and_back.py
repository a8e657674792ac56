"""A document gets another name and its own again."""


def do(it):
    for _ in range(5):
        it.path("plan.md").rename(it.path("aside.md"))
        it.path("aside.md").rename(it.path("plan.md"))


def holds(it):
    assert it.embedded == []
