"""Checks what a program hands to the front door: the argument, what was given and what is wanted. Knows no function."""

from __future__ import annotations

import difflib
import os
import reprlib
from collections.abc import Iterable, Mapping, Set
from typing import TYPE_CHECKING, Any, NamedTuple, SupportsIndex

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CALLABLE", "FLAG", "NAME", "NAMES", "PATH", "PROGRESS", "STOP", "TEXT", "WHOLE",
    "Wanted", "check", "count", "one_of", "or_none", "text_list", "unfit",
]  # fmt: skip


class Wanted(NamedTuple):
    """What an argument must be, in words and as a test. `choices` are the words there are, where they are few."""

    words: str
    fits: Callable[[Any], bool]
    choices: tuple[str, ...] = ()


TEXT = Wanted("a text", lambda value: isinstance(value, str))
NAME = Wanted("a text that is not empty", lambda value: isinstance(value, str) and value != "")
PATH = Wanted(
    "a path, as a text or a Path", lambda value: isinstance(value, (str, os.PathLike)) and os.fspath(value) != ""
)
WHOLE = Wanted("a whole number", lambda value: isinstance(value, SupportsIndex) and not isinstance(value, bool))
FLAG = Wanted("True or False", lambda value: isinstance(value, bool))
CALLABLE = Wanted("a function", callable)
PROGRESS = Wanted("True, False or a function", lambda value: isinstance(value, bool) or callable(value))
STOP = Wanted(
    "a threading.Event", lambda value: all(callable(getattr(value, name, None)) for name in ("is_set", "set", "wait"))
)
NAMES = Wanted(
    'a list of texts, such as ["…"]',
    lambda value: (
        not isinstance(value, (str, bytes, Mapping))
        and isinstance(value, Iterable)
        and all(isinstance(item, str) for item in value)
    ),
)


def count(least: int) -> Wanted:
    """A whole number from `least` on."""
    return Wanted(f"a whole number from {least} on", lambda value: WHOLE.fits(value) and int(value) >= least)


def one_of(*choices: str) -> Wanted:
    """One of a few words."""
    *others, last = [f'"{choice}"' for choice in choices]
    words = f"{', '.join(others)} or {last}" if others else last
    return Wanted(words, lambda value: isinstance(value, str) and value in choices, choices)


def or_none(wanted: Wanted) -> Wanted:
    """That, or None."""
    return wanted._replace(words=f"{wanted.words}, or None", fits=lambda value: value is None or wanted.fits(value))


def check(**arguments: tuple[Any, Wanted]) -> None:
    """Raises ConfigError for the first argument, by name, whose value is not what is wanted."""
    for name, (value, wanted) in arguments.items():
        if not wanted.fits(value):
            raise unfit(name, value, wanted)


def unfit(name: str, value: Any, wanted: Wanted) -> ConfigError:
    """The error for an argument that has a value which is not what is wanted."""
    near = difflib.get_close_matches(value, wanted.choices, n=1) if isinstance(value, str) else []
    remedy = f"did you mean `{near[0]}`?" if near else f"give {wanted.words}"
    return ConfigError(f"`{name}` was given {reprlib.repr(value)}; {wanted.words} is wanted", remedy=remedy)


def text_list(name: str, value: Any) -> list[str]:
    """One text, or several, as a list. Raises ConfigError that names the first item that is none."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, (bytes, bytearray, Mapping, Set)) or not isinstance(value, Iterable):
        raise unfit(name, value, Wanted("a text or a list of texts", lambda _: False))
    texts = list(value)
    check(**{f"{name}[{index}]": (text, TEXT) for index, text in enumerate(texts) if not isinstance(text, str)})
    return texts
