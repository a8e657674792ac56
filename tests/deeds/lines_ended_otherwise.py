"""Line ends become those of another system."""


def do(it):
    path = it.path("notes/apes.md")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
