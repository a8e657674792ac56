"""Asks the program that has a table open. Imports nothing that takes time, and never waits long for nobody.

A line of JSON goes, a line of JSON comes back; empty lines before it are signs of life.
"""

from __future__ import annotations

import json
import logging
import socket
from typing import TYPE_CHECKING, Any

from embedingest.asking.address import MOST_ANSWER_BYTES, MOST_QUESTION_BYTES, SILENCE_SECONDS, is_supported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.asking.address import Address

__all__ = ["ask"]

_log = logging.getLogger(__name__)
_PIECE_BYTES = 2**16


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
            told = json.loads(_line(connection))
    except (OSError, ValueError, RecursionError) as error:
        _log.info("nobody answers at %s: %s", address.path, error)
        return None
    if not isinstance(told, dict) or "answer" not in told:
        _log.info("%s does not answer this: %s", address.path, told)
        return None
    return told["answer"]


def _line(connection: socket.socket) -> bytes:
    """The first line that is not empty. Raises OSError where it ends too early, or is too long."""
    pieces: list[bytes] = []
    size = 0
    while True:
        piece = connection.recv(_PIECE_BYTES)
        if not piece:
            raise ConnectionError("it ended before the answer")
        if not pieces:
            piece = piece.lstrip(b"\n")
        if piece:
            pieces.append(piece)
        size += len(piece)
        if piece.endswith(b"\n"):
            return b"".join(pieces)
        if size > MOST_ANSWER_BYTES:
            raise ConnectionError("the answer is too long")
