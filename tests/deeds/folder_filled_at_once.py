"""Folders are made and filled before anybody can watch them."""


def do(it):
    for number in range(10):
        it.write(f"new{number}/deeper/still/one.md", f"At once in folder {number}.")


def holds(it):
    assert len(it.embedded) == 10
