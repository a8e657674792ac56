"""The small language of search filters: text to a tree, and what the tree says of a row. Knows no LanceDB.

    filter     := and { "or" and }            and := not { "and" not }         not := ["not"] ( "(" filter ")" | test )
    test       := field OP value | field "in" "(" value { "," value } ")" | field "is" ["not"] "null"
    OP         := = != < <= > >= contains startswith endswith
    field      := a column, or metadata.KEY { .KEY }; a key of other characters stands in double quotes
    value      := 'text' (a quote inside is doubled) | number | true | false

A test on something a row does not have is false, and `not` turns any answer round: there is no third truth.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NoReturn

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["FIELDS", "And", "Node", "Not", "Or", "Test", "Value", "holds", "parse"]

Value = str | int | float | bool | datetime

FIELDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(["id", "source", "title", "text", "text_hash", "content_hash"], "text"),
    **dict.fromkeys(["mime", "fingerprint", "config_hash"], "text"),
    **dict.fromkeys(["chunk_index", "chunk_count", "start", "end", "line_start", "line_end", "page"], "number"),
    **dict.fromkeys(["modified_at", "ingested_at"], "time"),
    "heading_path": "list",
}
_LONGEST: Final = 10_000
_DEEPEST: Final = 40
_MOST_VALUES: Final = 1_000
_WORD_OPS: Final = ("contains", "startswith", "endswith")

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
    | (?P<text>'(?:[^']|'')*')
    | (?P<quoted>"(?:[^"]|"")*")
    | (?P<word>[^\W\d]\w*)
    | (?P<sign>!=|<>|<=|>=|==|[=<>(),.])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Test:
    """One test. `path` is empty for a column, the keys below `metadata` otherwise. `op` `null` takes no value."""

    field: str
    path: tuple[str, ...]
    op: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The other answer."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some part holds."""

    parts: tuple[Node, ...]


Node = Test | Not | And | Or


def parse(text: str) -> Node:
    """The tree of a filter. Raises ConfigError saying where it went wrong and what was expected there."""
    if len(text) > _LONGEST:
        raise ConfigError(f"the filter has {len(text)} characters, at most {_LONGEST} are read")
    reader = _Reader(text)
    tree = _either(reader, 0)
    if reader.kind != "end":
        reader.fail("`and`, `or` or the end")
    return tree


class _Reader:
    """The tokens of a filter, one ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self.start = 0
        self.kind = ""
        self.token = ""
        self.step()

    def step(self) -> str:
        """Move on; returns the token left behind."""
        left = self.token
        found = _TOKEN.match(self._text, self._place)
        if found is not None:
            self.kind, self.token = str(found.lastgroup), found[str(found.lastgroup)]
            self.start, self._place = found.start(str(found.lastgroup)), found.end()
        elif self._text[self._place :].strip():
            self.start, self.kind, self.token = self._place, "stray", self._text[self._place :].split()[0]
        else:
            self.start, self.kind, self.token = len(self._text), "end", "the end"
        return left

    def take(self, *words: str) -> str | None:
        """Move on if the token is one of these words or signs (any case); returns it in lower case."""
        low = self.token.lower()
        if self.kind in ("word", "sign") and low in words:
            self.step()
            return low
        return None

    def fail(self, expected: str) -> NoReturn:
        raise ConfigError(
            f"the filter is not valid at character {self.start + 1}: expected {expected}, found {self.token[:60]}",
            remedy="for example: source startswith 'docs/' and page >= 3 and metadata.author = 'Ann'",
        )


def _either(reader: _Reader, depth: int) -> Node:
    parts = [_all(reader, depth)]
    while reader.take("or"):
        parts.append(_all(reader, depth))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _all(reader: _Reader, depth: int) -> Node:
    parts = [_one(reader, depth)]
    while reader.take("and"):
        parts.append(_one(reader, depth))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _one(reader: _Reader, depth: int) -> Node:
    if depth > _DEEPEST:
        reader.fail(f"at most {_DEEPEST} levels")
    if reader.take("not"):
        return Not(_one(reader, depth + 1))
    if reader.take("("):
        inner = _either(reader, depth + 1)
        if not reader.take(")"):
            reader.fail("`)`")
        return inner
    return _test(reader)


def _test(reader: _Reader) -> Node:
    field, path = _field(reader)
    if reader.take("is"):
        negated = reader.take("not")
        if not reader.take("null"):
            reader.fail("`null` or `not null`")
        none = Test(field, path, "null", ())
        return Not(none) if negated else none
    negated = reader.take("not")
    if reader.take("in"):
        test = Test(field, path, "in", _values(reader, field))
        return Not(test) if negated else test
    if negated:
        reader.fail("`in`")
    op = reader.take("=", "==", "!=", "<>", "<", "<=", ">", ">=", *_WORD_OPS)
    if op is None:
        reader.fail("a comparison, `in`, `contains`, `startswith`, `endswith` or `is null`")
    return _compared(reader, field, path, op)


def _compared(reader: _Reader, field: str, path: tuple[str, ...], op: str) -> Node:
    kind = FIELDS.get(field)
    if op in _WORD_OPS and kind not in ("text", "list", None):
        reader.fail(f"a comparison that fits `{field}`, not `{op}`")
    if kind == "list" and op != "contains":
        reader.fail(f"`{field} contains 'text'`")
    value = _value(reader, field)
    if op in _WORD_OPS and not isinstance(value, str):
        reader.fail(f"text after `{op}`")
    if op in ("!=", "<>"):
        return Not(Test(field, path, "=", (value,)))
    return Test(field, path, "=" if op == "==" else op, (value,))


def _field(reader: _Reader) -> tuple[str, tuple[str, ...]]:
    if reader.kind != "word":
        reader.fail("a column or metadata.KEY")
    name = reader.token.lower()
    if name in FIELDS:
        reader.step()
        return name, ()
    if name != "metadata":
        reader.fail(f"one of {', '.join(FIELDS)}, metadata.KEY")
    reader.step()
    keys: list[str] = []
    while reader.take("."):
        if reader.kind not in ("word", "quoted", "number"):
            reader.fail("a key")
        quoted = reader.kind == "quoted"
        key = reader.step()
        keys.append(key[1:-1].replace('""', '"') if quoted else key)
    if not keys:
        reader.fail("`.KEY` after `metadata`")
    return "metadata", tuple(keys)


def _values(reader: _Reader, field: str) -> tuple[Value, ...]:
    if not reader.take("("):
        reader.fail("`(`")
    values = [_value(reader, field)]
    while reader.take(","):
        values.append(_value(reader, field))
        if len(values) > _MOST_VALUES:
            reader.fail(f"at most {_MOST_VALUES} values")
    if not reader.take(")"):
        reader.fail("`,` or `)`")
    return tuple(values)


def _value(reader: _Reader, field: str) -> Value:
    kind = FIELDS.get(field)
    value: Value
    if reader.kind == "text":
        value = reader.token[1:-1].replace("''", "'")
        value = _time(reader, value) if kind == "time" else value
    elif reader.kind == "number":
        value = float(reader.token) if "." in reader.token else _whole(reader)
    elif reader.kind == "word" and reader.token.lower() in ("true", "false"):
        value = reader.token.lower() == "true"
    else:
        reader.fail("'text', a number, true or false")
    types: Mapping[str | None, tuple[type, ...]] = {"time": (datetime,), "number": (int, float), None: (object,)}
    fits = types.get(kind, (str,))
    if not isinstance(value, fits) or (kind == "number" and isinstance(value, bool)):
        reader.fail(f"a {kind} to compare `{field}` with")
    reader.step()
    return value


def _whole(reader: _Reader) -> int:
    if len(reader.token) > 18:
        reader.fail("a number of at most 18 digits")
    return int(reader.token)


def _time(reader: _Reader, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        reader.fail("a date or time as in '2026-01-31' or '2026-01-31T12:00:00+01:00'")
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)


# -- what a tree says of one row


def holds(tree: Node, values: Callable[[Test], Any]) -> bool:
    """Whether a row passes; `values` gives what the row has for a test's field (`None`: nothing)."""
    if isinstance(tree, Not):
        return not holds(tree.part, values)
    if isinstance(tree, And):
        return all(holds(part, values) for part in tree.parts)
    if isinstance(tree, Or):
        return any(holds(part, values) for part in tree.parts)
    return _passes(tree, values(tree))


def _passes(test: Test, found: Any) -> bool:
    if test.op == "null":
        return found is None or found == "" or found == []
    if test.field == "title" and found == "":
        return False  # an empty title is none
    if isinstance(found, list):
        return any(_compare(test, one) for one in found) if test.op != "contains" else test.values[0] in found
    return found is not None and _compare(test, found)


def _compare(test: Test, found: Any) -> bool:
    first = test.values[0]
    if test.op in ("=", "in"):
        return any(_same(found, value) for value in test.values)
    if test.op in _WORD_OPS:
        return isinstance(found, str) and _within(test.op, found, str(first))
    if isinstance(found, str) != isinstance(first, str) or isinstance(found, (dict, bool)) or isinstance(first, bool):
        return False
    return bool({"<": found < first, "<=": found <= first, ">": found > first, ">=": found >= first}[test.op])


def _same(found: Any, value: Value) -> bool:
    # In Python True equals 1; in a filter it does not.
    return isinstance(found, bool) == isinstance(value, bool) and bool(found == value)


def _within(op: str, found: str, part: str) -> bool:
    if op == "startswith":
        return found.startswith(part)
    return found.endswith(part) if op == "endswith" else part in found


def leaves(tree: Node) -> Iterator[Test]:
    """Every test of the tree."""
    if isinstance(tree, Test):
        yield tree
        return
    for part in (tree.part,) if isinstance(tree, Not) else tree.parts:
        yield from leaves(part)
