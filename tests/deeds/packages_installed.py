"""`node_modules` and a virtual environment appear: nobody's documents."""


def do(it):
    it.write("node_modules/left/README.md", "# left")
    it.write(".venv/lib/readme.md", "# venv")
    it.write("__pycache__/x.md", "# cache")
