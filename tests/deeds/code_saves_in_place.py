"""An editor that writes in place: the file is cut to nothing and written again."""


def do(it):
    with it.path("plan.md").open("r+b") as file:
        file.truncate(0)
        file.write(b"The bridge waits for steel.")


def holds(it):
    assert it.embedded == ["The bridge waits for steel."]
