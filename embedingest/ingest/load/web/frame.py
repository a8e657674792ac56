"""What of a page is its content: without menus and frames, with what a click unfolds or a style hides."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.load.web.hidden import is_dialogue, is_hidden, is_ornament, shown_by_controls, unfolds
from embedingest.ingest.load.web.hiding import hidden_elements

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from selectolax.lexbor import LexborNode

    from embedingest.ingest.load.web.index import Index

__all__ = ["Content", "book_content", "main_content", "whole_content"]

_NOISE: Final = ["script", "style", "noscript", "template", "object", "noframes", "datalist"]
_NAVIGATION: Final = (
    "nav, [role=navigation], [role=search], .sphinxsidebar, .related, .navheader, .navfooter, .breadcrumb, "
    ".breadcrumbs, #mw-navigation, #mw-panel, #mw-head, #toc.toc, .vector-toc, .mw-editsection, .mw-jump-link, "
    "video, audio"
)
_ANCHORS: Final = "a.headerlink, a.anchor-link"
_UNREAD: Final = "[aria-hidden=true]"
_OUTSIDE: Final = "body > footer, body > aside, [role=contentinfo], [role=complementary], .footer, #footer"
_PAGES: Final = r'[epub\:type~="pagebreak"], [role="doc-pagebreak"], .pagenum, .pageno, .pagebreak, .page-number'
_PAGE: Final = re.compile(r"[\[({]?(?:(?:pg?|page|s|seite)\.?\s?)?(?:\d{1,5}|[ivxlcIVXLC]{1,9})[\])}]?", re.IGNORECASE)
"""The number of a page of the printed book, which stands in the middle of a sentence."""

_MAIN: Final = "main, [role=main]"
_NOTES: Final = re.compile(r"foot-?note|end-?note|rear-?note")
_LEAST: Final = 4
"""An element that is said to be the main one holds at least this part of the page's words, else the whole is taken."""

_TALK: Final = "[id*=comment i], [class*=comment i], [id*=disqus i], [class*=kommentar i], [class*=commentaire i]"
_TALKS: Final = re.compile(
    r"(?:[\w-]*[-_])?(?:comments?|kommentare?|commentaires?)(?:[-_]?(?:list|section|area|thread|wrap(?:per)?|container"
    r"|blocks?|feed|content|body|box))?|disqus[\w-]*"
)
_NO_TALK: Final = re.compile(r"form|respond|reply|count|link|button|no-comment|closed|hidden")
_NAMES: Final = re.compile(r"logo|brand|site-?(?:title|name)")
_SHORT_HEAD: Final = 60
"""Words of a head that are kept with the title in it: by whom, when, a subtitle."""


class Content(NamedTuple):
    """The elements that hold what a page says, in their order; how many words stand beside them, are hidden."""

    roots: list[LexborNode]
    words_left_out: int = 0
    hidden_words: int = 0


class _Stock(NamedTuple):
    """What is known of a page when its noise is gone: words in that, what is hidden, what its controls show."""

    left_out: int
    hidden: set[int]
    shown: set[str]


def _without_noise(page: Index, body: LexborNode) -> _Stock:
    """Take out what is no text of the page: scripts; dialogues and buttons that unfold nothing, which are counted."""
    hidden = hidden_elements(page)
    page.tree.strip_tags([tag for tag in _NOISE if tag in page.tags], recursive=True)
    left_out = _leave_out(_inner_first(page.find("dialog")))
    left_out += _leave_out(button for button in _inner_first(page.find("button")) if not unfolds(button))
    _drop(_inner_first(page.find(_ANCHORS)))
    return _Stock(left_out, hidden, shown_by_controls(page, body) if hidden else set())


def whole_content(page: Index) -> Content:
    """Everything of a page, its menus and frames too."""
    body = page.body
    if body is None:
        return Content([])
    stock = _without_noise(page, body)
    return _content([body], stock.left_out, stock)


def book_content(page: Index) -> Content:
    """Everything of a chapter but menus and numbers of printed pages: a book has no frame around it."""
    body = page.body
    if body is None:
        return Content([])
    stock = _without_noise(page, body)
    left_out = stock.left_out + _drop_ornaments(page, body)
    left_out += _leave_out(_inner_first(page.find(_NAVIGATION, body)))
    numbers = _inner_first(page.find(_PAGES, body))
    left_out += _leave_out(node for node in numbers if _PAGE.fullmatch(_line(node)))
    return _content([body], left_out, stock)


def main_content(page: Index) -> Content:
    """The elements that hold the page's content; what is navigation is taken out of the tree.

    Beside the main element these are the title above it, and what readers say below it.
    """
    body = page.body
    if body is None:
        return Content([])
    stock = _without_noise(page, body)
    left_out = stock.left_out + _drop_ornaments(page, body)
    menus = page.find(_NAVIGATION, body)
    if menus and _says_more(body, menus):  # else the page is a list of pages
        left_out += _leave_out(_inner_first(menus))
    best = _best(page, body)
    if best is not None:
        head, links = _head(page, body, best)
        left_out += _leave_out(links)
        roots = [*head, best, *_talk(page, body, best)]
        return _content(roots, left_out + _words_beside(body, roots), stock)
    outside = _inner_first(page.find(_OUTSIDE, body))
    left_out += _leave_out(node for node in outside if not _is_note(node))
    headers = _inner_first(page.find("body > header", body))
    left_out += _leave_out(node for node in headers if node.css_first("h1") is None)
    return _content([body], left_out, stock)


def _content(roots: list[LexborNode], left_out: int, stock: _Stock) -> Content:
    return Content(roots, left_out, _hidden_words(roots, stock) if stock.hidden else 0)


def _hidden_words(roots: list[LexborNode], stock: _Stock) -> int:
    """How many words below these elements a person does not see. What a control of the page shows is seen."""
    ids = {root.mem_id for root in roots}
    count = 0
    for root in roots:
        nodes = root.css("*")
        keys = [node.mem_id for node in nodes]
        at = len(nodes) if stock.hidden.isdisjoint(keys) else 1  # behind the root itself
        while at < len(nodes):
            node, key = nodes[at], keys[at]
            at += 1
            if key in stock.hidden and is_hidden(node, stock.shown):
                count += _words(node)
            elif key not in ids:
                continue
            at += len(node.css("*")) - 1
    return count


def _says_more(body: LexborNode, menus: list[LexborNode]) -> bool:
    """Whether a word of the page stands in none of its menus."""
    ids = {menu.mem_id for menu in menus}
    pending = [body]
    while pending:
        node = pending.pop()
        if node.tag == "-text":
            if (node.text_content or "").strip():
                return True
        elif node.mem_id not in ids:
            pending.extend(node.iter(include_text=True))
    return False


def _words_beside(body: LexborNode, roots: list[LexborNode]) -> int:
    """How many words of a page stand in none of these elements, less those that stand in several of them."""
    ids = {root.mem_id for root in roots}
    twice = [root for root in roots if any(each.mem_id in ids for each in _above(root))]
    return sum(map(_words, _beside(body, roots))) - sum(map(_words, twice))


def _beside(body: LexborNode, roots: list[LexborNode]) -> Iterator[LexborNode]:
    """What of a page stands in none of these elements and holds none of them."""
    ids = {root.mem_id for root in roots}
    around = {each.mem_id for root in roots for each in _above(root)}
    pending = [] if body.mem_id in ids else [body]
    while pending:
        for node in pending.pop().iter(include_text=True):
            if node.mem_id in around and node.mem_id not in ids:
                pending.append(node)
            elif node.mem_id not in ids:
                yield node


def _words(node: LexborNode) -> int:
    return len(node.text(deep=True, separator=" ").split())


def _line(node: LexborNode) -> str:
    """The words of an element that holds little: a text, or an element with one; of others none."""
    child = node.child
    if child is not None and child.tag != "-text" and child.next is None:
        child = child.child
    alone = child is not None and child.tag == "-text" and child.next is None
    return (child.text_content or "").strip() if alone and child is not None else ""


def _inner_first(nodes: Iterable[LexborNode]) -> list[LexborNode]:
    """In the order in which they can be taken out: nothing is looked at after what held it has gone."""
    return list(nodes)[::-1]


def _drop(nodes: Iterable[LexborNode]) -> None:
    for node in nodes:
        node.decompose(recursive=True)


def _leave_out(nodes: Iterable[LexborNode]) -> int:
    """Take elements out; how many words they held."""
    count = 0
    for node in nodes:
        count += _words(node)
        node.decompose(recursive=True)
    return count


def _best(page: Index, body: LexborNode) -> LexborNode | None:
    """The main element, or the one article; of several articles none, for each of them is content."""
    mains = page.find(_MAIN, body)
    articles = page.find("article", body)
    if articles and len(articles[0].css("article")) == len(articles):  # as an article holds its comments
        articles = articles[:1]
    for candidates in (mains, articles if len(articles) == 1 else []):
        sizes = [len(node.text(deep=True)) for node in candidates]
        if not sizes:
            continue
        size = max(sizes)
        best = candidates[sizes.index(size)]
        if size * _LEAST >= size + sum(len(node.text(deep=True)) for node in _beside(body, [best])):
            return best
    return None


def _outermost(nodes: list[LexborNode]) -> list[LexborNode]:
    """Those that stand in none of the others."""
    ids = {node.mem_id for node in nodes}
    return [node for node in nodes if not any(each.mem_id in ids for each in _above(node))]


def _above(node: LexborNode) -> Iterator[LexborNode]:
    above = node.parent
    while above is not None:
        yield above
        above = above.parent


def _head(page: Index, body: LexborNode, best: LexborNode) -> tuple[list[LexborNode], list[LexborNode]]:
    """The heading above the main element that has none, with the short head around it; what is none of that."""
    if any(heading.text(deep=True).strip() for heading in best.css("h1")):
        return [], []
    around = {each.mem_id for each in _above(best)}
    for node in page.find("h1, main, article, [role=main]", body):
        if node.mem_id == best.mem_id:
            break
        if node.tag != "h1" or not node.text(deep=True).strip() or _names_the_site(node):
            continue
        head = next((each for each in _above(node) if each.tag in {"header", "hgroup"}), None)
        if head is None or head.mem_id in around or _words(head) > _SHORT_HEAD:
            return [node], []
        return [head], _links_before(node, head)
    return [], []


def _links_before(heading: LexborNode, head: LexborNode) -> list[LexborNode]:
    """What leads elsewhere and stands in a head before its heading: the site's name, a menu."""
    found = []
    node = heading
    while node.mem_id != head.mem_id:
        before = node.prev
        while before is not None:
            if before.tag == "a" or (before.tag not in {"-text", "-comment"} and before.css_first("a") is not None):
                found.append(before)
            before = before.prev
        above = node.parent
        if above is None:
            break
        node = above
    return found


def _names_the_site(heading: LexborNode) -> bool:
    if heading.css_first("a[rel=home]") is not None:
        return True
    elements = (heading, heading.parent)
    told = [each.attributes.get(name) or "" for each in elements if each is not None for name in ("class", "id")]
    return bool(_NAMES.search(" ".join(told).lower()))


def _talk(page: Index, body: LexborNode, best: LexborNode) -> list[LexborNode]:
    """What readers say of the page, where it does not stand in the main element."""
    around = {each.mem_id for each in _above(best)}
    found = []
    for node in page.find(_TALK, body):
        told = f"{node.attributes.get('class') or ''} {node.attributes.get('id') or ''}".lower().split()
        if node.mem_id in around or any(each.mem_id == best.mem_id for each in (node, *_above(node))):
            continue
        if any(_TALKS.fullmatch(word) for word in told) and not _NO_TALK.search(" ".join(told)) and _words(node):
            found.append(node)
    return _outermost(found)


def _drop_ornaments(page: Index, body: LexborNode) -> int:
    """Take out what is kept from readers aloud and is no text; how many words its dialogues held."""
    ornaments = [node for node in _inner_first(page.find(_UNREAD, body)) if is_ornament(node)]
    left_out = 0
    for node in ornaments:
        left_out += _words(node) if is_dialogue(node) else 0
        node.decompose(recursive=True)
    return left_out


def _is_note(node: LexborNode) -> bool:
    """Whether an element holds notes of the text, as books set them."""
    attributes = node.attributes
    told = " ".join(attributes.get(name) or "" for name in ("epub:type", "role", "class", "id"))
    return bool(_NOTES.search(told.lower()))
