"""How many tokens a text has: by a model's own tokenizer, or estimated where no model is open. Opens neither."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from embedingest.types import Sizer

__all__ = ["ByModel", "Estimate", "Measure"]

_BYTES_OF_TOKEN: Final = 4


class Measure(Protocol):
    """Counts tokens; `name` says how: `model` or `estimate`."""

    @property
    def name(self) -> str: ...

    def count(self, text: str) -> int:
        """Number of tokens of a text."""
        ...

    def cut(self, text: str, budget: int) -> int:
        """The most characters that the text may keep from its beginning to have no more than `budget` tokens."""
        ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """A token for every four bytes of UTF-8: nobody's tokens, and near those of most."""

    name: str = "estimate"

    def count(self, text: str) -> int:
        return -(-len(text.encode(errors="surrogatepass")) // _BYTES_OF_TOKEN)

    def cut(self, text: str, budget: int) -> int:
        kept = text.encode(errors="surrogatepass")[: budget * _BYTES_OF_TOKEN]
        return len(kept.decode(errors="ignore"))


@dataclass(frozen=True, slots=True)
class ByModel:
    """The tokens of the model of this sizer, special tokens left out."""

    sizer: Sizer
    name: str = "model"

    def count(self, text: str) -> int:
        return self.sizer.count(text)

    def cut(self, text: str, budget: int) -> int:
        starts = self.sizer.starts(text)
        if len(starts) <= budget:
            return len(text)
        # A word cut in two may have more tokens than it had of them.
        return next((starts[kept] for kept in range(budget, 0, -1) if self.count(text[: starts[kept]]) <= budget), 0)
