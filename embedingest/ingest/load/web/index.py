"""What kinds of elements a page holds, taken stock of once: a rule for what it does not hold costs nothing there.

Knows how selectors are spelled, not what any is for.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property, lru_cache
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


class _Selector(NamedTuple):
    """The alternatives of a selector with what each needs; of all of them what they need first, by kind."""

    alternatives: tuple[tuple[str, tuple[_Need, ...]], ...]
    tags: frozenset[str]
    words: frozenset[tuple[str, str]]
    parts: tuple[tuple[str, str], ...]
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

    def says(self, attribute: str, *parts: str) -> bool:
        """Whether one of these, which are in small letters, stands in a value of an attribute in whatever letters."""
        text = self._text(attribute)
        return any(part in text for part in parts)

    def matches(self, attribute: str, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern is found in the values of an attribute, each a line in small letters."""
        return pattern.search(self._text(attribute)) is not None

    def has_class(self, name: str) -> bool:
        """Whether an element of the page may be of a class, in small or capital letters."""
        return ("class", name.lower()) in self._words

    def create(self, tag: str) -> LexborNode:
        """A new element, for some place in the page."""
        self.tags.add(tag)
        return self.tree.create_node(tag)

    def _left_of(self, selector: _Selector) -> list[str]:
        """The alternatives of a selector without those that no element of the page can be."""
        if (
            selector.tags.isdisjoint(self.tags)
            and (not selector.words or selector.words.isdisjoint(self._words))
            and not any(attribute in self._values for attribute, _ in selector.parts)
        ):
            return []
        return [text for text, needs in selector.alternatives if all(map(self._is_met, needs))]

    def _is_met(self, need: _Need) -> bool:
        if need.kind == "tag":
            return need.value in self.tags
        if need.kind == "word":
            return (need.attribute, need.value) in self._words
        return need.attribute in self._values and need.value in self._text(need.attribute)

    @cached_property
    def _words(self) -> set[tuple[str, str]]:
        """The classes and the ids of the page."""
        return {(attribute, word) for attribute in ("class", "id") for word in self._text(attribute).split()}

    def _text(self, attribute: str) -> str:
        """All values of an attribute in small letters, each on a line."""
        if attribute not in self._texts:
            values = self._values.get(attribute, set())
            self._texts[attribute] = "\n".join(value for value in values if value).lower()
        return self._texts[attribute]


@lru_cache(maxsize=256)
def _parsed(selector: str) -> _Selector:
    alternatives = tuple((each, tuple(map(_need, _PART.finditer(each)))) for each in selector.split(", "))
    first = [needs[0] for _, needs in alternatives]
    return _Selector(
        alternatives,
        tags=frozenset(need.value for need in first if need.kind == "tag"),
        words=frozenset((need.attribute, need.value) for need in first if need.kind == "word"),
        parts=tuple((need.attribute, need.value) for need in first if need.kind == "part"),
        tags_only=all(len(needs) == 1 and needs[0].kind == "tag" for _, needs in alternatives),
    )


def _need(part: re.Match[str]) -> _Need:
    if part["attribute"]:
        return _Need("part", _plain(part["attribute"]), _plain(part["value"] or ""))
    if part["mark"]:
        return _Need("word", "class" if part["mark"] == "." else "id", _plain(part["word"]))
    return _Need("tag", "", part["word"])


def _plain(spelled: str) -> str:
    return _ESCAPE.sub(r"\1", spelled).lower()
