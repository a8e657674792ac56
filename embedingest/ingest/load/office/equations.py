"""Equations of Office (OMML) in one line, as LaTeX writes them: m^2, \\frac{a}{b}, \\sqrt{x}. Signs stay signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.ingest.load.office.names import M

if TYPE_CHECKING:
    from collections.abc import Callable
    from xml.etree.ElementTree import Element

__all__ = ["APART", "equation_parts", "parted"]

APART: Final = "\u2061"
"""A blank where letters or a brace end before it: names of functions, and equations side by side."""

_SWITCHED_OFF: Final = frozenset({"0", "false", "off"})


def equation_parts(node: Element) -> list[Element | str]:
    """What an element of an equation says, in the order in which it is written: words, and elements to look into."""
    kind = node.tag.removeprefix(M)
    if kind.endswith("Pr"):
        return []
    write = _WRITERS.get(kind)
    return list(node) if write is None else write(node)


def parted(nodes: list[Element]) -> list[Element | str]:
    """Children of a paragraph, with what parts an equation from one right before it."""
    parts: list[Element | str] = []
    before = ""
    for node in nodes:
        if before == node.tag == M + "oMath":
            parts.append(APART)
        parts.append(node)
        before = node.tag
    return parts


def _fraction(node: Element) -> list[Element | str]:
    kind, above, below = _setting(node, "type"), _all(node, "num"), _all(node, "den")
    if kind in {"lin", "skw"}:
        return [*_base(above), "/", *_base(below)]
    if kind == "noBar":
        return ["{", *above, " \\atop ", *below, "}"]
    return ["\\frac{", *above, "}{", *below, "}"]


def _radical(node: Element) -> list[Element | str]:
    degree = [] if _on(node, "degHide") else [each for each in _all(node, "deg") if len(each)]
    bracketed: list[Element | str] = ["[", *degree, "]"] if degree else []
    return ["\\sqrt", *bracketed, "{", *_all(node, "e"), "}"]


def _scripts(node: Element) -> list[Element | str]:
    parts: list[Element | str] = [] if node.tag == M + "sPre" else _base(_all(node, "e"))
    parts += [*_script("_", _all(node, "sub")), *_script("^", _all(node, "sup"))]
    return ["{}", *parts, *_base(_all(node, "e"))] if node.tag == M + "sPre" else parts


def _limit(node: Element) -> list[Element | str]:
    return [*_base(_all(node, "e")), *_script("_" if node.tag == M + "limLow" else "^", _all(node, "lim"))]


def _large(node: Element) -> list[Element | str]:
    below = [] if _on(node, "subHide") else _script("_", _all(node, "sub"))
    above = [] if _on(node, "supHide") else _script("^", _all(node, "sup"))
    return [_setting(node, "chr", "∫"), *below, *above, " ", *_all(node, "e")]


def _delimited(node: Element) -> list[Element | str]:
    parts: list[Element | str] = [_setting(node, "begChr", "(")]
    between = _setting(node, "sepChr", "|")
    for index, each in enumerate(_all(node, "e")):
        parts += [between, each] if index else [each]
    return [*parts, _setting(node, "endChr", ")")]


def _function(node: Element) -> list[Element | str]:
    return [APART, *_all(node, "fName"), " ", *_all(node, "e")]


def _accent(node: Element) -> list[Element | str]:
    return [*_base(_all(node, "e")), _setting(node, "chr", "\u0302")]


def _bar(node: Element) -> list[Element | str]:
    command = "\\overline{" if _setting(node, "pos") == "top" else "\\underline{"
    return [command, *_all(node, "e"), "}"]


def _matrix(node: Element) -> list[Element | str]:
    parts: list[Element | str] = ["\\begin{matrix}"]
    for index, row in enumerate(_all(node, "mr")):
        parts += [" \\\\ "] if index else [" "]
        for column, cell in enumerate(_all(row, "e")):
            parts += [" & ", cell] if column else [cell]
    return [*parts, " \\end{matrix}"]


def _lines(node: Element) -> list[Element | str]:
    parts: list[Element | str] = []
    for each in node.findall(M + ("oMath" if node.tag == M + "oMathPara" else "e")):
        parts += ["\n", each] if parts else [each]
    return parts


_WRITERS: Final[dict[str, Callable[[Element], list[Element | str]]]] = {
    "f": _fraction, "rad": _radical, "sSup": _scripts, "sSub": _scripts, "sSubSup": _scripts, "sPre": _scripts,
    "limLow": _limit, "limUpp": _limit, "nary": _large, "d": _delimited, "func": _function, "acc": _accent,
    "bar": _bar, "m": _matrix, "eqArr": _lines, "oMathPara": _lines,
}  # fmt: skip


def _all(node: Element, name: str) -> list[Element]:
    return node.findall(M + name)


def _script(mark: str, arguments: list[Element]) -> list[Element | str]:
    """A mark with what stands at it, in braces unless it is one character; nothing for nothing."""
    filled = [each for each in arguments if any(child.tag != M + "ctrlPr" for child in each)]
    if not filled:
        return []
    return [mark, *filled] if _is_one_run(filled, 1) else [mark, "{", *filled, "}"]


def _base(arguments: list[Element]) -> list[Element | str]:
    return [*arguments] if _is_one_run(arguments) else ["{", *arguments, "}"]


def _is_one_run(arguments: list[Element], length: int | None = None) -> bool:
    if len(arguments) != 1:
        return False
    runs = [child for child in arguments[0] if child.tag not in {M + "ctrlPr", M + "argPr"}]
    if len(runs) != 1 or runs[0].tag != M + "r":
        return False
    return length is None or len(runs[0].findtext(M + "t") or "") == length


def _setting(node: Element, name: str, default: str = "") -> str:
    """The value of one of the element's own properties; of one that is there without a value, nothing."""
    found = node.find(f"{node.tag}Pr/{M}{name}")
    return default if found is None else found.get(M + "val", "")[:8]


def _on(node: Element, name: str) -> bool:
    found = node.find(f"{node.tag}Pr/{M}{name}")
    return found is not None and found.get(M + "val", "1") not in _SWITCHED_OFF
