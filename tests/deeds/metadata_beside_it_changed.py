"""What a file beside a document says of it changes: rows are refreshed, nothing is embedded."""

SETTINGS = {"metadata_rules": {"sidecar": ["{name}.meta.yaml"]}}


def before(it):
    it.library()
    it.rested("plan.md.meta.yaml", "author: Ann\n")


def do(it):
    it.write("plan.md.meta.yaml", "author: Bob\n")


def holds(it):
    assert it.embedded == []
