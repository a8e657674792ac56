"""Saved under another name and edited there: two documents."""


def do(it):
    it.write("plan-2.md", it.path("plan.md").read_text() + "\n\nThe second plan says more.")
