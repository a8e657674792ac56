"""Pipes and sockets appear: they are never opened, and hold nobody up."""

import os
import socket


def do(it):
    os.mkfifo(it.path("pipe.md"))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(it.path("s.md")))
        it.write("later.md", "Written beside the pipe.")
        it.seen("later.md")
