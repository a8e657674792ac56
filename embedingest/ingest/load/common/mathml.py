"""Equations of MathML in one line, as LaTeX writes them: m^2, \\frac{a}{b}, \\sqrt{x}. Signs stay signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from xml.etree.ElementTree import Element

__all__ = ["linear"]

_TEX: Final = frozenset({"application/x-tex", "tex", "latex", "application/x-latex", "starmath 5.0", "starmath"})
_LEAVES: Final = frozenset({"mi", "mn", "mo", "ms", "mtext"})
_ACCENTS: Final = {"¯": "\\overline{", "‾": "\\overline{", "^": "\\hat{", "→": "\\vec{", "~": "\\tilde{", "˙": "\\dot{"}
_DISPLAY: Final = "{\\displaystyle "


def linear(root: Element) -> str:
    """What the equation says; as its author wrote it where the element keeps that."""
    for each in root.iter():
        if _name(each) == "annotation" and each.get("encoding", "").lower() in _TEX:
            return _bare(" ".join("".join(each.itertext()).split()))
    said: list[str] = []
    stack: list[Element | str] = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            said.append(node)
        else:
            stack.extend(reversed(_parts(node)))
    return " ".join("".join(said).split()) or _bare(root.get("alttext", ""))


def _bare(tex: str) -> str:
    """Without the braces that only set the size."""
    return tex[len(_DISPLAY) : -1].strip() if tex.startswith(_DISPLAY) and tex.endswith("}") else tex


def _parts(node: Element) -> Sequence[Element | str]:
    name, inner = _name(node), list(node)
    if name in _LEAVES:
        return [_leaf(name, "".join(node.itertext()))]
    if name in {"annotation", "annotation-xml", "mphantom"}:
        return []
    if name == "mspace":
        return [" "]
    if name == "mfenced":
        return _fenced(node, inner)
    if name == "mroot" and len(inner) == 2:
        return ["\\sqrt[", inner[1], "]{", inner[0], "}"]
    if name == "msqrt":
        return ["\\sqrt{", *inner, "}"]
    if name == "mfrac" and len(inner) == 2:
        return ["\\frac{", inner[0], "}{", inner[1], "}"]
    if name in {"msub", "munder", "msup", "mover"} and len(inner) == 2:
        accent = _ACCENTS.get(_own(inner[1]) or "") if name == "mover" else None
        mark = "_" if name in {"msub", "munder"} else "^"
        return [accent, inner[0], "}"] if accent else [inner[0], *_at(mark, inner[1])]
    if name in {"msubsup", "munderover"} and len(inner) == 3:
        return [inner[0], *_at("_", inner[1]), *_at("^", inner[2])]
    if name == "mtable":
        return _table(inner)
    return inner


def _leaf(name: str, text: str) -> str:
    text = " ".join(text.split()) if name != "mtext" else text
    return f" {text} " if (name == "mi" and len(text) > 1) or text in {"=", "≤", "≥", "<", ">", "≠", "≈", "→"} else text


def _at(mark: str, node: Element) -> list[Element | str]:
    """What stands at a mark, in braces unless it is one character; nothing for nothing."""
    text = _own(node)
    if text == "":
        return []
    return [mark, node] if text is not None and len(text) == 1 else [mark, "{", node, "}"]


def _own(node: Element) -> str | None:
    """The text of an element that holds no others."""
    return None if len(node) else (node.text or "").strip()


def _fenced(node: Element, inner: list[Element]) -> list[Element | str]:
    parts: list[Element | str] = [node.get("open", "(")]
    for index, each in enumerate(inner):
        parts += [node.get("separators", ",")[:1], each] if index else [each]
    return [*parts, node.get("close", ")")]


def _table(rows: list[Element]) -> list[Element | str]:
    parts: list[Element | str] = [" "]
    for index, row in enumerate(rows):
        parts += [" \\\\ "] if index else []
        for column, cell in enumerate(row):
            parts += [" & ", cell] if column else [cell]
    return [*parts, " "]


def _name(node: Element) -> str:
    return node.tag.rpartition("}")[2].lower()
