"""One setting out of git's configuration files, read as git reads them. Runs no git.

Includes are followed; those that hang on a condition are not.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["git_setting", "path_of_home", "user_config_folder"]

_MOST_BYTES: Final = 1 << 20
_DEEPEST: Final = 10
_MOST_FILES: Final = 100
_BLANK: Final = re.compile(r"(?:\s|[#;][^\n]*+)*+")
_SECTION: Final = re.compile(r'\[([A-Za-z0-9.-]++)(?:[ \t]++"((?:[^"\\\n]|\\.)*+)")?\]')
_NAME: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[ \t]*(=|(?=\n)|\Z)")
_ESCAPES: Final = {"n": "\n", "t": "\t", "b": "\b", "\n": ""}


def git_setting(section: str, name: str, repository: str) -> str | None:
    """The value that counts: of the system's file, the user's and `repository`'s the last; None where none has it."""
    found = None
    for path in (*_config_files(), repository):
        for in_section, variable, value in _settings(path, 0, []):
            if (in_section, variable) == (section, name):
                found = value
    return found


def user_config_folder() -> str:
    """Where git keeps what is a user's own."""
    return os.path.join(os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "git")


def path_of_home(value: str, folder: str) -> str:
    """A path as git's configuration gives it, made absolute: `~` is a home, anything else counts from `folder`."""
    return os.path.join(folder, os.path.expanduser(value)) if value else ""


def _config_files() -> Iterator[str]:
    if os.environ.get("GIT_CONFIG_NOSYSTEM", "").lower() in {"", "0", "false", "no", "off"}:
        yield os.environ.get("GIT_CONFIG_SYSTEM") or "/etc/gitconfig"
    user = os.environ.get("GIT_CONFIG_GLOBAL")
    if user is not None:
        yield user
    else:
        yield os.path.join(user_config_folder(), "config")
        yield os.path.expanduser("~/.gitconfig")


def _settings(path: str, depth: int, read: list[str]) -> Iterator[tuple[str, str, str]]:
    """Section, name and value of each setting, those of included files where they are included.

    What git would refuse ends the file. `read` are the files so far: one that includes itself twice would never end.
    """
    read.append(path)
    section, text, at = "", _text(path), 0
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank is not None else at
        head = _SECTION.match(text, at)
        if head is not None:
            section = head[1].lower() + (f".{head[2]}" if head[2] is not None else "")
            at = head.end()
            continue
        variable = _NAME.match(text, at)
        if variable is None:
            return
        name = variable[1].lower()
        value, at = _value(text, variable.end()) if variable[2] else ("", variable.end())
        if (section, name) == ("include", "path") and depth < _DEEPEST and len(read) < _MOST_FILES:
            yield from _settings(path_of_home(value, os.path.dirname(path)), depth + 1, read)
        yield section, name, value


def _text(path: str) -> str:
    """What a file holds; nothing where it cannot be read."""
    try:
        if not os.path.isfile(path):
            return ""
        with open(path, "rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError:
        return ""
    return os.fsdecode(data).removeprefix("\ufeff").replace("\r\n", "\n")


def _value(text: str, at: int) -> tuple[str, int]:
    """A value without its quotes, escapes and remark, and where it ends."""
    value, kept, quoted = "", 0, False
    while at < len(text) and text[at] != "\n":
        character = text[at]
        if character in "#;" and not quoted:
            end = text.find("\n", at)
            return value[:kept], len(text) if end < 0 else end
        if character == "\\":
            at += 1
            value += _ESCAPES.get(text[at : at + 1], text[at : at + 1])
        elif character == '"':
            quoted = not quoted
        elif value or quoted or character not in " \t":
            value += character
        at += 1
        if quoted or character not in " \t":
            kept = len(value)
    return value[:kept], at
