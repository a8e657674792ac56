"""What a late interaction model reads of a text, and which of its token vectors count. Knows token ids, no runtime."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from embedingest.engine.folder.encoder import FolderEncoder
from embedingest.engine.folder.settings_files import REMEDY, read_object
from embedingest.engine.vectors import RAGGED
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.tokenizer import FastTokenizer
    from embedingest.engine.names import Role

__all__ = ["FolderLate", "ReadRow", "Side"]

_ENDS: Final = ("mask_token", "eos_token", "pad_token")  # whose word makes a query longer: the first that there is
_ALL: Final = -1


@dataclass(frozen=True, slots=True)
class Side:
    """What is done to texts of one role: `mark` after the first token; up to `least` tokens filled with `filler`.

    `most` tokens may be read, special ones and the mark included. Vectors of `skipped` tokens do not count.
    """

    most: int
    mark: int | None = None
    least: int = 0
    filler: int = 0
    attends: bool = True
    skipped: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ReadRow:
    """What the model reads of a text: its tokens, and the first `attended` are seen by the others; `counts` says of
    which tokens the vectors are the answer.
    """

    ids: Sequence[int]
    attended: int
    counts: list[bool]


class FolderLate(FolderEncoder):
    """The half of a late interaction model that needs no runtime. See `LateEncoder`."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        super().__init__(folder, settings)
        self.token_dimensions = folder.dimensions
        self.dimensions = RAGGED
        self.sides: Mapping[Role, Side] = {
            "query": _query(folder, self._tokenizer, settings.max_tokens),
            "document": _document(folder, self._tokenizer, self.max_tokens),
        }
        self.special_tokens = self._around("document")
        self._skipped: list[frozenset[int]] = [self.sides["document"].skipped, self.sides["query"].skipped]

    def room(self, role: Role) -> int:
        """See `LateEncoder.room`."""
        return self.sides[role].most - self._around(role)

    def row(self, tokens: TokenIds, role: Role) -> TokenIds:
        """See `LateEncoder.row`: first how many tokens of a query are seen by the others, or -1 for a document."""
        side = self.sides[role]
        ids = self.with_specials([tokens])[0]
        if side.mark is not None:
            ids.insert(1, side.mark)
        seen = len(ids)
        ids.extend([side.filler] * (side.least - seen))
        row = array("i", (_ALL if role == "document" else len(ids) if side.attends else seen,))
        row.extend(ids)
        return row

    def read(self, row: TokenIds) -> ReadRow:
        """What a row says."""
        ids = row[1:]
        skipped = self._skipped[row[0] != _ALL]
        counts = [token not in skipped for token in ids] if skipped else [True] * len(ids)
        return ReadRow(ids, len(ids) if row[0] == _ALL else row[0], counts)

    def _around(self, role: Role) -> int:
        return self._tokenizer.special_tokens + (self.sides[role].mark is not None)


def _query(folder: ModelFolder, tokenizer: FastTokenizer, asked: int | None) -> Side:
    settings = folder.modules[-1].config
    expansion = settings["expansion"]
    stated = folder.modules[0].config.get("max_seq_length") or folder.tokenizer_config.get("model_max_length")
    most = min(int(asked or settings["query_length"] or stated or folder.context_length), folder.context_length)
    mark = _mark(folder, tokenizer, settings["query_prefix"])
    skipped = _skipped(settings, tokenizer, "query")
    if expansion is None:
        return Side(most, mark, skipped=skipped)
    least = min(expansion["length"], folder.context_length)
    most = max(most, least) if expansion.get("least") else least
    return Side(most, mark, least, _filler(folder, tokenizer, expansion["token"]), expansion["attend"], skipped)


def _document(folder: ModelFolder, tokenizer: FastTokenizer, most: int) -> Side:
    settings = folder.modules[-1].config
    mark = _mark(folder, tokenizer, settings["document_prefix"])
    return Side(most, mark, skipped=_skipped(settings, tokenizer, "document"))


def _mark(folder: ModelFolder, tokenizer: FastTokenizer, prefix: str) -> int | None:
    """The id of what marks texts of a role. Raises ModelLoadError where the tokenizer has no such word."""
    if not prefix:
        return None
    found = tokenizer.id_of(prefix)
    if found is None:
        raise ModelLoadError(
            f"{folder.path} marks texts with `{prefix}`, and {tokenizer.path} has no such word", remedy=REMEDY
        )
    return found


def _filler(folder: ModelFolder, tokenizer: FastTokenizer, named: str | None) -> int:
    """The id of what queries are filled with. Raises ModelLoadError where there is none."""
    words = [named] if named else [word for word in map(_word_of(folder).get, _ENDS) if word]
    for word in words:
        if (found := tokenizer.id_of(word)) is not None:
            return found
    raise ModelLoadError(f"{tokenizer.path} has no word to fill queries of {folder.path} with", remedy=REMEDY)


def _word_of(folder: ModelFolder) -> dict[str, str]:
    """Its special words by what they are for."""
    listed = read_object(folder.modules[0].path / "special_tokens_map.json", optional=True) | folder.tokenizer_config
    found = {name: value.get("content") if isinstance(value, dict) else value for name, value in listed.items()}
    return {name: value for name, value in found.items() if isinstance(value, str)}


def _skipped(settings: Mapping[str, Any], tokenizer: FastTokenizer, role: Role) -> frozenset[int]:
    """The tokens whose vectors do not count. A word that the tokenizer does not have is none."""
    if role not in settings["skips"]:
        return frozenset()
    return frozenset(found for word in settings["skiplist"] if (found := tokenizer.id_of(word)) is not None)
