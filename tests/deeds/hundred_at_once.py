"""A hundred small documents come at once."""


def do(it):
    for number in range(100):
        it.write(f"many/doc{number}.md", f"One of a hundred, number {number}.")


def holds(it):
    assert len(it.embedded) == 100
