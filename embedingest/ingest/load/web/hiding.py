"""Which elements a page hides: by the attribute, by a style of their own, by its style sheets. Writes nothing.

Of a sheet the rules for tags, classes and ids count that hold for every screen: none for print or narrow ones.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.common.hiding import declared

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from embedingest.ingest.load.web.index import Index

__all__ = ["hidden_elements"]

_COMMENT: Final = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
_SIGN: Final = re.compile(r"[{};]")
_COMPOUND: Final = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9]{0,20})?(?:[.#]-?[_a-zA-Z][\w-]{0,80}){0,4}")
_SCREENS: Final = frozenset({"", "all", "screen"})
_MOST_SELECTORS: Final = 200  # each is looked for in the whole page


class _Rule(NamedTuple):
    """What a selector says of a property; where two say something, that of the higher rank holds."""

    rank: tuple[bool, int, int, bool, int]
    selector: str
    named: str
    hides: bool


def hidden_elements(page: Index) -> set[int]:
    """The outer and inner elements that are hidden, by their `mem_id`; style sheets must still be in the page."""
    said: dict[tuple[int, str], bool] = {(node.mem_id, "display"): True for node in page.find("[hidden]")}
    rules = sorted(_rules(page))
    _apply(page, (rule for rule in rules if not rule.rank[0]), said)
    if said or page.says("style", "none", "hidden", "collapse"):
        for node in page.find("[style*='display' i], [style*='visibility' i]"):
            for named, hides, _ in declared(node.attributes.get("style") or ""):
                said[node.mem_id, named] = hides
    _apply(page, (rule for rule in rules if rule.rank[0]), said)
    return {element for (element, _), hides in said.items() if hides}


def _apply(page: Index, rules: Iterable[_Rule], said: dict[tuple[int, str], bool]) -> None:
    for rule in rules:
        for node in page.find(rule.selector):
            said[node.mem_id, rule.named] = rule.hides


def _rules(page: Index) -> list[_Rule]:
    """What the style sheets say of what the page holds; nothing where they hide nothing."""
    found: dict[tuple[str, str, bool], _Rule] = {}
    looked_for: set[str] = set()
    for at, (selector, said) in enumerate(_selectors(page)):
        if len(looked_for) < _MOST_SELECTORS or selector in looked_for:
            looked_for.add(selector)
            for named, hides, important in said:
                rank = (important, selector.count("#"), selector.count("."), selector[0] not in ".#", at)
                found[selector, named, important] = _Rule(rank, selector, named, hides)
    return list(found.values()) if any(rule.hides for rule in found.values()) else []


def _selectors(page: Index) -> Iterator[tuple[str, list[tuple[str, bool, bool]]]]:
    """The simple selectors that the page may hold, each with what is said of the properties that hide."""
    for sheet in page.find("style"):
        if (sheet.attributes.get("media") or "").strip().lower() not in _SCREENS:
            continue
        for selectors, body in _blocks(_COMMENT.sub(" ", sheet.text(deep=True))):
            said = list(declared(body))
            for each in selectors.split(",") if said else []:
                selector = each.strip()
                if selector and _COMPOUND.fullmatch(selector) and page.may_hold(selector):
                    yield selector, said


def _blocks(sheet: str) -> Iterator[tuple[str, str]]:
    """The selectors and declarations of each rule that stands in no block such as `@media`."""
    depth = last = begin = 0
    selectors = ""
    for sign in _SIGN.finditer(sheet):
        if sign[0] == "{":
            if depth == 0:
                selectors, begin = sheet[last : sign.start()].strip(), sign.end()
            depth += 1
        elif sign[0] == "}":
            depth = max(0, depth - 1)
            if depth == 0 and not selectors.startswith("@"):
                yield selectors, sheet[begin : sign.start()]
        if depth == 0:
            last = sign.end()
