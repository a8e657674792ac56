"""Nodes as processes of this machine, each with its share of the cores or a GPU of its own. Knows no files, no table.

Each is a fresh interpreter, never a fork, in a session of its own, and ends with this process.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import subprocess
import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

from embedingest.cluster.claims import ClaimTable
from embedingest.cluster.launcher import GOES_ON, MOST_PARTS, MOST_STARTS, NodeDied, NodeError
from embedingest.cluster.portable import opened
from embedingest.cluster.process import UNEXPECTED
from embedingest.cluster.values import result_from_json
from embedingest.errors import EngineError
from embedingest.inbox import Inbox
from embedingest.ingest.extract.link import Link, pair
from embedingest.ingest.report import REPORTED
from embedingest.system import FROM_OUTSIDE, end_group, group_begun, group_ended, interpreter, signal_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from embedingest.cluster.launcher import Event, NodeOpener
    from embedingest.cluster.shares import Share
    from embedingest.cluster.values import Part, PartProgress

__all__ = ["Processes"]

_log = logging.getLogger(__name__)
_LAST_LINES: Final = 5


class Processes:
    """A node for each of `shares`; see `Launcher`. A node that dies is replaced."""

    def __init__(self, shares: Sequence[Share]) -> None:
        self._shares: Final = tuple(shares)
        self._claims: Final = ClaimTable()
        self._events: Inbox[Event | _Process] = Inbox()
        self._opener = b""
        self._processes: list[_Process] = []
        self._failed_starts = 0

    def start(self, opener: NodeOpener, stop: threading.Event | None = None) -> None:  # noqa: ARG002 -- takes no time
        self._opener = pickle.dumps(opener, pickle.HIGHEST_PROTOCOL)
        self._processes = [self._started(number) for number in range(len(self._shares))]

    @property
    def nodes(self) -> int:
        return len(self._shares)

    @property
    def capacity(self) -> int:
        return sum(max(0, MOST_PARTS - len(process.parts)) for process in self._processes)

    @property
    def under_way(self) -> int:
        return sum(len(process.parts) for process in self._processes)

    @property
    def progress(self) -> list[PartProgress]:
        return [each for process in self._processes for each in process.progress]

    @property
    def pids(self) -> list[int]:
        """The process ids of the nodes."""
        return [process.pid for process in self._processes]

    def submit(self, part: Part) -> None:
        min(self._processes, key=lambda process: len(process.parts)).submit(part)

    def wait(self, seconds: float) -> list[Event]:
        events: list[Event] = []
        try:
            event = self._events.get(timeout=seconds)
            while True:
                if isinstance(event, _Process):
                    events += self._replaced(event)
                else:
                    events.append(event)
                event = self._events.get_nowait()
        except queue.Empty:
            return events

    def release(self, part: int) -> None:
        self._claims.release(part)

    def close(self) -> None:
        processes, self._processes = self._processes, []
        for process in processes:
            process.kill()
        for process in processes:
            process.close()

    def _started(self, number: int) -> _Process:
        """A node's process. It ends with the thread that started it: that of `start` and `wait`."""
        process = _Process(number, self._shares[number], self._claims, self._events.put)
        process.send(self._opener)
        return process

    def _replaced(self, process: _Process) -> list[Event]:
        """A process has ended: another takes its place, unless none ever gets up."""
        if process not in self._processes:
            return []
        process.close()
        died = NodeDied(tuple(process.parts), process.how_it_ended, process.ended_from_outside)
        self._failed_starts = 0 if process.was_ready else self._failed_starts + 1
        if self._failed_starts >= MOST_STARTS:
            self._processes.remove(process)
            message = f"no node could be started ({process.how_it_ended}){process.last_words}"
            return [
                died,
                NodeError(None, EngineError(message, remedy=f"`embedingest doctor` looks for the cause; {GOES_ON}")),
            ]
        self._processes[self._processes.index(process)] = self._started(process.number)
        return [died]


class _Process:
    """One node's process. A thread here listens to it, another to what it says on standard error.

    `parts` are the numbers of what it was given and has not ended, in order, `progress` what it said of them. `post`
    takes what happens, and the process itself once it has ended; it is called from the thread that listens.
    """

    def __init__(self, number: int, share: Share, claims: ClaimTable, post: Callable[[Event | _Process], None]) -> None:
        self.number: Final = number
        self.parts: list[int] = []
        self.progress: tuple[PartProgress, ...] = ()
        self.was_ready = False
        self._claims = claims
        self._post = post
        self._lock = threading.Lock()
        self._last_lines: list[str] = []
        self._link, self._process = _spawned(share)
        self.pid: Final = self._process.pid
        group_begun(self.pid)
        self._threads = [
            threading.Thread(target=run, name=f"node-{number}", daemon=True) for run in (self._listen, self._hear)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, part: Part) -> None:
        """Hand over a part. Where the process is gone, its end tells of it."""
        self.parts.append(part.number)
        self.send(pickle.dumps(("part", part), pickle.HIGHEST_PROTOCOL))

    def send(self, data: bytes) -> None:
        """Send a message, unless the process is gone: then its end is told anyway."""
        try:
            with self._lock:
                self._link.send(data)
        except OSError:
            return

    def kill(self) -> None:
        """End the process, and with it what it started."""
        group_ended(self.pid)
        if self._process.poll() is None:
            end_group(self.pid)

    def close(self) -> None:
        """Wait for the end of a process that was killed, or has ended."""
        self.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        self._link.close()
        if self._process.stderr is not None:
            self._process.stderr.close()

    @property
    def how_it_ended(self) -> str:
        """In words, once it has."""
        status = self._process.returncode
        if status is None or status >= 0:
            return "something that nobody foresaw" if status == UNEXPECTED else f"exit status {status}"
        return signal_name(-status)

    @property
    def ended_from_outside(self) -> bool:
        return -self._process.returncode in FROM_OUTSIDE

    @property
    def last_words(self) -> str:
        """What it said last, for an error that nothing else explains."""
        return f": {self._last_lines[-1]}" if self._last_lines else ""

    def _listen(self) -> None:
        try:
            while True:
                self._took(*pickle.loads(self._link.receive()))  # noqa: S301 -- our own child
        except (EOFError, OSError):
            self._process.wait()
            self._post(self)

    def _took(self, kind: str, *values: Any) -> None:
        if kind == "claim":
            self.send(pickle.dumps(("claimed", self._claims.claim(*values)), pickle.HIGHEST_PROTOCOL))
        elif kind == "log":
            name, level, message, reported = values
            logging.getLogger(name).log(level, "%s", message, extra=REPORTED if reported else None)
        elif kind == "ready":
            self.was_ready = True
        elif kind == "progress":
            (self.progress,) = values
        elif kind == "result":
            number, data = values
            self.parts.remove(number)
            self._post(result_from_json(data))
        else:
            number, error = values
            if number is not None:
                self.parts.remove(number)
            self._post(NodeError(number, opened(error)))

    def _hear(self) -> None:
        assert self._process.stderr is not None
        for said in self._process.stderr:
            if line := said.decode("utf-8", "replace").rstrip():
                self._last_lines = [*self._last_lines[1 - _LAST_LINES :], line]
                _log.warning("node %d says: %s", self.number, line)


def _spawned(share: Share) -> tuple[Link, subprocess.Popen[bytes]]:
    """The link to a fresh process, and the process."""
    with ExitStack() as ours, ExitStack() as theirs:
        link, far = pair()
        ours.callback(link.close)
        theirs.callback(far.close)
        pin = f"os.sched_setaffinity(0, {set(share.cores)!r})" if hasattr(os, "sched_setaffinity") else ""
        level = logging.getLogger().getEffectiveLevel()
        process = subprocess.Popen(
            interpreter("embedingest.cluster.process", far.fileno(), os.getpid(), level, first=pin),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[far.fileno()],
            env={**os.environ, **share.environment()},
            start_new_session=True,  # Ctrl-C in the terminal is for the parent to answer
        )
        ours.pop_all()
    return link, process
