"""A folder is removed and made again with other documents."""

import shutil


def do(it):
    shutil.rmtree(it.path("work"))
    it.write("work/cats.md", "The cat came after the dog.")
    it.write("work/inner/rats.md", "The rat came with the cat.")
