"""`sed -i` writes a file without suffix and renames it over, the mode kept."""


def do(it):
    for name in ("notes/apes.md", "notes/bees.md", "work/dogs.md"):
        path = it.path(name)
        aside = it.write(f"{path.parent.name}/sedA1b2C3", path.read_text().replace("The", "Every"))
        aside.chmod(0o644)
        aside.rename(path)
