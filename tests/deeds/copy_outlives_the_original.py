"""A copy stays when the original goes: copied, then removed."""

import shutil


def do(it):
    shutil.copy2(it.path("plan.md"), it.path("work/plan.md"))
    it.until(lambda: "docs/work/plan.md" in it.following.sources())
    it.path("plan.md").unlink()


def holds(it):
    assert it.embedded == []
