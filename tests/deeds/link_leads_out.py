"""A link out of the root is not followed unless that is asked for."""


def do(it):
    outside = it.world.base / "outside.md"
    outside.write_text("What lies outside stays outside.")
    it.path("link.md").symlink_to(outside)


def holds(it):
    assert it.embedded == []
