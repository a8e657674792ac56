"""What desktops leave in folders is no document."""


def do(it):
    it.write(".DS_Store", b"\0\0\0\1Bud1")
    it.write("Thumbs.db", b"\xd0\xcf\x11\xe0")
    it.write("desktop.ini", "[.ShellClassInfo]")
    it.write("._plan.md", b"\0\5\x16\7")
