"""Text to token ids and back, with the model's own tokenizer.json. Knows no weights, no torch, no window."""

from __future__ import annotations

import threading
from array import array
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from embedingest.engine.folder.cutting import Cutter
from embedingest.engine.folder.fingerprint import remembered
from embedingest.engine.folder.patterns import check_patterns
from embedingest.engine.folder.words import load
from embedingest.errors import InputError, ModelLoadError
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tokenizers import Tokenizer

    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["FastTokenizer", "ModelSizer", "TokenizerSizer"]

_PROBE: Final = "a"
_SLICE_TEXTS: Final = 256  # the tokenizer's answers hold some hundred bytes a token beside the ids
_SLICE_CHARACTERS: Final = 524_288
_LONG_CHARACTERS: Final = 32_768  # a text from here on is tokenised alone, in pieces
_PIECE_CHARACTERS: Final = 65_536
_FIRST_CHARACTERS: Final = 2_048  # and of a text of which only the first tokens are wanted, at least so much at once
_UNKNOWN: Final = ("[UNK]", "<unk>")
_LETTERS_A_TOKEN: Final = 8  # more than most tokens have


class _PerThread(threading.local):
    """A tokenizer for each thread that asks, loaded when it first does."""

    tokenizer: Tokenizer | None = None
    cut: tuple[int | None, str] = (None, "right")


class _Facts(NamedTuple):
    """What is remembered of a tokenizer, so that whoever only asks for sizes need not load it.

    `prefix` and `suffix` are ids, `words` is their number and `largest_id` the largest; `cut` and `cut_side` are what
    it says of texts that are too long.
    """

    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    words: int
    largest_id: int
    cut: int | None
    cut_side: str

    @classmethod
    def read(cls, noted: Any) -> _Facts:
        prefix, suffix, words, largest, cut, side = noted
        around = tuple(map(int, prefix)), tuple(map(int, suffix))
        return cls(*around, int(words), int(largest), None if cut is None else int(cut), str(side))


class FastTokenizer:
    """One model's tokenizer, safe to use from many threads: each thread has an object of its own.

    Content tokens only: no special tokens are added and nothing is cut or padded. `prefix` and `suffix` are the
    special tokens that the model wants around them.
    """

    def __init__(self, path: Path, *, lowercase: bool = False, words: str = "", specials: bool = True) -> None:
        self.path = path
        self.lowercase = lowercase
        self.changes = words
        self._local = _PerThread()
        asked = [__version__, lowercase, words, specials]
        try:
            self._facts = remembered(path, "tokenizers", asked, "facts", _Facts.read, lambda: self._find(specials))
        except OSError:
            self._facts = self._find(specials)  # says what is wrong with the file

    @classmethod
    def of(cls, folder: ModelFolder) -> FastTokenizer:
        return cls(folder.tokenizer_path, lowercase=folder.lowercase, words=folder.words, specials=not folder.is_static)

    def window(self, folder: ModelFolder, most: int | None) -> int:
        """Tokens of the longest text, special ones included: `most` where it is given, else what the files say.

        A static model says it in its tokenizer.json, where sentence-transformers cuts it.
        """
        stated = self._facts.cut if folder.is_static and self._facts.cut else folder.max_tokens
        return min(most or stated, folder.context_length)

    def keeps_end(self, folder: ModelFolder) -> bool:
        """Whether a text that is too long loses its first tokens, by the settings, else by its tokenizer.json."""
        return str(folder.tokenizer_config.get("truncation_side") or self._facts.cut_side).lower() == "left"

    def sizer(self, capacity: int) -> TokenizerSizer:
        return TokenizerSizer(str(self.path), capacity, self.lowercase, self.changes)

    def _find(self, specials: bool) -> _Facts:
        tokenizer = self._tokenizer
        bare = tokenizer.encode(_PROBE, add_special_tokens=False).ids
        full = tokenizer.encode(_PROBE, add_special_tokens=specials).ids
        start = next((i for i in range(len(full)) if full[i : i + len(bare)] == bare), 0)
        words = int(tokenizer.get_vocab_size(with_added_tokens=True))
        largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
        cut, side = self._local.cut
        return _Facts(tuple(full[:start]), tuple(full[start + len(bare) :]), words, largest, cut, side)

    @property
    def prefix(self) -> tuple[int, ...]:
        return self._facts.prefix

    @property
    def suffix(self) -> tuple[int, ...]:
        return self._facts.suffix

    @property
    def special_tokens(self) -> int:
        return len(self.prefix) + len(self.suffix)

    @cached_property
    def _cutter(self) -> Cutter:
        return Cutter(self._tokenizer)

    @property
    def words(self) -> int:
        """How many words it has an id for, added ones included."""
        return self._facts.words

    def id_of(self, word: str) -> int | None:
        """The id of a word, if it has one."""
        found: int | None = self._tokenizer.token_to_id(word)
        return found

    def largest_id(self) -> int:
        return self._facts.largest_id

    @property
    def _tokenizer(self) -> Tokenizer:
        tokenizer = self._local.tokenizer
        if tokenizer is None:
            tokenizer = _load(self.path, self.changes)
            check_patterns(tokenizer, self.path)
            if self.lowercase:
                _lower(tokenizer)
            truncation = tokenizer.truncation or {}
            self._local.cut = truncation.get("max_length"), str(truncation.get("direction", "right"))
            tokenizer.no_truncation()
            tokenizer.no_padding()
            self._local.tokenizer = tokenizer
        return tokenizer

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        """Content token ids of each of N texts, 4 bytes a token."""
        if len(texts) == 1 and len(texts[0]) < _LONG_CHARACTERS:
            return self._tokenize_slice(texts)
        if any(len(text) >= _LONG_CHARACTERS for text in texts):
            is_long = [len(text) >= _LONG_CHARACTERS for text in texts]
            short = iter(self.tokenize([text for text, long in zip(texts, is_long, strict=True) if not long]))
            return [
                self.tokenize_head(t, None) if long else next(short) for t, long in zip(texts, is_long, strict=True)
            ]
        return [ids for part in _slices(texts) for ids in self._tokenize_slice(part)]

    def tokenize_head(self, text: str, most: int | None) -> TokenIds:
        """The tokens of one text in their order: at least the first `most` of them, or all where it has no more."""
        size = _PIECE_CHARACTERS
        if most is not None:
            size = min(max(_FIRST_CHARACTERS, most * _LETTERS_A_TOKEN), size)
        ids = array("i")
        for piece in self._cutter.pieces(text, size):
            if piece:
                ids.extend(self._tokenize_slice([piece])[0])
            if most is not None and len(ids) >= most:
                break
        return ids

    def _tokenize_slice(self, texts: Sequence[str]) -> list[TokenIds]:
        characters = [_characters(text) for text in texts]
        try:
            encodings = self._tokenizer.encode_batch_fast(characters, add_special_tokens=False)
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # of the library, and no Exception
                raise
            raise InputError(f"the tokenizer {self.path} fails at this text: {str(error)[:200]}") from None
        return [array("i", encoding.ids) for encoding in encodings]

    def detokenize(self, tokens: TokenIds) -> str:
        """The text these ids spell, special tokens left out."""
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=True))

    def pair(self, first: str, second: str) -> tuple[list[int], list[int]]:
        """The ids of two texts in one row, special tokens included, and the segment of each."""
        encoding = self._tokenizer.encode(_characters(first), _characters(second))
        return list(encoding.ids), list(encoding.type_ids)

    def starts(self, text: str) -> list[int]:
        """Character offset in `text` at which each content token starts."""
        return [start for start, _ in self._tokenizer.encode(_characters(text), add_special_tokens=False).offsets]

    def placed(self, text: str) -> tuple[list[int], array[int]]:
        """Where each content token starts in `text`, and the tokens."""
        encoding = self._tokenizer.encode(_characters(text), add_special_tokens=False)
        return [start for start, _ in encoding.offsets], array("i", encoding.ids)

    @cached_property
    def parts_at_blanks(self) -> bool:
        """Whether a text cut at ASCII blanks has the tokens of its parts, whatever they are."""
        return self._cutter.parts_at_blanks

    def count(self, text: str) -> int:
        return len(self._tokenizer.encode_batch_fast([_characters(text)], add_special_tokens=False)[0].ids)

    def unknown(self, text: str) -> int:
        """How many content tokens of a text are the one that stands for what has none."""
        ids = self.tokenize([text])[0]
        marks = {self._tokenizer.token_to_id(token) for token in _UNKNOWN} - {None}
        return sum(ids.count(mark) for mark in marks)


@dataclass(frozen=True, slots=True)
class TokenizerSizer:
    """Counts a model's content tokens in any process; picklable, needs neither weights nor torch."""

    path: str
    capacity: int
    lowercase: bool = False
    words: str = ""
    """What the settings change of it (`words.py`)."""

    def count(self, text: str) -> int:
        return _shared(self.path, self.lowercase, self.words).count(text)

    def starts(self, text: str) -> list[int]:
        return _shared(self.path, self.lowercase, self.words).starts(text)

    def unknown(self, text: str) -> int:
        """How many tokens of a text stand for what the model has no token for."""
        return _shared(self.path, self.lowercase, self.words).unknown(text)


@dataclass(frozen=True, slots=True)
class ModelSizer(TokenizerSizer):
    """The sizer of a model that tokenises with this very tokenizer: an engine may be handed its tokens."""

    @property
    def parts_at_blanks(self) -> bool:
        return _shared(self.path, self.lowercase, self.words).parts_at_blanks

    def tokens(self, texts: Sequence[str]) -> list[TokenIds]:
        return _shared(self.path, self.lowercase, self.words).tokenize(texts)

    def placed(self, text: str) -> tuple[list[int], array[int]]:
        return _shared(self.path, self.lowercase, self.words).placed(text)


@lru_cache(maxsize=8)
def _shared(path: str, lowercase: bool, words: str) -> FastTokenizer:
    return FastTokenizer(Path(path), lowercase=lowercase, words=words)


def _slices(texts: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    characters = 0
    for text in texts:
        if part and (len(part) == _SLICE_TEXTS or characters + len(text) > _SLICE_CHARACTERS):
            yield part
            part, characters = [], 0
        part.append(text)
        characters += len(text)
    if part:
        yield part


def _load(path: Path, words: str) -> Tokenizer:
    try:
        return load(path, words)
    except BaseException as error:
        # A panic of the library is no Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise ModelLoadError(f"{path} cannot be read: {error}", remedy="copy or pull the model again") from error


def _characters(text: str) -> str:
    """The text as it can cross into the tokenizer: a lone surrogate, no character, becomes the replacement one."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _lower(tokenizer: Tokenizer) -> None:
    """Let it lower texts before all else, but not the special tokens in them, as sentence-transformers does."""
    from tokenizers import normalizers

    then: Any = tokenizer.normalizer
    kind = type(then).__name__
    if kind == "BertNormalizer" and then.lowercase:
        return
    steps = list(then) if kind == "Sequence" else [] if then is None else [then]
    if not any(isinstance(step, normalizers.Lowercase) for step in steps):
        tokenizer.normalizer = normalizers.Sequence([normalizers.Lowercase(), *steps])
