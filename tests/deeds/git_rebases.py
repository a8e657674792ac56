"""A rebase writes files through several versions."""


def before(it):
    it.work_tree()


def do(it):
    it.git("checkout", "-b", "topic")
    for number in range(3):
        it.write(f"notes/new{number}.md", f"What is new under {number}.")
        it.git("add", ".")
        it.git("commit", "-m", f"{number}")
    it.git("checkout", "main")
    it.write("plan.md", "The plan of the main branch.")
    it.git("commit", "-am", "main")
    it.git("checkout", "topic")
    it.git("rebase", "main")
