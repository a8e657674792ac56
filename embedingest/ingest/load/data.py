"""JSON, JSON lines and YAML as text that can be read and cut. Knows their syntax, not what they mean."""

from __future__ import annotations

from typing import Final

from embedingest.ingest.load.common.decode import decode
from embedingest.ingest.load.common.json_text import check, rewritten, with_letters
from embedingest.types import Document

__all__ = ["JsonLinesLoader", "JsonLoader", "YamlLoader", "create_json", "create_jsonl", "create_yaml"]

_LONG_LINE: Final = 2000
_FEW_LINES: Final = 3
_LONG_ALONE: Final = 400
_LOOSE: Final = (".json5", ".jsonc")


class JsonLoader:
    """JSON as it stands, letters instead of escapes; one on endless lines is indented first, so that it can be cut.

    A file that is not JSON is taken as text and counted as `invalid_json`; comments and commas before an end are let.
    """

    name = "json"
    version = "7"
    suffixes = frozenset({".json", ".geojson", ".json5", ".jsonc", ".webmanifest", ".har", ".avsc"})
    mimes = frozenset({"application/json"})

    def load(self, data: bytes, name: str) -> Document:
        """The text, with `code` markup: it is cut at lines, less deeply indented ones first."""
        decoded = decode(data, name)
        text, notices = decoded.text, dict(decoded.notices)
        lines, written = text.count("\n") + 1, text
        try:
            if len(text) > (_LONG_LINE if lines > _FEW_LINES else _LONG_ALONE) * lines:
                text = rewritten(text, indent=True) + "\n"
            elif text.strip() and not name.lower().endswith(_LOOSE):
                check(text)
        except ValueError:
            notices["invalid_json"] = 1
        if has_lines := text is written:
            text = with_letters(text)
        return Document(
            source=name,
            text=text,
            markup="code",
            mime="application/json",
            language="json",
            has_lines=has_lines,
            notices=notices,
        )


class JsonLinesLoader:
    """One value a line, each kept on its line: numbers and keys as written, letters instead of their escapes."""

    name = "jsonl"
    version = "4"
    suffixes = frozenset({".jsonl", ".ndjson"})
    mimes = frozenset({"application/x-ndjson"})

    def load(self, data: bytes, name: str) -> Document:
        """Lines as rows; those that are no JSON are kept as they are and counted as `invalid_lines`."""
        decoded = decode(data, name)
        invalid = 0
        lines = []
        for line in decoded.text.split("\n"):
            try:
                lines.append(rewritten(line) if line.strip() else "")
            except ValueError:
                invalid += 1
                lines.append(line)
        return Document(
            source=name,
            text="\n".join(lines),
            markup="rows",
            mime="application/x-ndjson",
            notices={**decoded.notices, "invalid_lines": invalid} if invalid else decoded.notices,
        )


class YamlLoader:
    """YAML as it stands, letters instead of their escapes: its comments and its order are part of what it says."""

    name = "yaml"
    version = "5"
    suffixes = frozenset({".yaml", ".yml"})
    mimes = frozenset({"application/yaml"})

    def load(self, data: bytes, name: str) -> Document:
        """The text, with `code` markup."""
        decoded = decode(data, name)
        return Document(
            source=name,
            text=with_letters(decoded.text),
            markup="code",
            mime="application/yaml",
            language="yaml",
            notices=decoded.notices,
        )


def create_json() -> JsonLoader:
    """The loader of JSON; it has no settings."""
    return JsonLoader()


def create_jsonl() -> JsonLinesLoader:
    """The loader of JSON lines; it has no settings."""
    return JsonLinesLoader()


def create_yaml() -> YamlLoader:
    """The loader of YAML; it has no settings."""
    return YamlLoader()
