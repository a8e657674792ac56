"""What runs inside a node's process: parts come in over a socket, outcomes go out. Started by `processes` only.

It dies with its parent, and cannot be interrupted from the terminal. One thread listens, one works.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import signal
import threading
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from embedingest.cluster.launcher import TELL_SECONDS
from embedingest.cluster.portable import packed
from embedingest.cluster.values import result_to_json
from embedingest.errors import EmbedingestError
from embedingest.ingest.extract.link import Link
from embedingest.ingest.report import REPORTED
from embedingest.system import die_with, leave_no_core

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.cluster.launcher import NodeOpener, NodeWorker
    from embedingest.cluster.values import Part, PartProgress

__all__ = ["UNEXPECTED", "main"]

UNEXPECTED: Final = 70
"""The exit status of a node that met what nobody foresaw; its last words say what."""


def main(link: int, parent: int, level: int) -> None:
    """Work at parts until the other end is closed; log records from `level` on are the parent's to write."""
    die_with(parent)
    leave_no_core()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.set_inheritable(link, False)
    driver = _Driver(Link(link))
    logging.basicConfig(level=level, handlers=[_ToDriver(driver)])
    logging.captureWarnings(True)
    node = _Node(driver, pickle.loads(driver.receive()))  # noqa: S301 -- from our own parent
    threading.Thread(target=node.run, name="work", daemon=True).start()
    try:
        while True:
            kind, value = pickle.loads(driver.receive())  # noqa: S301 -- from our own parent
            if kind == "part":
                node.add(value)
            else:
                node.claimed.put(value)
    except (EOFError, OSError):
        os._exit(0)  # there is nobody to work for


class _Driver:
    """The other end of the link. Many threads say something; each message is whole."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()

    def receive(self) -> bytearray:
        return self._link.receive()

    def say(self, kind: str, *values: Any) -> None:
        data = pickle.dumps((kind, *values), pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._link.send(data)


class _Node:
    """Opens the node in the thread that works, and hands it each part twice: to be read ahead, and to be worked at."""

    def __init__(self, driver: _Driver, opener: NodeOpener) -> None:
        self._driver = driver
        self._opener = opener
        self._parts: queue.SimpleQueue[Part] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._early: list[Part] = []
        self._worker: NodeWorker | None = None
        self.claimed: queue.SimpleQueue[set[str]] = queue.SimpleQueue()

    def add(self, part: Part) -> None:
        """Another part; called where the link is read."""
        with self._lock:
            if self._worker is None:
                self._early.append(part)
            else:
                self._worker.prepare(part)
        self._parts.put(part)

    def claim(self, keys: Sequence[str], part: int) -> set[str]:
        self._driver.say("claim", list(keys), part)
        return self.claimed.get()

    def run(self) -> None:
        part: Part | None = None
        try:
            worker = self._opener(self)
            with self._lock:
                self._worker, early = worker, self._early
                for some in early:
                    worker.prepare(some)
            self._driver.say("ready")
            threading.Thread(target=self._tell, args=(worker,), name="progress", daemon=True).start()
            while True:
                part = self._parts.get()
                try:
                    self._driver.say("result", part.number, result_to_json(worker.work(part)))
                except EmbedingestError as error:
                    self._driver.say("error", part.number, packed(error))
        except EmbedingestError as error:  # the node cannot be opened
            self._driver.say("error", None, packed(error))
        except OSError:
            os._exit(0)  # the driver is gone
        except BaseException:  # noqa: BLE001 -- whatever it is, the parent hears of it by this process's end
            traceback.print_exc()
            os._exit(UNEXPECTED)

    def _tell(self, worker: NodeWorker) -> None:
        """Say how far the parts are, once a second where that is something else."""
        told: Sequence[PartProgress] = ()
        with suppress(OSError):  # the driver is gone
            while True:
                time.sleep(TELL_SECONDS)
                if (progress := worker.progress) != told:
                    told = progress
                    self._driver.say("progress", tuple(progress))


class _ToDriver(logging.Handler):
    """Sends what is logged to the driver, which has the terminal and the log file."""

    def __init__(self, driver: _Driver) -> None:
        super().__init__()
        self._driver = driver

    def emit(self, record: logging.LogRecord) -> None:
        try:
            reported = any(getattr(record, key, None) for key in REPORTED)
            self._driver.say("log", record.name, record.levelno, record.getMessage(), reported)
        except Exception:  # noqa: BLE001 -- as every handler
            self.handleError(record)
