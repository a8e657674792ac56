"""A sync client writes a hidden temporary name, then the document, then a conflicted copy."""


def do(it):
    it.write(".syncthing.plan.md.tmp", "The plan from the telephone.").rename(it.path("plan.md"))
    it.write("plan (conflicted copy 2026-11-26).md", "The plan from the laptop.")
