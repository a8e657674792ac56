"""Names as long as a file system takes them."""


def do(it):
    it.write("n" * 252 + ".md", "Under a long name.")
    it.write("f" * 255 + "/" + "m" * 252 + ".md", "Under a long name in a long name.")
