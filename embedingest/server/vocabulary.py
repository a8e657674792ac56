"""OpenAI's vocabulary `cl100k_base`, for clients that send token ids instead of text. Fetches nothing; knows no HTTP.

The file is taken where it lies already: in tiktoken's cache, or in an installed package that brings it, of which no
code is imported. Wherever it was found, it is the published file by its SHA-256, or it is not used.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError
from embedingest.regular import read_bounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["MOST_BYTES", "TooLargeError", "UnknownTokenError", "Vocabulary", "find_vocabulary"]

MOST_BYTES: Final = 64 * 2**20
"""Bytes of all texts of one request, spelled out: one id may stand for 128 blanks."""

_SHA256: Final = "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7"
_IN_CACHE: Final = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"  # as tiktoken names it: SHA-1 of the address it came from
_PACKAGES: Final = (
    ("bpe_openai", "data/cl100k_base.tiktoken.gz"),
    ("llama_index", f"core/_static/tiktoken_cache/{_IN_CACHE}"),
    ("litellm", f"litellm_core_utils/tokenizers/{_IN_CACHE}"),
)
_SPECIAL: Final = {
    100_257: b"<|endoftext|>",
    100_258: b"<|fim_prefix|>",
    100_259: b"<|fim_middle|>",
    100_260: b"<|fim_suffix|>",
    100_276: b"<|endofprompt|>",
}
_MOST_FILE_BYTES: Final = 4 * 2**20


class UnknownTokenError(ValueError):
    """An id that the vocabulary does not have; the message names it."""


class TooLargeError(ValueError):
    """The texts of one request have more than MOST_BYTES."""


class Vocabulary:
    """What each id stands for."""

    def __init__(self, published: bytes) -> None:
        """`published` is the file: a token in base64, a blank and its id on each line."""
        lines = (line.split() for line in published.splitlines())
        self._spelled: Final[Mapping[int, bytes]] = {
            int(number): base64.b64decode(token) for token, number in lines
        } | _SPECIAL

    def texts(self, lists: Sequence[Sequence[int]]) -> list[str]:
        """The text of each list of ids. A letter of which a client cut a part off is `U+FFFD`, as tiktoken spells it.

        Raises UnknownTokenError, TooLargeError.
        """
        texts, size = [], 0
        for ids in lists:
            try:
                spelled = b"".join([self._spelled[number] for number in ids])
            except KeyError as error:
                raise UnknownTokenError(f"cl100k_base has no token {error.args[0]}") from error
            if (size := size + len(spelled)) > MOST_BYTES:
                raise TooLargeError(f"the tokens of one request spell more than {MOST_BYTES} bytes")
            texts.append(spelled.decode("utf-8", "replace"))
        return texts


def find_vocabulary(environ: Mapping[str, str] = os.environ) -> Vocabulary:
    """The vocabulary from the first place that has it. Raises ConfigError where none does."""
    for path in _places(environ):
        try:
            content = read_bounded(path, _MOST_FILE_BYTES)
            if path.suffix == ".gz":
                content = gzip.GzipFile(fileobj=io.BytesIO(content)).read(_MOST_FILE_BYTES)
        except (OSError, EOFError, ValueError):
            continue
        if hashlib.sha256(content).hexdigest() == _SHA256:
            return Vocabulary(content)
    raise ConfigError(
        "`token_ids: cl100k_base` needs OpenAI's vocabulary, which lies neither in tiktoken's cache nor in a package",
        remedy="pip install 'embedingest[openai]', or set TIKTOKEN_CACHE_DIR to the folder that has it",
    )


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where tiktoken looks, by its own rule, and then the packages."""
    cache = environ.get("TIKTOKEN_CACHE_DIR", environ.get("DATA_GYM_CACHE_DIR"))
    if cache != "":  # which turns its cache off
        yield Path(cache or Path(tempfile.gettempdir(), "data-gym-cache"), _IN_CACHE)
    for package, inside in _PACKAGES:
        try:
            found = importlib.util.find_spec(package)
        except (ImportError, ValueError):
            continue
        for folder in (found and found.submodule_search_locations) or ():
            yield Path(folder, inside)
