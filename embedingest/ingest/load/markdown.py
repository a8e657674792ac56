"""Markdown, kept word for word; its front matter becomes metadata. Knows no headings: chunkers find those."""

from __future__ import annotations

import re
from typing import Any, Final

from embedingest.ingest.json_values import jsonable, read_toml, read_yaml
from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.headings import first_heading
from embedingest.types import Document, Span

__all__ = ["MarkdownLoader", "create"]

_YAML: Final = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*$\n?", re.MULTILINE | re.DOTALL)
_TOML: Final = re.compile(r"\A\+\+\+[ \t]*\n(.*?)^\+\+\+[ \t]*$\n?", re.MULTILINE | re.DOTALL)
_FIELD: Final = re.compile(r"(?m)^([A-Za-z][\w -]{0,40}):(?:[ \t]+(\S[^\n]*?))?[ \t]*$")
_HEAD: Final = 8000


class MarkdownLoader:
    """Markdown text without its front matter, which is read as YAML (`---`) or TOML (`+++`) into `metadata`.

    Of a front matter that does not parse the lines `key: value` are read, and it is counted as
    `front_matter_unreadable`; one without such lines is text that stands between two rules.
    """

    name = "markdown"
    version = "6"
    suffixes = frozenset({".md", ".markdown", ".mdown", ".mkd", ".mdx", ".qmd", ".rmd"})
    mimes = frozenset({"text/markdown"})

    def load(self, data: bytes, name: str) -> Document:
        """The text after the front matter; a `line` span keeps its line numbers those of the file."""
        decoded = decode(data, name)
        notices = dict(decoded.notices)
        front, cut = _front_matter(decoded.text, notices)
        text = decoded.text[cut:]
        spans = (Span(0, len(text), "line", decoded.text.count("\n", 0, cut) + 1),) if cut else ()
        return Document(
            source=name,
            text=text,
            markup="markdown",
            mime="text/markdown",
            title=_title(front, text),
            spans=spans,
            metadata=front if decoded.encoding == "utf-8" else {**front, "encoding": decoded.encoding},
            notices=notices,
        )


def create() -> MarkdownLoader:
    """The loader of Markdown; it has no settings."""
    return MarkdownLoader()


def _front_matter(text: str, notices: dict[str, int]) -> tuple[dict[str, Any], int]:
    for pattern, parse in ((_YAML, _yaml), (_TOML, _toml)):
        match = pattern.match(text)
        if match is None:
            continue
        values = parse(match[1], notices)
        if isinstance(values, dict):
            return values, match.end()
        if values is not None:
            notices["front_matter_unreadable"] = 1
            fields = _fields(match[1])
            return (fields, match.end()) if fields else ({}, 0)
    return {}, 0


def _fields(source: str) -> dict[str, Any]:
    """The lines `key: value` of what is no YAML, the values as they are written: a colon in a title breaks it.

    Where other lines stand between them the whole is kept beside them, as `front_matter`.
    """
    fields: dict[str, Any] = {match[1]: match[2].strip("\"'") for match in _FIELD.finditer(source) if match[2]}
    if fields and _FIELD.sub("", source).strip():
        fields["front_matter"] = source
    return fields


def _yaml(source: str, notices: dict[str, int]) -> Any:
    """A mapping, `None` for blanks between two rules, or `False` where it is no YAML."""
    try:
        return jsonable(read_yaml(source, notices))
    except (ValueError, RecursionError):
        return False


def _toml(source: str, notices: dict[str, int]) -> Any:
    try:
        return jsonable(read_toml(source, notices))
    except (ValueError, RecursionError):
        return False


def _title(front: dict[str, Any], text: str) -> str | None:
    if isinstance(front.get("title"), str) and front["title"].strip():
        return str(front["title"]).strip()
    return first_heading(text[:_HEAD])
