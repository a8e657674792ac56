"""A file with a large hole in it, and text behind the hole."""


def do(it):
    with it.path("holes.txt").open("wb") as file:
        file.write(b"Before the hole.\n")
        file.seek(1_000_000)
        file.write(b"\nBehind the hole.")
