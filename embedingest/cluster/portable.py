"""Errors as they travel between processes: class, message and way out. Knows no error by name but the base."""

from __future__ import annotations

import contextlib
import pickle
from typing import TypeAlias

from embedingest.errors import EmbedingestError

__all__ = ["Portable", "opened", "packed"]

Portable: TypeAlias = bytes


def packed(error: EmbedingestError) -> Portable:
    """An error without its cause, whose text is in the message."""
    cls = type(error)
    return pickle.dumps((cls if cls.__module__ == EmbedingestError.__module__ else None, error.message, error.remedy))


def opened(data: Portable) -> EmbedingestError:
    """The error, of the class that it had where that is one of ours."""
    cls, message, remedy = pickle.loads(data)  # noqa: S301 -- from a process that this one started
    error: EmbedingestError | None = None
    with contextlib.suppress(TypeError):
        error = (cls or EmbedingestError)(message, remedy=remedy)
    if error is None:
        error = EmbedingestError(message, remedy=remedy)
    error.message, error.remedy, error.args = message, remedy, (message,)
    return error
