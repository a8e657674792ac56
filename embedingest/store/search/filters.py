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

__all__ = ["FIELDS", "And", "Node", "Not", "Or", "Test", "Value", "holds", "joined", "leaves", "parse", "quoted"]

Value = str | int | float | bool | datetime

FIELDS: Final[Mapping[str, str]] = {
    **dict.fromkeys(["id", "source", "title", "text", "text_hash", "content_hash"], "text"),
    **dict.fromkeys(["mime", "fingerprint", "config_hash"], "text"),
    **dict.fromkeys(["chunk_index", "chunk_count", "start", "end", "line_start", "line_end", "page"], "number"),
    **dict.fromkeys(["modified_at", "ingested_at"], "time"),
    "heading_path": "list",
}
_MOST_CHARACTERS: Final = 10_000
_MOST_LEVELS: Final = 40
_MOST_VALUES: Final = 1_000
_MOST_DIGITS: Final = 18
_WORD_OPS: Final = ("contains", "startswith", "endswith")

_TOKEN: Final = re.compile(
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
    if len(text) > _MOST_CHARACTERS:
        raise ConfigError(f"the filter has {len(text)} characters, at most {_MOST_CHARACTERS} are read")
    reader = _Reader(text)
    tree = _disjunction(reader, 0)
    if reader.kind != "end":
        reader.fail("`and`, `or` or the end")
    return tree


def joined(*texts: str | None) -> Node | None:
    """The tree of what passes every one of these filters; `None` where all are. Raises ConfigError as `parse` does.

    Each is read by itself before they are joined, so no text can reach out of its own filter into another.
    """
    trees = [parse(text) for text in texts if text is not None]
    return None if not trees else trees[0] if len(trees) == 1 else And(tuple(trees))


def quoted(text: str) -> str:
    """A text as a value of a filter, whatever it holds."""
    return "'" + text.replace("'", "''") + "'"


class _Reader:
    """The tokens of a filter, one ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self.start = 0
        self.kind = ""
        self.token = ""
        self.step()

    def step(self) -> str:
        """Move on; returns the token left behind."""
        previous = self.token
        match = _TOKEN.match(self._text, self._position)
        if match is not None:
            self.kind = str(match.lastgroup)
            self.token, self.start, self._position = match[self.kind], match.start(self.kind), match.end()
        elif self._text[self._position :].strip():
            self.start, self.kind, self.token = self._position, "stray", self._text[self._position :].split()[0]
        else:
            self.start, self.kind, self.token = len(self._text), "end", "the end"
        return previous

    def take(self, *words: str) -> str | None:
        """Move on if the token is one of these words or signs (any case); returns it in lower case."""
        lowered = self.token.lower()
        if self.kind in ("word", "sign") and lowered in words:
            self.step()
            return lowered
        return None

    def fail(self, expected: str) -> NoReturn:
        raise ConfigError(
            f"the filter is not valid at character {self.start + 1}: expected {expected}, found {self.token[:60]}",
            remedy="for example: source startswith 'docs/' and page >= 3 and metadata.author = 'Ann'",
        )


def _disjunction(reader: _Reader, depth: int) -> Node:
    parts = [_conjunction(reader, depth)]
    while reader.take("or"):
        parts.append(_conjunction(reader, depth))
    return parts[0] if len(parts) == 1 else Or(tuple(parts))


def _conjunction(reader: _Reader, depth: int) -> Node:
    parts = [_negation(reader, depth)]
    while reader.take("and"):
        parts.append(_negation(reader, depth))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _negation(reader: _Reader, depth: int) -> Node:
    if depth > _MOST_LEVELS:
        reader.fail(f"at most {_MOST_LEVELS} levels")
    if reader.take("not"):
        return Not(_negation(reader, depth + 1))
    if reader.take("("):
        inner = _disjunction(reader, depth + 1)
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
        is_null = Test(field, path, "null", ())
        return Not(is_null) if negated else is_null
    negated = reader.take("not")
    if reader.take("in"):
        test = Test(field, path, "in", _values(reader, field))
        return Not(test) if negated else test
    if negated:
        reader.fail("`in`")
    op = reader.take("=", "==", "!=", "<>", "<", "<=", ">", ">=", *_WORD_OPS)
    if op is None:
        reader.fail("a comparison, `in`, `contains`, `startswith`, `endswith` or `is null`")
    return _comparison(reader, field, path, op)


def _comparison(reader: _Reader, field: str, path: tuple[str, ...], op: str) -> Node:
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
        value = float(reader.token) if "." in reader.token else _whole_number(reader)
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


def _whole_number(reader: _Reader) -> int:
    if len(reader.token) > _MOST_DIGITS:
        reader.fail(f"a number of at most {_MOST_DIGITS} digits")
    return int(reader.token)


def _time(reader: _Reader, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar, seen from elsewhere, are on none
        reader.fail("a date or time as in '2026-01-31' or '2026-01-31T12:00:00+01:00'")


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


def _passes(test: Test, stored: Any) -> bool:
    if test.op == "null":
        return stored is None or stored == "" or stored == []
    if test.field == "title" and stored == "":
        return False  # an empty title is none
    if isinstance(stored, list):
        return test.values[0] in stored if test.op == "contains" else any(_compare(test, value) for value in stored)
    return stored is not None and _compare(test, stored)


def _compare(test: Test, stored: Any) -> bool:
    value = test.values[0]
    if test.op in ("=", "in"):
        return any(_same(stored, value) for value in test.values)
    if test.op in _WORD_OPS:
        return isinstance(stored, str) and _within(test.op, stored, str(value))
    if isinstance(stored, str) != isinstance(value, str) or isinstance(stored, (dict, bool)) or isinstance(value, bool):
        return False
    return bool({"<": stored < value, "<=": stored <= value, ">": stored > value, ">=": stored >= value}[test.op])


def _same(stored: Any, value: Value) -> bool:
    # In Python True equals 1; in a filter it does not.
    return isinstance(stored, bool) == isinstance(value, bool) and bool(stored == value)


def _within(op: str, stored: str, part: str) -> bool:
    if op == "startswith":
        return stored.startswith(part)
    return stored.endswith(part) if op == "endswith" else part in stored


def leaves(tree: Node) -> Iterator[Test]:
    """Every test of the tree."""
    if isinstance(tree, Test):
        yield tree
        return
    for part in (tree.part,) if isinstance(tree, Not) else tree.parts:
        yield from leaves(part)
