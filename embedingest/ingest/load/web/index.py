"""What kinds of elements a page holds, taken stock of once: a rule for what it does not hold costs nothing there.

Knows how selectors are spelled, not what any is for.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["Index"]

_PART: Final = re.compile(
    r"""\[(?P<attribute>(?:[\w-]|\\.)+)(?:[~|^$*]?=["']?(?P<value>(?:[^"'\]\s\\]|\\.)*)["']?(?:\s+i)?)?\]"""
    r"|(?P<mark>[.#]?)(?P<word>(?:[\w-]|\\.)+)"
)
_ESCAPE: Final = re.compile(r"\\(.)")


class _Need(NamedTuple):
    """What an element, or one around it, must have: a tag, a word of an attribute, or a part of its text."""

    kind: Literal["tag", "word", "part"]
    attribute: str
    value: str


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
        self._words: Final[dict[str, set[str]]] = {}

    @property
    def body(self) -> LexborNode | None:
        """The body of the page."""
        return self.tree.body

    def find(self, selector: str, within: LexborNode | None = None) -> list[LexborNode]:
        """The elements of the page, or of one of its elements, that a selector names, in their order, each once."""
        left = self._left_of(selector)
        if not left:
            return []
        found = (self.tree if within is None else within).css(", ".join(left))
        if len(left) == 1 or len(found) < 2 or _tags_only(selector):
            return found
        # An element that several alternatives name comes as often, one right behind the other.
        return [found[0], *(node for before, node in pairwise(found) if node.mem_id != before.mem_id)]

    def first(self, selector: str) -> LexborNode | None:
        """The first element of the page that a selector names."""
        left = self._left_of(selector)
        return self.tree.css_first(", ".join(left)) if left else None

    def says(self, attribute: str, *parts: str) -> bool:
        """Whether one of these, which are in small letters, stands in a value of an attribute in whatever letters."""
        text = self._text(attribute)
        return any(part in text for part in parts)

    def matches(self, attribute: str, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern is found in the values of an attribute, each a line in small letters."""
        return pattern.search(self._text(attribute)) is not None

    def create(self, tag: str) -> LexborNode:
        """A new element, for some place in the page."""
        self.tags.add(tag)
        return self.tree.create_node(tag)

    def _left_of(self, selector: str) -> list[str]:
        """The alternatives of a selector without those that no element of the page can be."""
        return [text for text, needs in _alternatives(selector) if all(map(self._is_met, needs))]

    def _is_met(self, need: _Need) -> bool:
        if need.kind == "tag":
            return need.value in self.tags
        if need.attribute not in self._values:
            return False
        if need.kind == "part":
            return need.value in self._text(need.attribute)
        if need.attribute not in self._words:
            self._words[need.attribute] = set(self._text(need.attribute).split())
        return need.value in self._words[need.attribute]

    def _text(self, attribute: str) -> str:
        """All values of an attribute in small letters, each on a line."""
        if attribute not in self._texts:
            values = self._values.get(attribute, set())
            self._texts[attribute] = "\n".join(value for value in values if value).lower()
        return self._texts[attribute]


@lru_cache(maxsize=256)
def _alternatives(selector: str) -> tuple[tuple[str, tuple[_Need, ...]], ...]:
    """The alternatives of a selector, and what each needs, of which more may be said than a page must have."""
    return tuple((each, tuple(map(_need, _PART.finditer(each)))) for each in selector.split(", "))


@lru_cache(maxsize=256)
def _tags_only(selector: str) -> bool:
    """Whether each alternative is the name of a tag, so that no element is named by two."""
    return all(len(needs) == 1 and needs[0].kind == "tag" for _, needs in _alternatives(selector))


def _need(part: re.Match[str]) -> _Need:
    if part["attribute"]:
        return _Need("part", _plain(part["attribute"]), _plain(part["value"] or ""))
    if part["mark"]:
        return _Need("word", "class" if part["mark"] == "." else "id", _plain(part["word"]))
    return _Need("tag", "", part["word"])


def _plain(spelled: str) -> str:
    return _ESCAPE.sub(r"\1", spelled).lower()
