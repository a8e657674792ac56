"""`copytruncate`: the log is copied, then cut to nothing and written on."""

import shutil


def before(it):
    it.library()
    it.rested("app.txt", "Yesterday the application was started and stopped.")


def do(it):
    shutil.copyfile(it.path("app.txt"), it.path("app.1.txt"))
    with it.path("app.txt").open("r+") as log:
        log.truncate(0)
        log.write("Today it was started again.")


def holds(it):
    assert it.embedded == ["Today it was started again."]
