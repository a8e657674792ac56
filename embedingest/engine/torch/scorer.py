"""The reference of rerankers: a cross-encoder run by torch in fp32, loaded as sentence-transformers loads it.

Local files only, safetensors only, no code from the model folder. Knows no queue and no text.
"""

from __future__ import annotations

import gc
import inspect
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.encoder import kept
from embedingest.engine.folder.encoder import rectangle
from embedingest.engine.folder.pairs import lengths_within
from embedingest.engine.folder.scorer import FolderScorer
from embedingest.engine.folder.tensors import check_tensors
from embedingest.engine.scheduling.scheduler import BATCH_TOKENS
from embedingest.engine.torch.loading import (
    check_finite,
    check_known,
    check_report,
    check_size,
    check_words,
    device_of,
    quiet,
    reports,
)
from embedingest.engine.torch.padding import assembled, by_length
from embedingest.engine.torch.stored import as_stored, widen
from embedingest.errors import EngineClosedError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.pairs import TypedRow
    from embedingest.engine.scorer import Pair

__all__ = ["TorchScorer", "create", "load_cross_encoder"]

_GPU_BATCH_TOKENS: Final = 32_768
_LEAST_DIFFERENCE: Final = 1e-3  # of a pair's number beside a longer pair, from which on padding counts
_TYPES: Final = "token_type_ids"
_PAIRS: Final = (
    ("Why is the sky blue?", "Air scatters short waves more than long ones."),
    ("", "no query"),
    ("no document", ""),
)
_LONG: Final = "A text that is longer than the window. "  # at least eight tokens


def create(folder: ModelFolder, settings: ModelConfig) -> TorchScorer:
    """Load a cross-encoder onto the device of the settings. Raises ModelLoadError."""
    return TorchScorer(folder, settings)


def load_cross_encoder(folder: ModelFolder, *, device: str = "cpu") -> Any:
    """The cross-encoder of a folder as sentence-transformers builds it, ready to run in fp32. Raises ModelLoadError."""
    import torch
    from sentence_transformers import CrossEncoder

    check_tensors(folder)
    check_known(folder)
    check_size(folder)
    arguments = {"dtype": torch.float32, "use_safetensors": True, "ignore_mismatched_sizes": True}
    with quiet(), reports() as told:
        try:
            with as_stored():
                model = CrossEncoder(
                    str(folder.path),
                    device=device,
                    local_files_only=True,
                    trust_remote_code=False,
                    model_kwargs=arguments,
                    config_kwargs=folder.told or None,
                )
        except Exception as error:
            raise ModelLoadError(
                f"sentence-transformers cannot load {folder.path}: {type(error).__name__}: {error}",
                remedy="copy or pull the model again",
            ) from error
    check_report(folder, told)
    check_finite(folder, model)
    check_words(folder, model.tokenizer)
    widen(model)
    return model.eval()


class TorchScorer(FolderScorer):
    """A cross-encoder's folder run by torch, in fp32 on every device."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        super().__init__(folder, settings)
        if settings.precision == "int8":
            raise ModelLoadError(f"torch does not run {folder.path} in int8", remedy="use `precision: auto`")
        self._device = device_of(settings.device)
        self.batch_tokens = _GPU_BATCH_TOKENS if self._device.startswith("cuda") else BATCH_TOKENS
        chain = load_cross_encoder(folder, device=self._device)
        takes = inspect.signature(chain[0].model.forward).parameters
        self._has_types = _TYPES in chain.tokenizer.model_input_names and _TYPES in takes
        self._check_pairs(chain.tokenizer)
        self._model: Any = chain[0].model
        self._alone = self._padding_counts()

    @property
    def runtime(self) -> dict[str, str]:
        facts = {"runtime": "torch", "precision": "fp32", "device": self._device}
        return {**facts, "padding": "none"} if self._alone else facts

    def score(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """See `Scorer.score`."""
        rows = self.rows(pairs)
        if not self._alone or not rows:
            return self._batch(rows)
        groups = by_length([row.ids for row in rows])
        return assembled([(group, self._batch([rows[i] for i in group])) for group in groups])

    def close(self) -> None:
        """Give the weights back."""
        self._model = None
        gc.collect()

    def _batch(self, rows: Sequence[TypedRow]) -> NDArray[np.float32]:
        import torch

        model = self._model
        if model is None:
            raise EngineClosedError("the model was unloaded")
        if not rows:
            return np.zeros(0, dtype=np.float32)
        width = max(len(row.ids) for row in rows)
        ids, mask = rectangle([row.ids for row in rows], pad=self._pad, width=width)
        inputs = {"input_ids": ids, "attention_mask": mask}
        if self._has_types:
            inputs[_TYPES] = rectangle([row.types for row in rows], pad=0, width=width)[0]
        with torch.inference_mode():
            tensors = {name: torch.from_numpy(array).to(self._device) for name, array in inputs.items()}
            logits: NDArray[np.float32] = model(**tensors, return_dict=True).logits.float().cpu().numpy()
        return logits[:, 0]

    def _check_pairs(self, tokenizer: Any) -> None:
        """Raises ModelLoadError where a pair has other tokens here, or is cut otherwise, than by transformers."""
        # Not much longer than the window: the library keeps each part that it cuts off, of pairs all with all.
        long = _LONG * (self.max_tokens // 8 + 2)
        probed = [*_PAIRS, ("short", long), (long, "short"), (long, long + _LONG), (long + "and more", long)]
        texts = [[pair[side] for pair in probed] for side in (0, 1)]
        theirs = tokenizer(
            *texts, truncation="longest_first", max_length=self.max_tokens, return_token_type_ids=self._has_types
        )
        most = self.max_tokens - self.special_tokens
        queries, documents = map(self.tokenize, texts)
        pairs = []
        for query, document in zip(queries, documents, strict=True):
            first, second = lengths_within(len(query), len(document), most)
            pairs.append((kept(self, query, first), kept(self, document, second)))
        for text, row, place in zip(probed, self.rows(pairs), range(len(probed)), strict=True):
            same = list(row.ids) == list(theirs["input_ids"][place])
            if not same or (self._has_types and list(row.types) != list(theirs[_TYPES][place])):
                raise ModelLoadError(
                    f"{self.folder.tokenizer_path} gives a pair other tokens than {type(tokenizer).__name__} of "
                    f"transformers, such as {text[0][:40]!r} with {text[1][:40]!r}",
                    remedy="write it anew: `AutoTokenizer.from_pretrained(folder).save_pretrained(folder)`",
                )

    def _padding_counts(self) -> bool:
        """Whether a pair's number is another one beside a longer pair, as in models that read what is behind a text."""
        words = [*self.tokenize(["the sky is blue"])[0]] * 8
        first, second = lengths_within(8, 16, self.max_tokens - self.special_tokens)
        short, long = self.rows([(words[:2], words[:2]), (words[:first], words[:second])])
        alone, beside = self._batch([short])[0], self._batch([short, long])[0]
        return not bool(abs(alone - beside) < _LEAST_DIFFERENCE)
