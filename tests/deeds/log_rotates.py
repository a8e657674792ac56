"""The log is renamed and a new one begun: the old rows move, nothing is embedded twice."""


def before(it):
    it.library()
    it.rested("app.txt", "Yesterday the application was started and stopped.")


def do(it):
    it.path("app.txt").rename(it.path("app.1.txt"))
    it.write("app.txt", "Today it was started again.")


def holds(it):
    assert it.embedded == ["Today it was started again."]
