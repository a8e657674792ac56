"""Values that came with a document, as YAML or TOML writes them, turned into values of JSON. Knows no files."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

__all__ = ["BoundedJson", "add_unreadable", "jsonable", "printable", "read_toml", "read_yaml", "spelled"]

_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_PLAIN_TAGS: Final = ("tag:yaml.org,2002:seq", "tag:yaml.org,2002:map")
_MOST_NESTED: Final = 200
_DEEPEST: Final = 32
_MOST_KEY: Final = 200
_MOST_BITS: Final = 1024
"""Of a whole number: some 300 digits, as many as a float has at most."""


def jsonable(value: Any) -> Any:
    """The same value in JSON's types: dates as ISO text, keys as text, what is unknown by its `str`."""
    if isinstance(value, dict):
        return {spelled(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else spelled(value)


def printable(text: str, most: int) -> str:
    """The first `most` characters of a text, halves of surrogate pairs as replacement marks: UTF-8 can hold it."""
    if type(text) is not str:
        text = str.__str__(text)
    if len(text) > most:
        text = text[:most]
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def spelled(value: Any) -> str:
    """Any value as text, whatever its own `str` does: numbers of more than 4300 digits have none."""
    try:
        return str.__str__(str(value))
    except Exception:  # noqa: BLE001 -- a stranger's class, or a number too long to be written
        return f"({type(value).__name__})"


class BoundedJson:
    """Brings values into JSON's types within `room` characters, as JSON spells them.

    `cut` counts texts that were shortened to `most_text` and keys for which no room was left, `unusable` keys whose
    values are not kept: numbers beyond a float's range, nesting beyond `_DEEPEST`, what fails when it is looked at, a
    second key of one spelling.
    """

    def __init__(self, room: int, *, most_text: int) -> None:
        self._room = room
        self._most_text = most_text
        self.cut = 0
        self.unusable = 0

    def mapping(self, values: Mapping[Any, Any]) -> dict[str, Any]:
        """The keys that there is room for, in their order; a key is kept with the whole of its value or not at all,
        texts excepted, which are shortened.
        """
        kept: dict[str, Any] = {}
        for key, value in values.items():
            before, cut = self._room, self.cut
            try:
                name = self._key(key)
                if name in kept:
                    raise ValueError("two keys of one spelling")
                kept[name] = self._value(value, 1)
            except _NoRoomError:
                self._room, self.cut = before, cut + 1
            except Exception:  # noqa: BLE001 -- a stranger's class, which may raise anything when it is looked at
                self._room, self.cut = before, cut
                self.unusable += 1
        return kept

    def _take(self, count: int) -> None:
        self._room -= count
        if self._room < 0:
            raise _NoRoomError

    def _key(self, key: Any) -> str:
        name = key if isinstance(key, str) else spelled(key)
        if len(name) > _MOST_KEY:
            raise _NoRoomError
        self._take(len(name) + 4)
        return printable(name, _MOST_KEY)

    def _value(self, value: Any, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("nested too deeply")
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool | float | int):
            return self._number(value)
        if isinstance(value, Mapping):
            return {self._key(key): self._value(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._item(item, depth + 1) for item in _ordered(value)]
        text = value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)
        if " at 0x" in text:
            raise ValueError("an address in memory, another at every reading")
        return self._text(text)

    def _item(self, value: Any, depth: int) -> Any:
        self._take(2)
        return self._value(value, depth)

    def _text(self, text: str) -> str:
        if len(text) > self._most_text:
            self.cut += 1
        text = printable(text, self._most_text)
        self._take(len(text) + 2)
        return text

    def _number(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            if value.bit_length() > _MOST_BITS:
                raise ValueError("too large a number")
            self._take(1 + value.bit_length() // 3)
            return int(value)
        self._take(8)
        if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
            return str(value)
        return value


class _NoRoomError(Exception):
    """What is left of the room does not hold the value."""


def _ordered(value: Iterable[Any]) -> Iterable[Any]:
    """A set has no order of its own, and the same document should give the same rows."""
    return sorted(value, key=spelled) if isinstance(value, set | frozenset) else value


def read_toml(source: str, notices: dict[str, int] | None = None) -> Any:
    """The values of a TOML text. Raises ValueError. A value that cannot be is treated as in `read_yaml`."""
    import tomllib

    try:
        return tomllib.loads(source)
    except RecursionError as error:
        raise ValueError("values are nested too deeply") from error
    except (ValueError, OverflowError) as error:
        quoted, count = _with_impossible_values_quoted(source)
        if not count:
            raise ValueError(str(error)) from error
        values = tomllib.loads(quoted)
        add_unreadable(notices, count)
        return values


def add_unreadable(notices: dict[str, int] | None, count: int) -> None:
    """Count values that stay as they are written."""
    if notices is not None and count:
        notices["values_unreadable"] = notices.get("values_unreadable", 0) + count


_TOML: Final = re.compile(
    r'"""[\s\S]*?(?:"""|\Z)|\'\'\'[\s\S]*?(?:\'\'\'|\Z)|"(?:[^"\\\n]|\\.)*+"?|\'[^\'\n]*+\'?|\#[^\n]*+'
    r"|(?<![\w.:+-])([+-]?\d[\w.:+-]*+(?: \d\d:[\w.:+-]*+)?)(?!\s*+=)"
)


def _with_impossible_values_quoted(source: str) -> tuple[str, int]:
    """TOML with each date, time and number that there is not written as a text, and how many those are."""
    import tomllib

    count = 0

    def quoted(match: re.Match[str]) -> str:
        nonlocal count
        if match[1] is None:
            return match[0]
        try:
            tomllib.loads(f"v = {match[1]}")
        except (ValueError, OverflowError):
            count += 1
            return f'"{match[1]}"'
        return match[0]

    return _TOML.sub(quoted, source), count


@cache
def _lenient() -> Any:
    import yaml

    class Lenient(yaml.SafeLoader):
        unreadable = 0

        def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
            if not isinstance(node, yaml.ScalarNode):
                if node.tag not in self.yaml_constructors:
                    self.unreadable += 1
                    node.tag = _PLAIN_TAGS[isinstance(node, yaml.MappingNode)]
                return super().construct_object(node, deep)
            try:
                return super().construct_object(node, deep)
            except Exception:  # noqa: BLE001 -- what the library raises for values is of many kinds
                self.recursive_objects.pop(node, None)
                self.unreadable += 1
                return node.value

    return Lenient


def _refuse_unfit(source: str) -> None:
    """Raise ValueError for aliases, and before the depth at which each token costs as much as all that are open."""
    import yaml

    opens = (
        yaml.FlowSequenceStartToken,
        yaml.FlowMappingStartToken,
        yaml.BlockSequenceStartToken,
        yaml.BlockMappingStartToken,
    )
    closes = yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken, yaml.BlockEndToken
    depth = 0
    for token in yaml.scan(source):
        if isinstance(token, yaml.AliasToken):
            raise ValueError("aliases (`*name`) are not read")
        depth += isinstance(token, opens) - isinstance(token, closes)
        if depth > _MOST_NESTED:
            raise ValueError(f"values are nested more than {_MOST_NESTED} deep")


def read_yaml(source: str, notices: dict[str, int] | None = None) -> Any:
    """The value of a YAML text, `None` where it is blank. Raises ValueError with a reason on one line.

    Aliases are refused: they can grow a few lines into gigabytes. A value that is not what its spelling or its tag
    makes of it (the 31st of February, a number of 5 000 digits, a tag of some other program) stays the text that is
    written, and is counted in `notices` as `values_unreadable`.
    """
    try:
        _refuse_unfit(source)
        loader = _lenient()(source)
        try:
            value = loader.get_single_data()
        finally:
            loader.dispose()
        add_unreadable(notices, loader.unreadable)
        return value
    except (MemoryError, ValueError):
        raise
    except Exception as error:
        # Tags on values that they do not fit fail inside the library in ways of their own.
        raise ValueError(f"no YAML: {' '.join(spelled(error).split())}") from error
