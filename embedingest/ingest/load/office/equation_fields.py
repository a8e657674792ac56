"""The words of an EQ field of Word (ruby, fractions, roots), which has no result: its instruction is drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from embedingest.ingest.load.common.raised import DOWN, END, UP

__all__ = ["equation_words"]

_FIELD: Final = re.compile(r"\s*EQ\b", re.IGNORECASE)
_FORMAT: Final = re.compile(r'\\\*[ \t]*(?:"[^"]*"|[^\s\\"(]+)')
_TOKEN: Final = re.compile(
    r"\\([a-zA-Z]{1,3})[ ]?(-?\d{1,6})?[ ]?(?:\\([^a-zA-Z\s]))?|\\(.)|([(),;])|([^\\(),;]+)|\\", re.DOTALL
)
_MOST_OPEN: Final = 200


@dataclass(slots=True)
class _Part:
    """What a switch is applied to: its parts so far. Without a switch it is brackets that are words."""

    switches: list[str]
    said: list[list[str]] = field(default_factory=lambda: [[]])
    has_raised: bool = False


def equation_words(instruction: str) -> str | None:
    """The words as they are read; `None` for a field of another kind."""
    begin = _FIELD.match(instruction)
    if begin is None:
        return None
    whole = _Part(["l"])
    stack, switches, too_deep = [whole], list[str](), 0
    for match in _TOKEN.finditer(_FORMAT.sub("", instruction[begin.end() :])):
        switch, _, bracket, escaped, sign, text = match.groups()
        if switch:
            switches += [switch.lower(), *([bracket] if bracket else [])]
        elif sign == "(" and len(stack) < _MOST_OPEN:
            stack.append(_Part(switches))
            switches = []
        elif sign == "(":
            too_deep += 1
        elif sign == ")" and too_deep:
            too_deep -= 1
        elif sign == ")" and len(stack) > 1:
            _close(stack)
        elif sign in {",", ";"} and (stack[-1].switches and stack[-1] is not whole):
            stack[-1].said.append([])
        else:
            stack[-1].said[-1].append(escaped or sign or (text or "").strip("\r\n"))
    while len(stack) > 1:
        _close(stack)
    return "".join(whole.said[0]).strip()


def _close(stack: list[_Part]) -> None:
    part = stack.pop()
    around = stack[-1]
    around.has_raised = around.has_raised or (part.switches[:1] == ["s"] and len(around.said) == 1)
    around.said[-1].append(_written(part))


def _written(part: _Part) -> str:
    said = ["".join(each).strip() for each in part.said]
    if not part.switches:
        return f"({','.join(''.join(each) for each in part.said)})"
    kind = part.switches[0]
    if kind == "o" and part.has_raised and len(said) == 2:  # ruby: what is read stands above what is written
        return f"{said[1]}({_bare(said[0])})"
    if kind == "s":
        return f"{DOWN if 'do' in part.switches else UP}{' '.join(said)}{END}"
    if kind == "f" and len(said) == 2:
        return f"{_grouped(said[0])}/{_grouped(said[1])}"
    if kind == "r":
        return f"{said[0] if len(said) > 1 else ''}√{_grouped(said[-1])}"
    if kind == "i" and len(said) == 3:
        sign = {"su": "∑", "pr": "∏"}.get(next((each for each in part.switches if each in {"su", "pr"}), ""), "∫")
        return f"{sign}{DOWN}{said[0]}{END}{UP}{said[1]}{END} {said[2]}"
    if kind == "b":
        left = next((each for each in part.switches if not each.isalpha()), "(")
        return f"{left}{' '.join(said)}{ {'(': ')', '[': ']', '{': '}', '<': '>'}.get(left, left) }"
    return ("," if kind == "l" else "" if kind in {"o", "x"} else " ").join(said)


def _bare(said: str) -> str:
    return said.strip(UP + DOWN + END)


def _grouped(said: str) -> str:
    return said if said.isalnum() else f"({said})"
