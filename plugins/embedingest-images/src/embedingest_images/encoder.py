"""Pictures and texts in one space, by a CLIP or SigLIP model. Knows tokens and pictures made ready, no queue."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from embedingest.plugin import ModelLoadError, PictureTokens
from embedingest_images.layout import Layout
from embedingest_images.preparing import PictureSizer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.plugin import ModelConfig, ModelFolder, TokenIds
    from embedingest_images.towers import Towers

__all__ = ["ImagesEncoder", "create"]


def create(folder: ModelFolder | None, settings: ModelConfig) -> ImagesEncoder:
    """The encoder of `encoder: images`, over the model folder that `path` names. Raises ModelLoadError."""
    path = settings.path if folder is None else folder.path
    if path is None:
        raise ModelLoadError(
            "encoder `images` needs files", remedy="give the model a `path`: the folder of a CLIP or SigLIP model"
        )
    if settings.precision not in {"auto", "fp32"}:
        raise ModelLoadError(
            f"encoder `images` has no precision `{settings.precision}`", remedy="leave it out, or fp32"
        )
    return ImagesEncoder(Layout.open(Path(path)), settings)


class ImagesEncoder:
    """The weights are loaded with the first batch, so that a description costs settings and a hash."""

    parallel = 1

    def __init__(self, layout: Layout, settings: ModelConfig) -> None:
        self._layout = layout
        self._words = layout.tokenizer
        self.dimensions = layout.dimensions
        self.context_length = layout.positions
        self.special_tokens = self._words.special_tokens
        self.max_tokens = min(settings.max_tokens or layout.positions, layout.positions)
        if self.max_tokens <= self.special_tokens:
            raise ModelLoadError(
                f"{layout.path} has a window of {self.max_tokens} tokens, {self.special_tokens} of them special",
                remedy="raise `max_tokens`",
            )
        self.size_bytes = layout.size_bytes
        self.fingerprint = layout.fingerprint
        self.picture_tokens = layout.patches
        self._device = settings.device
        self._lock = threading.Lock()
        self._towers: Towers | None = None

    @property
    def runtime(self) -> dict[str, str]:
        device = self._device if self._towers is None else self._towers.device
        return {"runtime": "torch", "precision": "fp32", "device": device}

    def tokenize(self, texts: Sequence[str]) -> list[TokenIds]:
        return self._words.tokenize(texts)

    def tokenize_head(self, text: str, most: int) -> TokenIds:
        return self._words.tokenize_head(text, most)

    def detokenize(self, tokens: TokenIds) -> str:
        return self._words.detokenize(tokens)

    def sizer(self, capacity: int) -> PictureSizer:
        return PictureSizer(self._words.sizer(capacity), self._layout.preparation)

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Vectors (N, D), not normalised: of pictures by the one half of the model, of texts by the other."""
        found = np.zeros((len(batch), self.dimensions), dtype=np.float32)
        pictures = {place: row.picture for place, row in enumerate(batch) if isinstance(row, PictureTokens)}
        texts = {place: self._row(row) for place, row in enumerate(batch) if place not in pictures}
        if pictures:
            found[list(pictures)] = self._loaded().pictures(list(pictures.values()))
        if texts:
            found[list(texts)] = self._loaded().texts(list(texts.values()))
        return found

    def close(self) -> None:
        """Give the weights back."""
        self._towers = None

    def _row(self, tokens: TokenIds) -> list[int]:
        return [*self._words.prefix, *tokens, *self._words.suffix]

    def _loaded(self) -> Towers:
        with self._lock:
            if self._towers is None:
                import torch

                from embedingest_images.towers import Towers

                device = self._device
                if device == "auto":
                    device = "cuda" if torch.cuda.is_available() else "cpu"
                self._towers = Towers(self._layout, device)
            return self._towers
