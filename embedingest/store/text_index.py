"""The index over words: how it is made, and with which settings it was. Knows no queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from embedingest.store.values import TextSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from embedingest.store.handle import TableHandle

__all__ = ["TEXT_INDEX", "build", "stored_settings"]

TEXT_INDEX: Final = "text_idx"
_STANDARD: Final = TextSettings()


def build(table: TableHandle, settings: TextSettings) -> None:
    """Make the index, in place of one that is there. Raises StoreError."""
    from lancedb.index import FTS

    config = FTS(
        with_position=settings.positions,
        base_tokenizer=settings.tokenizer,
        language=settings.language,
        stem=settings.stem,
        remove_stop_words=settings.stop_words,
    )
    with table.translated("index the text of"):
        table.lance.create_index("text", config=config, name=TEXT_INDEX, replace=True)


def stored_settings(table: TableHandle) -> TextSettings | None:
    """How the index was made; `None` before that (a new table, or one just rebuilt). Raises StoreError."""
    with table.translated("read the indices of"):
        indices = [index for index in table.lance.list_indices() if index.name == TEXT_INDEX]
    return _settings_of(indices[0].index_details or {}) if indices else None


def _settings_of(details: Mapping[str, Any]) -> TextSettings:
    return TextSettings(
        language=str(details.get("language", _STANDARD.language)),
        stem=bool(details.get("stem", _STANDARD.stem)),
        stop_words=bool(details.get("remove_stop_words", _STANDARD.stop_words)),
        tokenizer=details.get("base_tokenizer", _STANDARD.tokenizer),
        positions=bool(details.get("with_position", _STANDARD.positions)),
    )
