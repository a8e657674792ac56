"""Answers questions about one table at its socket, for as long as a program lives. Knows no question itself.

Who is first keeps the place, by a lock that the system takes back from whoever is killed; what a dead one left there is
replaced, and others look from time to time whether the place is free. Each question has a thread, which gives signs of
life while the answer is made in another, or waits in line for one.
"""

from __future__ import annotations

import json
import logging
import selectors
import socket
import struct
import threading
import time
import weakref
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from embedingest.asking.address import MOST_ANSWER_BYTES, MOST_QUESTION_BYTES, SILENCE_SECONDS, is_supported
from embedingest.asking.place import Place
from embedingest.system import after_fork_in_child, user_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from embedingest.asking.address import Address

    Answer: TypeAlias = Callable[[Mapping[str, Any]], Any]

__all__ = ["listening"]

_log = logging.getLogger(__name__)
_MOST_AT_ONCE: Final = 8
_MOST_WAITING: Final = 256
_LOOK_SECONDS: Final = 1.0
_SIGN_SECONDS: Final = SILENCE_SECONDS / 4
_SEND_SECONDS: Final = 10.0
_PIECE_BYTES: Final = 2**16
_PAUSE_SECONDS: Final = 0.1
_listeners: weakref.WeakSet[_Listener] = weakref.WeakSet()


@contextmanager
def listening(address: Address, answer: Answer) -> Iterator[bool]:
    """While inside, questions are answered by `answer`, which gives `None` for what somebody else is to do.

    It is called from several threads. Told whether anybody can ask: another program may be here first, the system may
    have no such sockets, or the folder may not be written. Raises nothing of its own.
    """
    candidate = _Candidate(address, answer)
    try:
        yield candidate.begin()
    finally:
        candidate.end()


class _Candidate:
    """Who answers as soon as the place is free, and from then on until `end`."""

    def __init__(self, address: Address, answer: Answer) -> None:
        self._address = address
        self._answer = answer
        self._listener: _Listener | None = None
        self._ended = threading.Event()
        self._waiting: threading.Thread | None = None

    def begin(self) -> bool:
        """Take the place, or begin to wait for it where another program has it. Whether it was taken."""
        if self._takes_or_gives_up():
            return self._listener is not None
        self._waiting = threading.Thread(target=self._wait, name="asked-next", daemon=True)
        self._waiting.start()
        return False

    def end(self) -> None:
        """Wait for the place no more, or leave it."""
        self._ended.set()
        if self._waiting is not None:
            self._waiting.join()
        if self._listener is not None:
            self._listener.close()

    def _wait(self) -> None:
        # Looks, since nothing ends a thread that waits for a lock.
        while not self._ended.wait(_LOOK_SECONDS):
            if self._takes_or_gives_up():
                return

    def _takes_or_gives_up(self) -> bool:
        """False where another program has the place, which may be taken later."""
        try:
            self._listener = _Listener(self._address, self._answer) if is_supported() else None
        except BlockingIOError:
            return False
        except (OSError, RuntimeError) as error:  # no socket can be made there, no thread be started
            _log.info("nobody can ask at %s: %s", self._address.path, error)
        return True


class _Listener:
    """A bound socket and the threads behind it. Raises OSError where it cannot be bound, or another program has it."""

    def __init__(self, address: Address, answer: Answer) -> None:
        self._address = address
        self._answer = answer
        self._connections: set[socket.socket] = set()
        self._closing = False
        self._files = ExitStack()
        address.make_folder()
        self._place = Place(address.lock)
        try:
            self._bind()
            self._pool = ThreadPoolExecutor(_MOST_AT_ONCE, "answer")
            self._thread = threading.Thread(target=self._accept, name="asked", daemon=True)
            self._thread.start()
        except BaseException:
            self._files.close()
            self._place.leave()
            raise
        _listeners.add(self)

    def _bind(self) -> None:
        address = self._address
        self._socket = self._files.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        address.path.unlink(missing_ok=True)
        with address.reached() as path:
            self._socket.bind(path)
        address.path.chmod(0o600)
        self._identity = address.identity
        self._socket.listen(_MOST_WAITING)
        self._socket.setblocking(False)
        self._waking, woken = socket.socketpair()
        self._woken = self._files.enter_context(woken)
        self._files.enter_context(self._waking)
        self._selector = self._files.enter_context(selectors.DefaultSelector())
        for each in (self._socket, self._woken):
            self._selector.register(each, selectors.EVENT_READ)

    def close(self) -> None:
        """Take the socket away. Who waits for an answer is left, and does the work itself."""
        if self not in _listeners:  # this is a child, and the place is its parent's
            return
        self._closing = True
        if self._identity == self._address.identity:  # the folder may have been removed, and another made by now
            with suppress(OSError):
                self._address.path.unlink(missing_ok=True)
        self._waking.send(b"x")
        self._thread.join()
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._pool.shutdown(cancel_futures=True)
        _listeners.discard(self)
        self._files.close()
        self._place.leave()

    def abandon(self) -> None:
        """Give the descriptors back; what lies in the folder stays."""
        _listeners.discard(self)
        self._place.abandon()
        self._files.close()

    def _accept(self) -> None:
        while not self._closing:
            self._selector.select()
            try:
                connection, _ = self._socket.accept()
            except BlockingIOError:
                continue
            except OSError as error:  # out of descriptors, say: who asks is still there, and would be at once again
                _log.info("nobody is heard for now: %s", error)
                time.sleep(_PAUSE_SECONDS)
                continue
            self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(SILENCE_SECONDS)
            if len(self._connections) < _MOST_WAITING and _is_of_this_user(connection):
                self._connections.add(connection)
                threading.Thread(target=self._serve, args=(connection,), name="asked-one", daemon=True).start()
                return
        except (OSError, RuntimeError) as error:  # no thread can be started
            _log.info("a question is not heard: %s", error)
            self._connections.discard(connection)
        connection.close()

    def _serve(self, connection: socket.socket) -> None:
        try:
            # Of the pool: the program ends, and takes no questions any more, or leaves those that wait.
            with connection, suppress(OSError, RuntimeError, CancelledError):
                line = _question(connection)
                if line is not None and not self._closing:
                    self._reply(connection, self._pool.submit(self._told, line))
        finally:
            self._connections.discard(connection)

    def _reply(self, connection: socket.socket, told: Future[bytes]) -> None:
        while True:
            try:
                line = told.result(timeout=_SIGN_SECONDS)
            except TimeoutError:
                try:
                    connection.sendall(b"\n")
                except OSError:  # who left is not searched for any more
                    told.cancel()
                    raise
                continue
            connection.settimeout(_SEND_SECONDS)
            connection.sendall(line)
            return

    def _told(self, line: bytes) -> bytes:
        """The answer as a line. What fails here fails again, in its own words, where the question came from."""
        try:
            answer = self._answer(json.loads(line))
            text = json.dumps({"refused": "not here"} if answer is None else {"answer": answer}, default=str)
        except Exception as error:  # noqa: BLE001 -- nothing that is asked ends the program
            _log.info("a question was not answered: %s", error)
            text = json.dumps({"refused": str(error)})
        return text.encode() + b"\n" if len(text) < MOST_ANSWER_BYTES else b'{"refused": "the answer is too long"}\n'


def _question(connection: socket.socket) -> bytes | None:
    """A line; `None` for one that is not whole, or too long. Raises OSError."""
    pieces: list[bytes] = []
    size = 0
    while size <= MOST_QUESTION_BYTES and (piece := connection.recv(_PIECE_BYTES)):
        pieces.append(piece)
        size += len(piece)
        if piece.endswith(b"\n"):
            return b"".join(pieces)
    return None


def _is_of_this_user(connection: socket.socket) -> bool:
    """Whether who connected runs as this user; the folder's rights say so where the system does not."""
    credentials = getattr(socket, "SO_PEERCRED", None)
    if credentials is None:
        return True
    _, user, _ = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, credentials, struct.calcsize("3i")))
    return bool(user == user_id())


def _leave_to_parent() -> None:
    """In a forked child: the place is the parent's, and stays so no longer than the parent lives."""
    for listener in list(_listeners):
        with suppress(OSError):  # not every system hands on every kind of descriptor
            listener.abandon()


after_fork_in_child(_leave_to_parent)
