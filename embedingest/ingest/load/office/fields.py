"""Fields of Word: an instruction and a result, which alone is shown. Changes a part before its words are read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.office.names import W
from embedingest.ingest.load.office.shown_fields import shown_by_itself

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["leave_results"]

_CODE: Final = W + "instrText"
_SHOWN: Final = frozenset(
    {W + kind for kind in ("t", "tab", "ptab", "br", "cr", "sym", "noBreakHyphen", "drawing", "pict", "object")}
)


@dataclass(slots=True)
class _Field:
    """A field that has begun: what stands in its instruction, whether that is over and anything was shown since."""

    code: list[Element] = field(default_factory=list)
    is_over: bool = False
    shows: bool = False


def leave_results(root: Element) -> None:
    """What stands in the instruction of a field, also the result of a field within, becomes part of the instruction.

    An equation field has no result and is drawn: its words take that place. A field that nothing ends is none.
    """
    begun: list[_Field] = []
    in_code: list[_Field] = []  # those of `begun` whose instruction goes on
    for node in root.iter():
        if node.tag == W + "fldChar":
            _turn(node.get(W + "fldCharType", ""), begun, in_code)
        elif begun and (node.tag == _CODE or node.tag in _SHOWN):
            if in_code:
                in_code[-1].code.append(node)
            begun[-1].shows = begun[-1].is_over and (begun[-1].shows or bool((node.text or "").strip() or len(node)))


def _turn(kind: str, begun: list[_Field], in_code: list[_Field]) -> None:
    if kind == "begin":
        begun.append(_Field())
        in_code.append(begun[-1])
    elif kind in {"separate", "end"} and begun:
        if not begun[-1].is_over:
            in_code.pop()
            begun[-1].is_over = True
        if kind == "end":
            _settle(begun.pop())


def _settle(ended: _Field) -> None:
    words = None
    if not ended.shows:
        words = shown_by_itself("".join(each.text or "" for each in ended.code))
    for each in ended.code:
        each.tag = _CODE
    if words and ended.code:
        ended.code[-1].tag, ended.code[-1].text = W + "t", words
