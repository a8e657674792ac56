"""What pydantic says of settings, in the words of those who wrote them: the key, and the nearest known one."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Final

from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from embedingest.config.located import Key

__all__ = ["at_key", "problems"]

_AT: Final = "at_key"
_WANTED: Final = "Input should be "
_EXCUSE: Final = re.compile(r", (unable to|got) .*")
_LONGEST_SHOWN: Final = 40
_OF_NUMBERS: Final = frozenset((
    "greater_than_equal", "greater_than", "less_than_equal", "less_than", "int_parsing", "float_parsing",
    "int_from_float",
))  # fmt: skip
"""What is said of settings that are numbers, none of which is secret."""


def at_key(message: str, *key: str | int) -> PydanticCustomError:
    """What a check of a whole section raises of one of its keys, as seen from the section."""
    return PydanticCustomError(_AT, "{message}", {"message": message, "key": key})


def problems(error: ValidationError, data: Any, section: type[BaseModel]) -> list[tuple[Key, str]]:
    """Each thing that is wrong with `data` as a `section`: its key, and what is wanted.

    Of numbers with the value that stands there; of others without: some are secret.
    """
    found: dict[Key, list[tuple[str, str]]] = {}
    for problem in error.errors(include_url=False, include_input=False):
        context, kind = problem.get("ctx", {}), problem["type"]
        key = _key((*problem["loc"], *(context["key"] if kind == _AT else ())), data)
        value = _value(data, key)
        if kind != "too_short" or not value:  # a list is short too when its items are wrong
            message = _message(kind, problem["msg"], key, value, section)
            found.setdefault(key, []).append((kind, message + _near(kind, context, value)))
    return [(key, _of_one_key(said, _value(data, key))) for key, said in found.items()]


def _of_one_key(said: list[tuple[str, str]], value: Any) -> str:
    """What is wrong with one key, once: of a setting of several kinds each kind has said something."""
    first, *more = dict.fromkeys(_EXCUSE.sub("", message) for _, message in said)
    for message in more:
        first += f" or {message.removeprefix(_WANTED)}" if message.startswith(_WANTED) else f"; or: {message}"
    shown = all(kind in _OF_NUMBERS or kind == "literal_error" for kind, _ in said) and _of_numbers(said)
    return f"{first}, not `{value}`" if shown and _may_be_shown(value) else first


def _of_numbers(said: list[tuple[str, str]]) -> bool:
    return any(kind in _OF_NUMBERS for kind, _ in said)


def _may_be_shown(value: Any) -> bool:
    """Whether it is a number, or one word that the file itself has: what came from the environment may be secret."""
    if isinstance(value, str):
        return len(value) <= _LONGEST_SHOWN and not getattr(value, "variables", "")
    return isinstance(value, int | float)


def _key(location: tuple[str | int, ...], data: Any) -> Key:
    """The part of pydantic's location that is in the file; names of union branches are left out."""
    key: list[str | int] = []
    last = len(location) - 1
    for index, part in enumerate(location):
        inside = (isinstance(data, dict) and part in data) or (
            isinstance(data, (list, tuple)) and isinstance(part, int) and part < len(data)
        )
        if inside:
            data = data[part]
            key.append(part)
        elif index == last and isinstance(data, dict):
            key.append(part)
    return tuple(key)


def _value(data: Any, key: Key) -> Any:
    """What stands there; `None` where nothing does."""
    for part in key:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _message(kind: str, message: str, key: Key, value: Any, section: type[BaseModel]) -> str:
    if kind == "missing":
        return "this key is required"
    if kind in {"model_type", "dict_type", "model_attributes_type"}:
        return "expected keys and values here"
    if kind == "tuple_type":
        return "expected a list here" + (", such as `[…]` around this text" if isinstance(value, str) else "")
    if kind != "extra_forbidden":
        return message.removeprefix("Value error, ")
    if below := _places_below(key, section):
        return f"unknown key here; it belongs below {below}"
    known = _known_keys(key[:-1], section)
    near = difflib.get_close_matches(str(key[-1]), known, n=1, cutoff=0.5)
    return f"unknown key; did you mean `{near[0]}`?" if near else f"unknown key; known here: {', '.join(known)}"


def _near(kind: str, context: dict[str, Any], value: Any) -> str:
    """Of a setting that takes a few words: the one that may be meant."""
    words = re.findall("'([^']+)'", str(context.get("expected", ""))) if kind == "literal_error" else []
    near = difflib.get_close_matches(str(value), words, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def _known_keys(key: Key, section: type[BaseModel]) -> list[str]:
    """The keys that may stand under `key` of a section, by its JSON schema."""
    whole = section.model_json_schema()
    nodes = [whole]
    for part in key:
        nodes = [child for node in nodes for child in _children(_flat(node, whole), part)]
    names = {name for node in nodes for flat in _flat(node, whole) for name in flat.get("properties", {})}
    return sorted(names | ({"extends"} if not key and "pipelines" in names else set()))


def _places_below(key: Key, section: type[BaseModel]) -> str:
    """Where a key that does not belong here does, one step further in, as `pipelines.NAME`; empty where nowhere."""
    *around, name = key
    whole = section.model_json_schema()
    nodes = _flat(whole, whole)
    for part in around:
        nodes = [flat for child in _children(nodes, part) for flat in _flat(child, whole)]
    places = []
    for node in nodes:
        for inner, child in node.get("properties", {}).items():
            for flat in _flat(child, whole):
                if name in flat.get("properties", {}):
                    places.append(f"`{inner}`")
                named = flat.get("additionalProperties")
                if isinstance(named, dict) and any(name in each.get("properties", {}) for each in _flat(named, whole)):
                    places.append(f"`{inner}.NAME`")
    return " or ".join(dict.fromkeys(places))


def _flat(node: dict[str, Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    if "$ref" in node:
        return _flat(whole["$defs"][node["$ref"].rsplit("/", 1)[-1]], whole)
    if "anyOf" in node:
        return [flat for branch in node["anyOf"] for flat in _flat(branch, whole)]
    return [node]


def _children(nodes: list[dict[str, Any]], part: str | int) -> list[dict[str, Any]]:
    children = []
    for node in nodes:
        if isinstance(part, int):
            child = node.get("items")
        else:
            child = node.get("properties", {}).get(part) or node.get("additionalProperties")
        if isinstance(child, dict):
            children.append(child)
    return children
