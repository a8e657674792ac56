"""JSON bodies of every route, written from the shapes the wire has and then bent: types, sizes, keys, bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

__all__ = ["ROUTES", "Dice", "body_of"]


@dataclass(frozen=True)
class Dice:
    """What hypothesis draws, as the few questions that a grammar asks. `number(n)` is from 0 to n, both included."""

    number: Callable[[int], int]

    def one_of(self, options: Sequence[T]) -> T:
        return options[self.number(len(options) - 1)]

    def in_hundred(self, share: int) -> bool:
        """True in so many of a hundred throws; shrinks to False."""
        return self.number(99) >= 100 - share

    def some(self, options: Sequence[T], most: int) -> list[T]:
        """So many at most, no two alike."""
        return list(dict.fromkeys(self.one_of(options) for _ in range(self.number(most))))


Shape = dict[str, tuple[str, ...]]
"""The keys of a body, each with values that are in order."""

_MODELS = ('"hashing"', '"hashing"', '"hashing:latest"', '"hashing:query"', '"HASHING"')
_TEXTS = ('"why is the sky blue?"', '["a", "b", "a"]', '""', "[]", '["\\ud83d\\ude00 \\u00e9"]', '"long text " ')
_KEEP_ALIVE = ('"5m"', "300", "-1", '"1h30m"', "0", "null")
_OPTIONS = ("{}", '{"num_ctx": 64}', '{"num_ctx": 8, "seed": 1, "stop": ["x"], "use_mmap": null}', "null")
_PROMPT = ('"query"', '"document"', '""')

_EMBED: Shape = {
    "model": _MODELS, "input": _TEXTS, "truncate": ("true", "false"), "dimensions": ("8", "384", "null"),
    "keep_alive": _KEEP_ALIVE, "options": _OPTIONS, "prompt_name": _PROMPT, "input_type": _PROMPT,
}  # fmt: skip
_FILTERS = ("\"mime = 'text/plain'\"", "\"source = 'x'' OR ''a''=''a'\"", '"modified_at > 2026-01-01"', '"page >= 3"')

ROUTES: dict[tuple[str, str], Shape] = {
    ("POST", "/api/embed"): _EMBED,
    ("POST", "/api/embeddings"): {
        "model": _MODELS, "prompt": ('"a text"', '""', '"word "'), "keep_alive": _KEEP_ALIVE, "options": _OPTIONS,
    },
    ("POST", "/v1/embeddings"): {
        "model": _MODELS, "input": _TEXTS[:3], "encoding_format": ('"float"', '"base64"'), "dimensions": ("8", "null"),
        "user": ('"u"',), "keep_alive": _KEEP_ALIVE, "input_type": _PROMPT,
    },
    ("POST", "/api/tokenize"): {"model": _MODELS, "content": _TEXTS, "keep_alive": _KEEP_ALIVE},
    ("POST", "/api/detokenize"): {"model": _MODELS, "tokens": ("[]", "[1, 2, 3]", "[0]"), "keep_alive": _KEEP_ALIVE},
    ("POST", "/api/search"): {
        "query": ('"sky"', '"the"'), "limit": ("1", "10", "1000"), "mode": ('"hybrid"', '"text"', '"vector"'),
        "filter": _FILTERS, "group": ("null", "2", '{"by": "source"}', "true"), "fold": ("true", "false"),
    },
    ("POST", "/api/document"): {
        "source": ('"docs/a.md"', '"x\' or 1=1"'), "start_line": ("1", "7"), "page": ("1", "null"), "around": ('"x"', "null"),
        "start_chunk": ("0", "3"), "start_character": ("0", "100"), "max_characters": ("100", "20000"),
    },
    ("POST", "/api/show"): {"model": _MODELS, "name": _MODELS, "verbose": ("true",)},
    ("POST", "/api/pull"): {"model": _MODELS, "stream": ("true", "false"), "insecure": ("false",)},
    ("POST", "/api/generate"): {"model": _MODELS, "prompt": ('""', '"x"'), "keep_alive": ("0", '"0s"')},
    ("POST", "/api/chat"): {"model": _MODELS, "messages": ("[]", '[{"role": "user"}]'), "keep_alive": ("0", '"0s"')},
    ("POST", "/api/copy"): {"source": _MODELS, "destination": _MODELS},
    ("DELETE", "/api/delete"): {"model": _MODELS},
}  # fmt: skip

_WHOLE = (
    "0", "-0", "1", "-1", "2147483648", "-2147483649", "9223372036854775807", "9223372036854775808", "1" + "0" * 25,
    "9" * 400, "-" + "9" * 400, "9" * 5000, "00", "01", "+1", "0x10", "1_000",
)  # fmt: skip
_REAL = (
    "0.0",
    "-0.0",
    "1.5",
    "1e400",
    "-1e400",
    "1e-400",
    "1E5",
    "8.0",
    "8e0",
    "1.",
    ".5",
    "NaN",
    "Infinity",
    "-Infinity",
)
_TEXT = (
    '""', '" "', '"x"', '"hashing"', '"nope"', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d"', '"\\x"', '"\\u12"',
    '"\t"', '"1h"', '"0s"', '"-1s"', '"1e400h"', '"9999999999999h"', '"NaN"', '"inf"', '"true"', '"../../etc/passwd"',
    '"/etc/passwd"', '"hashing:cloud"', '"https://host/x"', '"a/b/c/d"', '"\\u0663\\u0664h"', '"' + "1h" * 300 + '"',
    '"' + "a" * 3000 + '"', '"' + "word " * 2000 + '"', '"\u00e9\u65e5\U0001f600"', '"\ufeff"', '"\\u202e"', "'x'", '"x', '"x\\',
    "\"modified_at > '0001-01-01T00:00:00+23:59'\"", "\"modified_at > '9999-12-31T23:59:59-23:59'\"", '"page = 1e400"',
    '"1 = 1) OR (1 = 1"', '"' + "(" * 300 + '"', '"a = \'\\u0000\'"', '"NOT NOT NOT page IS NULL"', '"vector = 1"',
    '"cast(page as string) = \'\\ud800\'"', '"page in (' + "1," * 300 + '1)"',
)  # fmt: skip
_OTHER = (
    "null", "true", "false", "[]", "{}", "[[]]", "[null]", "[1, 2, 3]", "[[1, 2], [3]]", '["a", 1]', '["a", null]', '[""]',
    '{"a": 1}', '{"": {}}', '["\\ud800"]', "[" * 60 + "]" * 60, "[" * 500 + "]" * 500, '{"a":' * 490 + "1" + "}" * 490,
    "[" * 990 + "]" * 990, '{"a":' * 2000 + "1" + "}" * 2000, "[" * 100_000, "[" + "1," * 3000 + "1]", "[" + '"a",' * 50 + '"a"]',
    "nul", "tru", "", ",", "}", "]", "undefined", "//", '{"num_ctx": "x"}', '{"num_ctx": 1e400}', '{"stop": 1}', '{"seed": 9e99}',
)  # fmt: skip
_VALUES = (*_WHOLE, *_REAL, *_TEXT, *_OTHER)
_KEYS = (
    "MODEL",
    "Model",
    "m\\u006fdel",
    "\u212aeep_alive",
    "Input",
    "\\ud800",
    "",
    "x" * 2000,
    "__class__",
    "a.b",
    "options",
)
_BEGINNINGS = ("\ufeff", " \n\t ", "//c\n", "[", '"', "\x00", ")]}'\n")
_ENDS = ("garbage", "\n", "{}", "\x00", "]", ",", "}" * 5, " " * 5000)


def body_of(dice: Dice, shape: Shape) -> tuple[bytes, bool]:
    """A body of this shape, and whether nothing of it was bent."""
    pairs = [(f'"{key}"', dice.one_of(good)) for key, good in shape.items() if key == "model" or dice.in_hundred(40)]
    if not dice.in_hundred(60):
        return _object(pairs).encode("utf-8", "surrogatepass"), True
    for _ in range(1 + dice.number(2)):
        _bend(dice, pairs)
    text = _object(pairs, dice.one_of((", ", ",", " ,\r\n", "")) if dice.in_hundred(10) else ", ")
    if dice.in_hundred(15):
        text = _bent_whole(dice, text)
    body = text.encode(*(("utf-16", "surrogatepass") if dice.in_hundred(2) else ("utf-8", "surrogatepass")))
    if dice.in_hundred(10) and body:
        at = dice.number(len(body) - 1)
        body = (
            body[:at] + dice.one_of((b"", b"\xff", b"\xed\xa0\x80", b"\x00", b"\r\n\r\n", b'"', b"\\")) + body[at + 1 :]
        )
    return body, False


def _object(pairs: Sequence[tuple[str, str]], comma: str = ", ") -> str:
    return "{" + comma.join(f"{key}: {value}" for key, value in pairs) + "}"


def _bend(dice: Dice, pairs: list[tuple[str, str]]) -> None:
    kind, value = dice.number(4), dice.one_of(_VALUES)
    at = dice.number(len(pairs) - 1) if pairs else 0
    if kind == 0 or not pairs:
        pairs.append((f'"{dice.one_of(_KEYS)}"', value))
    elif kind == 1:
        pairs.append((pairs[at][0], value))
    elif kind == 2 and len(pairs) > 1:
        del pairs[at]
    elif kind == 3:
        pairs[at] = (f'"{dice.one_of(_KEYS)}"', pairs[at][1])
    else:
        pairs[at] = (pairs[at][0], value)


def _bent_whole(dice: Dice, text: str) -> str:
    kind = dice.number(4)
    if kind == 0:
        return dice.one_of(_VALUES)
    if kind == 1:
        return dice.one_of(_BEGINNINGS) + text
    if kind == 2:
        return text + dice.one_of(_ENDS)
    if kind == 3:
        return text[: dice.number(len(text))]
    return f"[{text}]"
