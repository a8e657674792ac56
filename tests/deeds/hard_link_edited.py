"""A file with two names is edited through one of them: both documents change."""


def before(it):
    it.library()
    it.path("work/plan.md").hardlink_to(it.path("plan.md"))


def do(it):
    with it.path("plan.md").open("a") as file:
        file.write("\n\nThis line has two names.")
    # The system tells of the name that was used; the other is told by a touch.
    it.path("work/plan.md").touch()
