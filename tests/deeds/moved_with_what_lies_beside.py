"""A document moves together with the file that describes it."""

SETTINGS = {"metadata_rules": {"sidecar": ["{name}.meta.yaml"]}}


def before(it):
    it.library()
    it.rested("plan.md.meta.yaml", "author: Ann\n")


def do(it):
    it.path("plan.md.meta.yaml").rename(it.path("work/plan.md.meta.yaml"))
    it.path("plan.md").rename(it.path("work/plan.md"))


def holds(it):
    assert it.embedded == []
