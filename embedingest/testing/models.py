"""What whatever runs tokens through a model owes, whichever numbers it gives. Knows no seam whole."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Protocol

from embedingest.testing.contract import Check, claims
from embedingest.testing.texts import PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embedingest.engine.encoder import TokenIds

__all__ = ["END", "TOKENS"]


class _Tokenises(Protocol):
    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]: ...

    def detokenize(self, tokens: TokenIds) -> str: ...


class _Closes(Protocol):
    def close(self) -> None: ...


def owes_tokens_in_order(model: _Tokenises) -> None:
    """Tokenises each text by itself: alone and among others the same ids."""
    together = model.tokenize(PLAIN)
    assert len(together) == len(PLAIN), f"{len(PLAIN)} texts gave {len(together)} lists of tokens"
    for text, tokens in zip(PLAIN, together, strict=True):
        assert list(model.tokenize([text])[0]) == list(tokens), f"other tokens alone than among others: {text[:40]!r}"
        assert tokens, f"no tokens for {text[:40]!r}"
    assert list(model.tokenize([])) == [], "no texts gave tokens"


def owes_text_from_tokens(model: _Tokenises) -> None:
    """Spells tokens as text again."""
    assert isinstance(model.detokenize(model.tokenize([PLAIN[0]])[0]), str), "detokenize gave no text"
    assert model.detokenize([]) == "", "no tokens spell something"


def owes_threads_their_tokens(model: _Tokenises) -> None:
    """Tokenises from several threads at once."""
    expected = [list(row) for row in model.tokenize(PLAIN)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: model.tokenize(PLAIN), range(16)))
    assert all([list(row) for row in answer] == expected for answer in answers), "threads got each other's tokens"


TOKENS: Final[tuple[Check, ...]] = claims(globals())
"""What is owed by whatever has a tokenizer of its own."""


def owes_a_quiet_end(model: _Closes) -> None:
    """Can be closed, and closed again."""
    model.close()
    model.close()


END: Final[tuple[Check, ...]] = claims({"owes_a_quiet_end": owes_a_quiet_end})
"""What is owed last: nothing more can be asked of the model then."""
