"""The root itself gets another name for a while."""


def do(it):
    away = it.folder.rename(it.world.base / "elsewhere")
    it.until(lambda: it.following.notices)
    away.rename(it.folder)


def holds(it):
    assert it.embedded == []
    assert not it.pending()
