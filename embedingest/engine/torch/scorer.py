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
from embedingest.engine.folder.pair_prompt import prompt_of
from embedingest.engine.folder.pairs import SEGMENT, lengths_within
from embedingest.engine.folder.scorer import FolderScorer
from embedingest.engine.scheduling.scheduler import BATCH_TOKENS
from embedingest.engine.torch.loading import device_of, load_whole
from embedingest.engine.torch.padding import each_length
from embedingest.engine.torch.stored import stored, widen
from embedingest.errors import EngineClosedError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.engine.folder.pair_prompt import PairPrompt
    from embedingest.engine.scorer import Pair

__all__ = ["TorchScorer", "check_pairs", "create", "load_cross_encoder", "pair_padding_counts", "scoring"]

_GPU_BATCH_TOKENS: Final = 32_768
_LEAST_DIFFERENCE: Final = 1e-3  # of a pair's number beside a longer pair, from which on padding counts
_TYPES: Final = "token_type_ids"
_SEGMENTS: Final = 4  # more than any model tells apart
_PAIRS: Final = (
    ("Why is the sky blue?", "Air scatters short waves more than long ones."),
    ("", "no query"),
    ("no document", ""),
)
_LONG: Final = "A text that is longer than the window. "  # at least eight tokens


def create(folder: ModelFolder, settings: ModelConfig) -> TorchScorer:
    """Load a cross-encoder onto the device of the settings. Raises ModelLoadError."""
    return TorchScorer(folder, settings)


def load_cross_encoder(folder: ModelFolder, *, device: str = "cpu", attention: str | None = None) -> Any:
    """The cross-encoder of a folder as sentence-transformers builds it, ready to run in fp32.

    `attention` names an attention implementation of transformers. Raises ModelLoadError.
    """
    from sentence_transformers import CrossEncoder

    def build(settings: dict[str, Any]) -> Any:
        return CrossEncoder(str(folder.path), device=device, **settings)

    model = load_whole(folder, build, attention=attention)
    widen(model)
    return model.eval()


def scoring(chain: Any) -> Any:
    """The torch module from a cross-encoder's rows (`PairTemplate.row`) and mask, int64 (N, T), to numbers (N, 1)."""
    import torch

    model: Any = chain[0].model
    if (weight := _last_token_weight(chain)) is not None:
        return _last_token(model.base_model, weight)
    takes = inspect.signature(model.forward).parameters

    class Scoring(torch.nn.Module):
        has_types = _TYPES in chain.tokenizer.model_input_names and _TYPES in takes

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, rows: Any, mask: Any) -> Any:
            # By comparing, since a runtime may divide numbers as floats.
            types = sum((rows >= SEGMENT * segment).long() for segment in range(1, _SEGMENTS))
            inputs = {"input_ids": rows - SEGMENT * types, "attention_mask": mask}
            if self.has_types:
                inputs[_TYPES] = types
            return self.model(**inputs, return_dict=True).logits[:, :1]

    return Scoring().eval()


def _last_token_weight(chain: Any) -> Any:
    """What the vector of a pair's last token is multiplied by, of a model that reads left to right, float32 (1, H).

    Of a language model it is the difference of two words; `None` for models of another kind.
    """
    from transformers.modeling_layers import GenericForSequenceClassification

    model = chain[0].model
    if isinstance(model, GenericForSequenceClassification):
        return stored(model.score, "weight").detach().float()[:1]
    if len(chain) == 1:
        return None
    words = stored(model.get_output_embeddings(), "weight").detach()
    right, wrong = chain[1].true_token_id, chain[1].false_token_id
    weight = words[right].float() - (0.0 if wrong is None else words[wrong].float())
    return weight[None]


def _last_token(base: Any, weight: Any) -> Any:
    """The torch module of such a model. Rows are padded behind, where none of a pair's tokens looks."""
    import torch

    class LastToken(torch.nn.Module):
        has_types = False

        def __init__(self) -> None:
            super().__init__()
            self.base = base
            self.register_buffer("weight", weight)

        def forward(self, rows: Any, mask: Any) -> Any:
            hidden = self.base(input_ids=rows, attention_mask=mask, use_cache=False).last_hidden_state  # (N, T, H)
            last = (mask.sum(dim=1) - 1)[:, None, None].expand(-1, 1, hidden.shape[-1])
            # Not as a matrix product, which a runtime may round to the 8 bits of bf16 (see `convert._exact_end`).
            return (hidden.gather(1, last)[:, 0] * self.weight).sum(dim=-1, keepdim=True)

    return LastToken().eval()


class TorchScorer(FolderScorer):
    """A cross-encoder's folder run by torch, in fp32 on every device."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig) -> None:
        super().__init__(folder, settings)
        if settings.precision == "int8":
            raise ModelLoadError(f"torch does not run {folder.path} in int8", remedy="use `precision: auto`")
        self._device = device_of(settings.device)
        self.batch_tokens = _GPU_BATCH_TOKENS if self._device.startswith("cuda") else BATCH_TOKENS
        chain = load_cross_encoder(folder, device=self._device)
        self._model: Any = scoring(chain)
        check_pairs(self, chain, has_types=self._model.has_types)
        self._alone = pair_padding_counts(self, self._batch)

    @property
    def runtime(self) -> dict[str, str]:
        facts = {"runtime": "torch", "precision": "fp32", "device": self._device}
        return {**facts, "padding": "none"} if self._alone else facts

    def score(self, pairs: Sequence[Pair]) -> NDArray[np.float32]:
        """See `Scorer.score`."""
        rows = self.rows(pairs)
        if not rows:
            return np.zeros(0, dtype=np.float32)
        if not self._alone:
            return self._batch(rows)[:, 0]
        return each_length(rows, self._batch)[:, 0]

    def close(self) -> None:
        """Give the weights back."""
        self._model = None
        gc.collect()

    def _batch(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import torch

        model = self._model
        if model is None:
            raise EngineClosedError("the model was unloaded")
        inputs = rectangle(rows, pad=self._pad, width=max(map(len, rows)))
        with torch.inference_mode():
            given = (torch.from_numpy(array).to(self._device) for array in inputs)
            numbers: NDArray[np.float32] = model(*given).float().cpu().numpy()
        return numbers


def check_pairs(scorer: FolderScorer, chain: Any, *, has_types: bool) -> None:
    """Raises ModelLoadError where a pair has other tokens by us, or is cut otherwise, than by transformers."""
    tokenizer = chain.tokenizer
    if (prompt := prompt_of(scorer.folder.modules[-1].config)) is not None:
        _check_prompted(scorer, prompt, chain)
        return
    # Not much longer than the window: the library keeps each part that it cuts off, of pairs all with all.
    long = _LONG * (scorer.max_tokens // 8 + 2)
    probed = [*_PAIRS, ("short", long), (long, "short"), (long, long + _LONG), (long + "and more", long)]
    texts = [[pair[side] for pair in probed] for side in (0, 1)]
    asked = {"truncation": "longest_first", "max_length": scorer.max_tokens, "return_token_type_ids": has_types}
    theirs = tokenizer(*texts, **asked)
    most = scorer.max_tokens - scorer.special_tokens
    queries, documents = map(scorer.tokenize, texts)
    pairs = []
    for query, document in zip(queries, documents, strict=True):
        first, second = lengths_within(len(query), len(document), most)
        pairs.append((kept(scorer, query, first), kept(scorer, document, second)))
    for place, (text, row) in enumerate(zip(probed, scorer.rows(pairs), strict=True)):
        same = [token % SEGMENT for token in row] == list(theirs["input_ids"][place])
        if not same or (has_types and [token // SEGMENT for token in row] != list(theirs[_TYPES][place])):
            raise _other_tokens(scorer, tokenizer, text)


def _check_prompted(scorer: FolderScorer, prompt: PairPrompt, chain: Any) -> None:
    """The same for pairs in a prompt: against the whole text, and what sentence-transformers makes of the pair."""
    is_stated = (scorer.folder.path / "modules.json").is_file()
    for text in _PAIRS:
        pair = scorer.tokenize_query(text[0]), scorer.tokenize([text[1]])[0]
        ours = list(scorer.rows([pair])[0])
        theirs = [chain.tokenizer(prompt.whole(*text), add_special_tokens=False)["input_ids"]]
        if is_stated:
            theirs.append(chain.preprocess([text])["input_ids"][0].tolist())
        if any(ours != list(other) for other in theirs):
            raise _other_tokens(scorer, chain.tokenizer, text)


def _other_tokens(scorer: FolderScorer, tokenizer: Any, text: tuple[str, str]) -> ModelLoadError:
    return ModelLoadError(
        f"{scorer.folder.tokenizer_path} gives a pair other tokens than {type(tokenizer).__name__} of "
        f"transformers, such as {text[0][:40]!r} with {text[1][:40]!r}",
        remedy="write it anew: `AutoTokenizer.from_pretrained(folder).save_pretrained(folder)`",
    )


def pair_padding_counts(scorer: FolderScorer, batch: Callable[[Sequence[Sequence[int]]], NDArray[np.float32]]) -> bool:
    """Whether a pair's number is another one beside a longer pair, as in models that read what is behind a text.

    `batch` gives the numbers of rows, float32 (N, 1).
    """
    words = [*scorer.tokenize(["the sky is blue"])[0]] * 8
    first, second = lengths_within(8, 16, scorer.max_tokens - scorer.special_tokens)
    short, long = scorer.rows([(words[:2], words[:2]), (words[:first], words[:second])])
    alone, beside = float(batch([short])[0, 0]), float(batch([short, long])[0, 0])
    return not abs(alone - beside) < _LEAST_DIFFERENCE
