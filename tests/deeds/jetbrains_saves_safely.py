"""A safe write of an IDE: `___jb_tmp___` and `___jb_old___` come and go."""


def do(it):
    new = it.write("plan.md___jb_tmp___", "The bridge compiles.")
    old = it.path("plan.md___jb_old___")
    it.path("plan.md").rename(old)
    new.rename(it.path("plan.md"))
    old.unlink()
