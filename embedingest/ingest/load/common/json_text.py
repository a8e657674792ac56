"""JSON written anew without being read into values: numbers, decimals and double keys stay as they are written.

Linear in the text, and as deep as the text is nested without recursion. Knows syntax, no meaning.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check", "rewritten", "with_letters"]

_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*+(?:("[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+")|([{}\[\],:])|([^\s{}\[\],:"]++)|\Z)"""
)
_SCALAR: Final = re.compile(r"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][+-]?\d++)?|true|false|null|NaN|-?Infinity")
_PLAIN: Final = r'"[^",:\\\x00-\x1f]*+"'
_SIMPLE: Final = rf"(?>{_SCALAR.pattern}|{_PLAIN}|\[\]|\{{\}}),"
_RUNS: Final = {  # most of what large texts hold; no comma and no colon in it stands in a string
    "[": ("value", re.compile(rf"(?:{_SIMPLE})++")),
    "{": ("key", re.compile(rf"(?:{_PLAIN}:{_SIMPLE})++")),
}
_UNICODE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|(.))")
_PLAIN_ESCAPES: Final = frozenset('"\\/bfnrt')
_CLOSES: Final = {"}": "{", "]": "["}
_LOOSE: Final = re.compile(r"""("[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")|//[^\n]*+|/\*(?:[^*]|\*(?!/))*+(?:\*/)?""", re.DOTALL)
_LAST_COMMA: Final = re.compile(r"""("[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")|,(?=\s*+[}\]])""", re.DOTALL)
_QUOTED: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_CODE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|x([0-9a-fA-F]{2})|.)", re.DOTALL)
_KEPT: Final = frozenset({0x22, 0x27, 0x5C, 0x7F, 0x85, 0xA0, 0x2028, 0x2029, 0xFEFF})
_DEEPEST: Final = 64
"""Levels of indentation; what is nested deeper stands on one line, or blanks would outgrow the words."""


def rewritten(text: str, *, indent: bool = False) -> str:
    """The same JSON on one line, or indented by two blanks a level, with letters instead of their escapes.

    `NaN` and the infinities are taken, as many programs write them. Raises ValueError for a text that is no JSON.
    """
    out: list[str] = []
    depth, after_opening, after_comma = 0, False, False
    for kind, word in _checked(text):
        closing = word in {"}", "]"} and kind == "mark"
        depth -= closing
        broken = "\n" + "  " * depth if indent and depth <= _DEEPEST else ""
        if broken and (closing or after_opening or after_comma) and not (closing and after_opening):
            out.append(broken)
        if kind == "run" and indent:
            out.append(word[:-1].replace(":", ": ").replace(",", "," + broken) + ",")
        else:
            out.append(_letters(word) if kind == "string" and "\\" in word else word)
        after_opening = kind == "mark" and word in {"{", "["}
        after_comma = kind == "run" or (kind == "mark" and word == ",")
        depth += after_opening
        if indent and kind == "mark" and word == ":":
            out[-1] = ": "
    return "".join(out)


def with_letters(text: str, *, everywhere: bool = False) -> str:
    """The text with letters instead of their escapes (`\\u00fc`, `\\xfc`) between double quotes, or `everywhere`.

    Nothing else changes, lines least of all: the text may be YAML, or JSON that is cut off. What stands for a quote, a
    backslash, a control character or an invisible one stays as it is written, and so does half of a surrogate pair.
    """
    if "\\u" not in text and "\\x" not in text:
        return text
    if everywhere:
        return _CODE.sub(_as_letter, text)
    return _QUOTED.sub(lambda quoted: _CODE.sub(_as_letter, quoted[0]), text)


def _as_letter(match: re.Match[str]) -> str:
    code = int(match[1] or match[3] or "0", 16)
    if 0xD800 <= code < 0xDC00 and match[2]:
        return _of_pair(code, int(match[2], 16))
    if code < 0x20 or 0xD800 <= code < 0xE000 or code in _KEPT:
        return match[0]
    return chr(code) + (match[0][6:] if match[2] else "")


def check(text: str) -> None:
    """Raise ValueError for a text that is no JSON; comments, and commas before the end of a list, do no harm."""
    try:
        for _ in _checked(text):
            pass
    except ValueError:
        if "//" not in text and "/*" not in text and not _LAST_COMMA.search(text):
            raise
        plain = _LAST_COMMA.sub(r"\1", _LOOSE.sub(r"\1", text))
        for _ in _checked(plain):
            pass


def _checked(text: str) -> Iterator[tuple[str, str]]:
    """The tokens of a text with their kinds (`string`, `mark`, `scalar`), in an order that JSON allows.

    Simple values, each with its comma and its key and without blanks, come in one piece (`run`).
    """
    open_marks: list[str] = []
    expected = "value"  # or: key, first key, first value, colon, next (a comma or an end), end
    at = 0
    while at < len(text):
        if open_marks and expected not in {"next", "colon"}:
            expected_then, run = _RUNS[open_marks[-1]]
            if expected.endswith(expected_then) and (found := run.match(text, at)) is not None:
                expected, at = expected_then, found.end()
                yield "run", found[0]
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"no JSON at character {at}")
        at = match.end()
        if match[1] is not None:
            kind, token = "string", match[1]
            is_key = expected in {"key", "first key"}
            expected = "colon" if is_key else _after_value(expected, open_marks, at)
        elif match[3] is not None:
            kind, token = "scalar", match[3]
            if not _SCALAR.fullmatch(token):
                raise ValueError(f"no JSON value before character {at}")
            expected = _after_value(expected, open_marks, at)
        elif match[2] is not None:
            kind, token = "mark", match[2]
            expected = _after_mark(token, expected, open_marks, at)
        else:
            break
        yield kind, token
    if expected != "end":
        raise ValueError("the JSON ends too early")


def _after_value(expected: str, open_marks: list[str], at: int) -> str:
    if expected not in {"value", "first value"}:
        raise ValueError(f"a value where none can stand, before character {at}")
    return "next" if open_marks else "end"


def _after_mark(mark: str, expected: str, open_marks: list[str], at: int) -> str:
    if mark in "{[" and expected in {"value", "first value"}:
        open_marks.append(mark)
        return "first key" if mark == "{" else "first value"
    if mark in "}]" and open_marks and open_marks[-1] == _CLOSES[mark]:
        if (
            expected == "next"
            or (expected == "first key" and mark == "}")
            or (expected == "first value" and mark == "]")
        ):
            open_marks.pop()
            return "next" if open_marks else "end"
    elif mark == "," and expected == "next":
        return "key" if open_marks[-1] == "{" else "value"
    elif mark == ":" and expected == "colon":
        return "value"
    raise ValueError(f"`{mark}` where it cannot stand, before character {at}")


def _letters(string: str) -> str:
    """A string with the letters that escapes stand for; quotes, backslashes and control characters stay escaped."""
    return _UNICODE.sub(_letter, string)


def _letter(match: re.Match[str]) -> str:
    if match[3] is not None:
        if match[3] not in _PLAIN_ESCAPES:
            raise ValueError(f"the escape `{match[0]}` is none of JSON's")
        return "/" if match[3] == "/" else match[0]
    code = int(match[1], 16)
    low = int(match[2], 16) if match[2] else None
    if 0xD800 <= code < 0xDC00 and low is not None:
        return _of_pair(code, low)
    rest = "\ufffd" if low is not None else ""
    if 0xD800 <= code < 0xE000:
        return "\ufffd" + rest
    return (match[0][:6] if code < 0x20 or code in {0x22, 0x5C, 0x7F} else chr(code)) + rest


def _of_pair(high: int, low: int) -> str:
    """The character that two halves of a surrogate pair stand for."""
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
