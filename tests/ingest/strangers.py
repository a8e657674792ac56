"""A small distribution on disk, as a stranger would install it: loaders that misbehave, through the real door."""

from __future__ import annotations

import sys
from contextlib import contextmanager

MODULE = '''
import ctypes, os, signal, time
from embedingest.types import Document

class Moody:
    """Does what the file says."""
    name, version, suffixes, mimes = "moody", "1", frozenset({".moody"}), frozenset()

    def load(self, data, name):
        word, _, rest = data.decode().partition(" ")
        if word == "hang":
            time.sleep(600)
        if word == "nap":
            time.sleep(float(rest.split()[0]))
        if word == "abort":
            os.abort()
        if word == "exit":
            os._exit(7)
        if word == "once" and not os.path.exists(rest):
            open(rest, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "hold":  # tells its process, and goes on once it may
            with open(rest + ".new", "w") as file:
                file.write(str(os.getpid()))
            os.rename(rest + ".new", rest + ".pid")
            while not os.path.exists(rest):
                time.sleep(0.01)
        if word == "tally":
            with open(rest, "a") as file:
                file.write(name + chr(10))
        if word == "fill":  # as a library in C that does not look at what malloc says
            libc = ctypes.CDLL(None)
            libc.malloc.restype = ctypes.c_void_p
            while True:
                ctypes.memset(libc.malloc(2**20), 1, 2**20)
        if word == "new":  # as a library in C++ whose exceptions nobody catches
            ctypes.CDLL("libstdc++.so.6")._Znwm(ctypes.c_size_t(2**40))
        if word == "eat":
            return Document(source=name, text=str(len(bytearray(int(rest)))))
        if word == "nest":
            return self.load(data, name)
        if word == "raise":
            raise ValueError("no such cell")
        if word == "print":
            print("noise" * 100_000, flush=True)
        if word == "pid":
            return Document(source=name, text=str(os.getpid()))
        if word == "inner":
            child = Document(source=name + "!/part.txt", text="the inner document")
            return Document(source=name, text="the outer document", children=(child,))
        return Document(source=name, text=data.decode())

def create(*, shout: bool = False):
    return Moody()
'''


@contextmanager
def installed(folder, *, loader="moody", module=MODULE):
    """The distribution `moody-files` on the path of this process and of what it starts; another loader of that name."""
    info = folder / f"{loader}_files-1.0.dist-info"
    info.mkdir()
    (folder / f"{loader}_files.py").write_text(module)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {loader}-files\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[embedingest.loaders]\n{loader} = {loader}_files:create\n")
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop(f"{loader}_files", None)
