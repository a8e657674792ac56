"""rsync writes hidden names, keeps old times and renames: new, changed and unchanged files."""


def do(it):
    for name, text in {"plan.md": "The plan from elsewhere.", "new/one.md": "One from elsewhere."}.items():
        path = it.path(name)
        aside = it.rested(f"{path.parent.relative_to(it.folder)}/.{path.name}.a1B2c3", text)
        aside.rename(path)
