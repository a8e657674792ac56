"""What kinds of elements a page holds, taken stock of once: a rule for what it does not hold costs nothing there.

Knows how selectors are spelled, not what any is for.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.common.references import unescaped

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

    from embedingest.ingest.load.web.written import Written

__all__ = ["Index"]

_PART: Final = re.compile(
    r"""\[(?P<attribute>(?:[\w-]|\\.)+)(?:[~|^$*]?=["']?(?P<value>(?:[^"'\]\s\\]|\\.)*)["']?(?:\s+i)?)?\]"""
    r"|(?P<mark>[.#]?)(?P<word>(?:[\w-]|\\.)+)"
)
_ESCAPE: Final = re.compile(r"\\(.)")
_MADE: Final = frozenset({"html", "head", "body", "colgroup", "tbody", "tr", "p", "br", "link"})
"""Elements that a parser makes where no tag says so, and those that bear the lines of the source."""

_PARTS_WORDS: Final = b"<>=\"'/:\0"
_BLANKED: Final = bytes.maketrans(_PARTS_WORDS, b" " * len(_PARTS_WORDS))
_LAST: Final = re.compile(r"[^\s<>=\"'/:]*\Z")
_VALUE: Final = r"""\s*=\s*(?=("[^"]*"|'[^']*'|[^\s>]*))"""  # a value may seem to have an attribute in it


class _Need(NamedTuple):
    """What an element, or one around it, must have: a tag, or a word of its tag and a part of an attribute's value."""

    tag: str = ""
    word: str = ""
    attribute: str = ""
    part: str = ""


class _Selector(NamedTuple):
    """The alternatives of a selector with what each needs; what they need first: nothing has none of these."""

    alternatives: tuple[tuple[str, tuple[_Need, ...]], ...]
    tags: frozenset[str]
    words: frozenset[str]
    tags_only: bool
    """No element is named by two alternatives."""


class Index:
    """The elements of a page, found by CSS selectors of tags, classes, ids, attributes, and these around each other.

    What a page may hold is told from the tags that its source has `written`: from too many rather than too few.
    Elements may be taken out of the page meanwhile; one that is put in is made by `create`.
    """

    def __init__(self, tree: LexborHTMLParser, written: Written) -> None:
        self.tree: Final = tree
        self.tags: Final = {*_MADE, *written.names}
        if "image" in self.tags:  # as browsers take it
            self.tags.add("img")
        self._written: Final = written.text.lower()
        self._words: Final = _words(self._written)
        rest = written.text.replace("&amp;", "")
        self._plain: Final = unescaped(rest).lower() if "&" in rest else ""
        if self._plain:
            self._words.update(_words(self._plain))
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

    def may_hold(self, selector: str) -> bool:
        """Whether the page has the tags, classes, ids and attributes that a selector names; they may be apart."""
        return bool(self._left_of(_parsed(selector)))

    def says(self, attribute: str, *parts: str) -> bool:
        """Whether one of these, which are in small letters, stands in a value of an attribute in whatever letters."""
        return any(self._is_said(part, attribute) for part in parts)

    def matches(self, pattern: re.Pattern[str]) -> bool:
        """Whether a pattern is found in the tags as they are written, in small letters."""
        return pattern.search(self._written) is not None or pattern.search(self._plain) is not None

    def has_class(self, name: str) -> bool:
        """Whether an element of the page may be of a class, in small or capital letters."""
        return name.lower() in self._words

    def create(self, tag: str) -> LexborNode:
        """A new element, for some place in the page."""
        self.tags.add(tag)
        return self.tree.create_node(tag)

    def _left_of(self, selector: _Selector) -> list[str]:
        """The alternatives of a selector without those that no element of the page can be."""
        if selector.words.isdisjoint(self._words) and selector.tags.isdisjoint(self.tags):
            return []
        return [text for text, needs in selector.alternatives if all(map(self._is_met, needs))]

    def _is_met(self, need: _Need) -> bool:
        if need.tag:
            return need.tag in self.tags
        return need.word in self._words and (not need.part or self._is_said(need.part, need.attribute))

    def _is_said(self, part: str, attribute: str) -> bool:
        return (part in self._written or part in self._plain) and part in self._text(attribute)

    def _text(self, attribute: str) -> str:
        """All values of an attribute in small letters, each on a line."""
        if attribute not in self._texts:
            text = "\n".join(_values(attribute).findall(self._written))
            self._texts[attribute] = unescaped(text) if self._plain else text
        return self._texts[attribute]


@lru_cache(maxsize=64)
def _values(attribute: str) -> re.Pattern[str]:
    return re.compile(re.escape(attribute) + _VALUE)


def _words(tags: str) -> set[str]:
    """What stands in tags between blanks, signs of equality, quotes, slashes and colons."""
    return set(tags.encode(errors="replace").translate(_BLANKED).decode().split()) | {""}


@lru_cache(maxsize=256)
def _parsed(selector: str) -> _Selector:
    alternatives = tuple((each, tuple(map(_need, _PART.finditer(each)))) for each in selector.split(", "))
    first = [needs[0] for _, needs in alternatives]
    return _Selector(
        alternatives,
        tags=frozenset(need.tag for need in first if need.tag),
        words=frozenset(need.word for need in first if not need.tag),
        tags_only=all(len(needs) == 1 and needs[0].tag for _, needs in alternatives),
    )


def _need(part: re.Match[str]) -> _Need:
    if part["attribute"]:
        name = _plain(part["attribute"])
        return _Need(word=_last(name), attribute=name, part=_plain(part["value"] or ""))
    if part["mark"]:
        return _Need(word=_last(_plain(part["word"])))
    return _Need(tag=part["word"].lower())


def _last(word: str) -> str:
    """The end of a word as `_words` parts it."""
    match = _LAST.search(word)
    return match[0] if match else ""


def _plain(spelled: str) -> str:
    return _ESCAPE.sub(r"\1", spelled).lower()
