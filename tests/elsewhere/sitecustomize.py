"""In every process that has this folder on PYTHONPATH, our modules see a computer that has nothing of POSIX's own.

Python's own modules and other people's keep theirs: what a system of another kind would bring for them is not the question.
"""

import ast
import importlib.machinery
import re
import sys
import types

GONE = {
    "fcntl": None, "resource": None, "pwd": None, "grp": None, "termios": None, "syslog": None,
    "os": (
        "O_NOFOLLOW O_DIRECTORY O_CLOEXEC O_NONBLOCK O_PATH O_NOATIME geteuid getuid getegid getgid getgroups killpg getpgid "
        "setsid register_at_fork fork mkfifo sched_getaffinity sched_setaffinity sysconf statvfs fstatvfs getloadavg nice "
        "chown fchown lchown pread pwrite preadv posix_fadvise posix_fallocate setpriority wait4 waitpid WNOHANG uname "
        "getxattr listxattr memfd_create copy_file_range sendfile fdatasync"
    ),
    "signal": "SIGHUP SIGKILL SIGUSR1 SIGUSR2 SIGALRM SIGCHLD SIGPIPE SIGQUIT SIGSTOP SIGCONT setitimer ITIMER_REAL alarm",
    "socket": "AF_UNIX SO_PEERCRED SO_REUSEPORT",
    "select": "poll epoll POLLIN POLLPRI",
    "time": "clock_gettime CLOCK_MONOTONIC CLOCK_BOOTTIME tzset",
}  # fmt: skip
CHANGED = {
    "os": {"supports_dir_fd": set(), "supports_fd": set(), "supports_effective_ids": set(), "supports_follow_symlinks": set()},
    "sys": {"platform": "elsewhere"},
}  # fmt: skip


IMPORTS = re.compile(rb"^\s*(?:import|from)\s+(?:%s)\b" % "|".join({*GONE, *CHANGED}).encode(), re.MULTILINE)


class Less(types.ModuleType):
    """A module without some of its names."""

    def __init__(self, real):
        super().__init__(real.__name__)
        self.__dict__["_real"], self.__dict__["_gone"] = real, set((GONE.get(real.__name__) or "").split())
        self.__dict__.update(CHANGED.get(real.__name__, {}))

    def __getattr__(self, name):
        if name in self._gone:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self._real, name)

    def __setattr__(self, name, value):
        setattr(self._real, name, value)


def less(name):
    """The module of this name as our modules see it. Raises ModuleNotFoundError."""
    if GONE.get(name, "") is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    __import__(name)
    return Less(sys.modules[name])


class Rewritten(ast.NodeTransformer):
    """`import os` as `os = less("os")`."""

    def visit_Import(self, node):
        names = {alias.name for alias in node.names}
        if not names & {*GONE, *CHANGED}:
            return node
        assert len(node.names) == 1
        (alias,) = node.names
        call = f"{alias.asname or alias.name} = __import__('sitecustomize').less({alias.name!r})"
        return ast.copy_location(ast.parse(call).body[0], node)

    def visit_ImportFrom(self, node):
        assert node.module not in {*GONE, *CHANGED}, f"from {node.module} import … is not seen through"
        return node


class Loader(importlib.machinery.SourceFileLoader):
    """Compiles those of our modules that import any of it with these imports rewritten, and keeps nothing of them."""

    def get_code(self, fullname):
        if not IMPORTS.search(self.get_data(self.path)):
            return super().get_code(fullname)
        tree = Rewritten().visit(ast.parse(self.get_data(self.path)))
        return compile(ast.fix_missing_locations(tree), self.path, "exec", dont_inherit=True)


class Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, fullname, path=None, target=None):
        if fullname.partition(".")[0] != "embedingest":
            return None
        spec = super().find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = Loader(fullname, spec.loader.path)
        return spec


sys.meta_path.insert(0, Finder)
