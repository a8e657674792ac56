"""What Markdown shows: headings, paragraphs, lists, tables and listings, by a parser that is not ours."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

PARSER = MarkdownIt("commonmark").enable("table")


def blocks(markdown):
    """Each block as its words, or as what it is and what it holds; marks of emphasis are not told."""
    return [block for node in SyntaxTreeNode(PARSER.parse(markdown)).children for block in _shown(node)]


def _shown(node):
    if node.type == "paragraph":
        return [_words(node)]
    if node.type == "heading":
        return [{node.tag: _words(node)}]
    if node.type in {"ordered_list", "bullet_list"}:
        items = [block for item in node.children for child in item.children for block in _shown(child)]
        return [{"ol" if node.type == "ordered_list" else "ul": items}]
    if node.type == "table":
        return [{"table": [[_words(cell) for cell in row.children] for part in node.children for row in part.children]}]
    if node.type == "fence":
        language = {"language": node.info} if node.info else {}
        return [{"code": node.content.removesuffix("\n"), **language}]
    return [{node.type: node.content}]  # as no document of ours has: it differs from all that is expected


def _words(node):
    words = "".join(_inline(each) for each in node.walk(include_self=False))
    return " ".join(words.split())


def _inline(node):
    if node.type in {"text", "code_inline", "html_inline", "text_special"}:
        return node.content
    return " " if node.type in {"softbreak", "hardbreak"} else ""
