"""LibreOffice's lock file lies beside the document while it is open, and is none itself."""


def do(it):
    lock = it.write(".~lock.plan.md#", ",me,here,26.11.2026 10:00,file:///home/me/.config/libreoffice/4;")
    it.write("plan.md", "The bridge is drawn again.")
    it.seen("plan.md")
    lock.unlink()


def holds(it):
    assert it.embedded == ["The bridge is drawn again."]
