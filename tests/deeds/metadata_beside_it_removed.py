"""The file beside a document goes, and another comes for another."""

SETTINGS = {"metadata_rules": {"sidecar": ["{name}.meta.yaml"]}}


def before(it):
    it.library()
    it.rested("plan.md.meta.yaml", "author: Ann\n")


def do(it):
    it.path("plan.md.meta.yaml").unlink()
    it.write("notes/apes.md.meta.yaml", "author: Eve\n")


def holds(it):
    assert it.embedded == []
