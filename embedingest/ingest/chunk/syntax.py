"""A source text's syntax tree as places to cut and names around them. The one user of tree-sitter."""

from __future__ import annotations

import codecs
import importlib
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tree_sitter import Node, Parser, Tree

__all__ = ["GRAMMARS", "Syntax", "parse"]

GRAMMARS: Final[dict[str, tuple[str, str]]] = {
    "bash": ("tree_sitter_bash", "language"),
    "c": ("tree_sitter_c", "language"),
    "cpp": ("tree_sitter_cpp", "language"),
    "csharp": ("tree_sitter_c_sharp", "language"),
    "go": ("tree_sitter_go", "language"),
    "java": ("tree_sitter_java", "language"),
    "javascript": ("tree_sitter_javascript", "language"),
    "php": ("tree_sitter_php", "language_php"),
    "python": ("tree_sitter_python", "language"),
    "ruby": ("tree_sitter_ruby", "language"),
    "rust": ("tree_sitter_rust", "language"),
    "tsx": ("tree_sitter_typescript", "language_tsx"),
    "typescript": ("tree_sitter_typescript", "language_typescript"),
}
"""Language to the module of its grammar's wheel and the function in it."""

_DEFINES: Final = (
    "function", "method", "class", "interface", "struct", "enum", "trait", "impl", "mod", "namespace",
    "constructor", "type_spec", "record", "object", "singleton", "union",
)  # fmt: skip
_NODE_SUFFIXES: Final = ("_definition", "_declaration", "_item", "_specifier", "_spec", "class", "module", "method")
_DEEPEST: Final = 48
_WIDEST_INDENT: Final = 400
_READ: Final = 4096
_READS: Final = 16
"""How often a grammar may read a part of the source; what is sound is read about twice."""
# Continued lines in numbers that nobody writes: grammars take time that grows with their square.
_CONTINUED: Final = re.compile(rb"(?m)^(?:[^\n]{0,400}+(?<=\\)\n){50,}+")
_LETTERS: Final = "embedingest-letters"
codecs.register_error(_LETTERS, lambda error: ("x" * (error.end - error.start), error.end))  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class _Definition:
    start: int
    end: int
    path: tuple[str, ...]


class Syntax:
    """One parsed source; all offsets are characters."""

    def __init__(self, text: str, tree: Tree) -> None:
        self._text = text
        self._tree = tree
        self._definitions = self._find_definitions()
        self._starts = [definition.start for definition in self._definitions]

    def places(self, too_large: Callable[[int, int], bool]) -> Iterator[tuple[int, float]]:
        """Where to cut, ascending, each with its cost: before definitions, then inside those that are too large."""
        costs: dict[int, float] = {}
        stack: list[tuple[Node, int]] = [(self._tree.root_node, 0)]
        while stack:
            node, depth = stack.pop()
            previous: Node | None = None
            for child in node.children:
                place = self._line_start(child)
                if place is not None:
                    costs.setdefault(place, _cost(child, previous, depth))
                if depth < _DEEPEST and child.child_count and too_large(child.start_byte, child.end_byte):
                    stack.append((child, depth + 1))
                previous = child
        yield from sorted(costs.items())

    def path(self, start: int, end: int) -> tuple[str, ...]:
        """Names around `text[start:end]`: the innermost definition that holds it, else the first that begins there."""
        words = start + len(self._text[start:end]) - len(self._text[start:end].lstrip())
        index = bisect_right(self._starts, words)
        for definition in reversed(self._definitions[max(0, index - 200) : index]):
            if definition.end >= end - (len(self._text[start:end]) - len(self._text[start:end].rstrip())):
                return definition.path
        if index < len(self._definitions) and self._starts[index] < end:
            return self._definitions[index].path
        return self._definitions[index - 1].path if index and self._definitions[index - 1].end > words else ()

    def _find_definitions(self) -> list[_Definition]:
        definitions: list[_Definition] = []
        stack: list[tuple[Node, tuple[str, ...]]] = [(self._tree.root_node, ())]
        while stack:
            node, path = stack.pop()
            name = self._name(node)
            if name:
                path = (*path, name)
                definitions.append(_Definition(node.start_byte, node.end_byte, path))
            if len(path) < _DEEPEST:
                # A definition of one line holds no other that anyone would cite.
                stack.extend((child, path) for child in node.children if child.start_point[0] != child.end_point[0])
        return sorted(definitions, key=lambda definition: (definition.start, -definition.end))

    def _name(self, node: Node) -> str:
        if not _defines(node):
            return ""
        named = node.child_by_field_name("name") or node.child_by_field_name("declarator")
        while named is not None and named.child_by_field_name("declarator") is not None:
            named = named.child_by_field_name("declarator")
        if named is None:
            named = node.child_by_field_name("type")  # `impl Type` in Rust
        if named is None:
            return ""
        return self._text[named.start_byte : named.end_byte].split("(", 1)[0].strip()[:120]

    def _line_start(self, node: Node) -> int | None:
        """The start of the line a node begins on; `None` where something else stands before it there."""
        start = node.start_byte
        lowest = max(0, start - _WIDEST_INDENT)
        line = self._text.rfind("\n", lowest, start) + 1 or (None if lowest else 0)
        return line if line is not None and not self._text[line:start].strip() else None


def parse(text: str, language: str | None, max_bytes: int) -> Syntax | None:
    """The syntax of a text, or `None`: no grammar for the language, a grammar not installed, or too large a text."""
    if language is None or len(text) > max_bytes:
        return None
    parser = _parser(language)
    if parser is None:
        return None
    # One byte a character, so that the grammar's byte offsets are ours: outside ASCII every character becomes a
    # letter, which is what it stands for in names, strings and comments.
    source = _CONTINUED.sub(lambda run: run[0].replace(b"\\\n", b"  "), text.encode("ascii", _LETTERS))
    tree = _tree(parser, source)
    return None if tree is None else Syntax(text, tree)


def _tree(parser: Parser, source: bytes) -> Tree | None:
    """The tree of a source, or `None` where the grammar reads its parts over and over, as it does with what is none."""
    left = _READS * (len(source) // _READ + _READS)

    def read(offset: int, _: object) -> bytes:
        nonlocal left
        left -= 1
        return source[offset : offset + _READ] if left > 0 else b""

    tree = parser.parse(read)
    return tree if left > 0 else None


@lru_cache(maxsize=32)
def _parser(language: str) -> Parser | None:
    if language not in GRAMMARS:
        return None
    module, function = GRAMMARS[language]
    try:
        from tree_sitter import Language, Parser

        grammar = importlib.import_module(module)
    except ImportError:
        return None
    return Parser(Language(getattr(grammar, function)()))


def _cost(node: Node, previous: Node | None, depth: int) -> float:
    """Cheap before definitions, dearer the deeper; never between a comment or decorator and what it is about."""
    if previous is not None and node.start_point[0] - previous.end_point[0] <= 1 and _introduces(previous):
        return 2.0
    base = 0.0 if _defines(node) or (_introduces(node) and depth < 3) else 0.25
    return base + min(depth, 8) * 0.1


def _introduces(node: Node) -> bool:
    return "comment" in node.type or "decorator" in node.type or "attribute" in node.type or node.type == "annotation"


def _defines(node: Node) -> bool:
    kind = node.type
    if kind in {"export_statement", "decorated_definition", "template_declaration"}:
        return True
    return kind.endswith(_NODE_SUFFIXES) and any(word in kind for word in _DEFINES)
