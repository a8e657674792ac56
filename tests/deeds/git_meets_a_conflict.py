"""A merge that conflicts leaves its marks in the document; then it is given up."""

import subprocess


def before(it):
    it.work_tree()


def do(it):
    it.git("checkout", "-b", "topic")
    it.write("plan.md", "The plan as the topic wants it.")
    it.git("commit", "-am", "topic")
    it.git("checkout", "main")
    it.write("plan.md", "The plan as main wants it.")
    it.git("commit", "-am", "main")
    subprocess.run(["git", "merge", "topic"], cwd=it.folder, check=False, capture_output=True)
    assert "<<<<<<<" in it.path("plan.md").read_text()
    it.until(lambda: any("<<<<<<<" in text for text in it.following.texts()))
    it.git("merge", "--abort")
