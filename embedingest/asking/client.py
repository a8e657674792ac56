"""Asks the program that has a table open. Imports nothing that takes time, and never waits long for nobody.

A line of JSON goes, a line of JSON comes back; empty lines before it are signs of life, believed for a while.
"""

from __future__ import annotations

import json
import logging
import socket
import time
from typing import TYPE_CHECKING, Any, Final, NoReturn

from embedingest.asking.address import MOST_ANSWER_BYTES, MOST_QUESTION_BYTES, SILENCE_SECONDS, is_supported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.asking.address import Address

__all__ = ["ask"]

_log = logging.getLogger(__name__)
_PIECE_BYTES: Final = 2**16
_LEAST_BYTES_PER_SECOND: Final = 2**20
_MOST_SIGNS: Final = 1000
MOST_WAIT_SECONDS: Final = 30.0
"""After so long who asks does the work itself: it takes less, and whoever gives signs of life may never do more."""


def ask(address: Address, question: Mapping[str, Any]) -> Any:
    """The answer to a question; `None` where nobody is there, or who is there does not answer this. Raises nothing."""
    if not is_supported() or not address.is_ours:
        return None
    line = json.dumps(question).encode() + b"\n"
    if len(line) > MOST_QUESTION_BYTES:
        return None
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(SILENCE_SECONDS)
            with address.reached() as path:
                connection.connect(path)
            connection.sendall(line)
            told = json.loads(_line(connection), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        _log.info("nobody answers at %s: %s", address.path, error)
        return None
    if not isinstance(told, dict) or "answer" not in told:
        _log.info("%s does not answer this: %s", address.path, told)
        return None
    return told["answer"]


def _line(connection: socket.socket) -> bytes:
    """The first line that is not empty. Raises OSError where it ends too early, is too long or takes too long."""
    end = time.monotonic() + MOST_WAIT_SECONDS
    pieces = [_begun(connection, end)]
    size, begun = len(pieces[0]), time.monotonic()
    while not pieces[-1].endswith(b"\n"):
        if size > MOST_ANSWER_BYTES:
            raise ConnectionError("the answer is too long")
        # An answer is sent in one go: what trickles is none.
        pieces.append(_received(connection, min(end, begun + SILENCE_SECONDS + size / _LEAST_BYTES_PER_SECOND)))
        size += len(pieces[-1])
    return b"".join(pieces)


def _begun(connection: socket.socket, end: float) -> bytes:
    """What follows the signs of life. Raises OSError."""
    signs = 0
    while signs <= _MOST_SIGNS:
        piece = _received(connection, min(end, time.monotonic() + SILENCE_SECONDS))
        if answer := piece.lstrip(b"\n"):
            return answer
        signs += len(piece)
    raise ConnectionError("it gives more signs of life than anybody needs")


def _received(connection: socket.socket, end: float) -> bytes:
    """What comes next, waited for until `end`, a time of the monotonic clock. Raises OSError."""
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise TimeoutError("the answer takes too long")
    connection.settimeout(seconds)
    piece = connection.recv(_PIECE_BYTES)
    if not piece:
        raise ConnectionError("it ended before the answer")
    return piece


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
