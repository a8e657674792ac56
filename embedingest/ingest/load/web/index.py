"""What kinds of elements a page holds, taken stock of once: a rule for what it does not hold costs nothing there.

Knows how selectors are spelled, not what any is for.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["Index"]

_PART: Final = re.compile(
    r"""\[(?P<attribute>(?:[\w-]|\\.)+)(?:[~|^$*]?=["']?(?P<value>(?:[^"'\]\s\\]|\\.)*)["']?(?:\s+i)?)?\]"""
    r"|(?P<mark>[.#]?)(?P<word>(?:[\w-]|\\.)+)"
)
_ESCAPE: Final = re.compile(r"\\(.)")


class _Need(NamedTuple):
    """What an element, or one around it, must have: a key, and a part of the text of an attribute.

    A key is a tag, `.` and a class, `#` and an id, or `[` and the name of an attribute.
    """

    key: str
    attribute: str = ""
    part: str = ""


class _Selector(NamedTuple):
    """The alternatives of a selector with what each needs; the keys of which a page has one, or none of them."""

    alternatives: tuple[tuple[str, tuple[_Need, ...]], ...]
    keys: frozenset[str]
    tags_only: bool
    """No element is named by two alternatives."""


class Index:
    """The elements of a page, found by CSS selectors of tags, classes, ids, attributes, and these around each other.

    Elements may be taken out of the page meanwhile; one that is put in is made by `create`.
    """

    def __init__(self, tree: LexborHTMLParser) -> None:
        self.tree: Final = tree
        self.tags: Final[set[str]] = set()
        self._values: Final[defaultdict[str, set[str | None]]] = defaultdict(set)
        values = self._values
        for node in tree.css("*"):
            self.tags.add(node.tag or "")
            for name, value in node.attributes.items():
                values[name].add(value)
        for name in [name for name in values if ":" in name]:  # a selector may leave out the prefix
            values[name.rpartition(":")[2]].update(values[name])
        self._texts: Final[dict[str, str]] = {}
        self._keys: Final = {*self.tags, *(f"[{name}" for name in values)}
        for mark, attribute in (".", "class"), ("#", "id"):
            self._keys.update(mark + word for word in self._text(attribute).split())

    @property
    def body(self) -> LexborNode | None:
        """The body of the page."""
        return self.tree.body

    def find(self, selector: str, within: LexborNode | None = None) -> list[LexborNode]:
        """The elements of the page, or of one of its elements, that a selector names, in their order, each once."""
        parsed = _parsed(selector)
        left = self._left_of(parsed)
        if not left:
            return []
        found = (self.tree if within is None else within).css(", ".join(left))
        if len(left) == 1 or len(found) < 2 or parsed.tags_only:
            return found
        # An element that several alternatives name comes as often, one right behind the other.
        return [found[0], *(node for before, node in pairwise(found) if node.mem_id != before.mem_id)]

    def first(self, selector: str) -> LexborNode | None:
        """The first element of the page that a selector names."""
        left = self._left_of(_parsed(selector))
        return self.tree.css_first(", ".join(left)) if left else None

    def may_hold(self, selector: str) -> bool:
        """Whether the page has the tags, classes, ids and attributes that a selector names; they may be apart."""
        return bool(self._left_of(_parsed(selector)))

    def says(self, attribute: str, *parts: str) -> bool:
        """Whether one of these, which are in small letters, stands in a value of an attribute in whatever letters."""
        text = self._text(attribute)
        return any(part in text for part in parts)

    def matches(self, attribute: str, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern is found in the values of an attribute, each a line in small letters."""
        return pattern.search(self._text(attribute)) is not None

    def has_class(self, name: str) -> bool:
        """Whether an element of the page may be of a class, in small or capital letters."""
        return f".{name.lower()}" in self._keys

    def create(self, tag: str) -> LexborNode:
        """A new element, for some place in the page."""
        self.tags.add(tag)
        self._keys.add(tag)
        return self.tree.create_node(tag)

    def _left_of(self, selector: _Selector) -> list[str]:
        """The alternatives of a selector without those that no element of the page can be."""
        if selector.keys.isdisjoint(self._keys):
            return []
        return [text for text, needs in selector.alternatives if all(map(self._is_met, needs))]

    def _is_met(self, need: _Need) -> bool:
        return need.key in self._keys and need.part in self._text(need.attribute)

    def _text(self, attribute: str) -> str:
        """All values of an attribute in small letters, each on a line."""
        if attribute not in self._texts:
            values = self._values.get(attribute, set())
            self._texts[attribute] = "\n".join(value for value in values if value).lower()
        return self._texts[attribute]


@lru_cache(maxsize=256)
def _parsed(selector: str) -> _Selector:
    alternatives = tuple((each, tuple(map(_need, _PART.finditer(each)))) for each in selector.split(", "))
    return _Selector(
        alternatives,
        keys=frozenset(needs[0].key for _, needs in alternatives),
        tags_only=all(len(needs) == 1 and needs[0].key[0] not in ".#[" for _, needs in alternatives),
    )


def _need(part: re.Match[str]) -> _Need:
    if part["attribute"]:
        name = _plain(part["attribute"])
        return _Need(f"[{name}", name, _plain(part["value"] or ""))
    return _Need(part["mark"] + (_plain(part["word"]) if part["mark"] else part["word"]))


def _plain(spelled: str) -> str:
    return _ESCAPE.sub(r"\1", spelled).lower()
