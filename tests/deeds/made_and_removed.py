"""A document that lives for a moment only leaves nothing behind."""


def do(it):
    for number in range(20):
        it.write(f"moment{number}.md", f"For a moment, {number}.").unlink()
