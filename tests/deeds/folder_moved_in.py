"""A folder is moved into the root in one step."""


def do(it):
    outside = it.world.base / "outside"
    for number in range(5):
        path = outside / f"deep{number}" / "one.md"
        path.parent.mkdir(parents=True)
        path.write_text(f"One of the outside, {number}.")
    outside.rename(it.path("inside"))


def holds(it):
    assert len(it.embedded) == 5
