"""The topmost of many nested folders gets another name."""


def before(it):
    it.library()
    for number in range(8):
        it.rested("top/" + "/".join(f"level{n}" for n in range(number)) + "/doc.md", f"On level {number}.")


def do(it):
    it.path("top").rename(it.path("head"))


def holds(it):
    assert it.embedded == []
