"""The reference: the model run by torch through sentence-transformers' own modules. Also the path for GPUs.

Local files only, safetensors only, no code from the model folder. Knows no queue and no text.
"""

from __future__ import annotations

import gc
import logging
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.engine.folder.encoder import FolderEncoder, rectangle
from embedingest.engine.gate import compare, probe_tokens
from embedingest.engine.precision import half_types
from embedingest.engine.scheduling.batching import batches
from embedingest.engine.scheduling.scheduler import BATCH_TOKENS
from embedingest.engine.torch.loading import device_of, load_whole
from embedingest.engine.torch.packing import PACKED, can_pack, pack, register
from embedingest.engine.torch.padding import as_configured, each_length, keeps_state, padding_counts
from embedingest.engine.torch.stored import widen
from embedingest.errors import EngineClosedError, ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import TokenIds
    from embedingest.engine.folder.folder import ModelFolder

__all__ = ["Runner", "TorchEncoder", "create", "load_chain"]

_log = logging.getLogger(__name__)

_GPU_BATCH_TOKENS: Final = 32_768
"""Padded tokens of a batch on a GPU: computing them takes longer than starting the kernels one by one."""


def create(folder: ModelFolder, settings: ModelConfig, *, packed: bool = False) -> TorchEncoder:
    """Load a model folder onto the device of the settings. Raises ModelLoadError.

    On a CPU `packed` lays texts end to end instead of padding them: for those who compare, it saves nothing there.
    """
    return TorchEncoder(folder, settings, packed=packed)


def load_chain(
    folder: ModelFolder, *, device: str = "cpu", attention: str | None = None, half: str | None = None
) -> Any:
    """The module chain of a folder as sentence-transformers builds it, ready to run in fp32.

    Its weights stay in the type of their files, and each layer widens its own while it computes. `attention` names an
    attention implementation of transformers; `half` a torch type for the transformer. Raises ModelLoadError.
    """
    import torch

    if folder.is_static:
        raise ModelLoadError(
            f"{folder.path} is a table of vectors, which needs no torch", remedy="leave the model's `encoder` out"
        )
    chain = load_whole(folder, lambda settings: _built(folder, device, settings), attention=attention)
    if half is not None:
        chain[0].to(getattr(torch, half))
    _follow_in_fp32(folder, chain, device)
    for step in list(chain)[0 if half is None else 1 :]:
        widen(step)
    return chain.eval()


def _built(folder: ModelFolder, device: str, settings: dict[str, Any]) -> Any:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    if folder.routes:
        chain = SentenceTransformer(modules=_modules(folder, settings), device=device)
    else:
        chain = SentenceTransformer(str(folder.path), device=device, **settings)
    if not (folder.path / "modules.json").is_file():  # then it pools by the mean, whatever the model was trained with
        chain[1] = Pooling(folder.dimensions, pooling_mode=folder.pooling_modes[0])
    return chain


def _modules(folder: ModelFolder, settings: dict[str, Any]) -> list[Any]:
    """The modules of a folder one by one, of which its list has more: those of other routes."""
    from sentence_transformers.sentence_transformer import modules

    return [
        getattr(modules, module.kind).load(str(module.path), **(settings if module.kind == "Transformer" else {}))
        for module in folder.modules
    ]


def _follow_in_fp32(folder: ModelFolder, chain: Any, device: str) -> None:
    """What follows the transformer, as in its files: sentence-transformers rounded it to the transformer's type."""
    import torch

    for number, module in enumerate(folder.modules[1:], 1):
        if any(tensor.dtype != torch.float32 for tensor in chain[number].parameters()):
            chain[number] = type(chain[number]).load(str(module.path), local_files_only=True).to(device)


class Runner:
    """A module chain on a device: token rows to vectors. `packed` leaves padding out, for those `can_pack` names.

    `half` names a torch type for the transformer; pooling and what follows stay in fp32. `alone` says whether texts of
    different length must not share a batch, where that is known.
    """

    def __init__(
        self,
        folder: ModelFolder,
        device: str,
        *,
        half: str | None = None,
        packed: bool = False,
        alone: bool | None = None,
    ) -> None:
        self.precision = {None: "fp32", "float16": "fp16", "bfloat16": "bf16"}[half]
        self.packed = packed
        if self.packed:
            register()
        self._config = folder.config
        self._pad = int(folder.config.get("pad_token_id") or 0)
        self._device = device
        self._chain = load_chain(folder, device=device, attention=PACKED if self.packed else None, half=half)
        if alone is None:
            words, positions = self._chain[0].model.config.vocab_size, folder.context_length
            exact = self._chain if half is None else load_chain(folder, device=device)
            alone = not packed and padding_counts(exact, pad=self._pad, words=words, positions=positions)
        self.alone = alone
        self.keeps_state = keeps_state(self._chain)

    def __call__(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Vectors of N token rows (special tokens included), float32 (N, D)."""
        if not self.alone:
            return self._batch(rows)
        return each_length(rows, self._batch)

    def _batch(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        import torch

        as_configured(self._chain)

        with torch.inference_mode():
            features = self._packed(rows) if self.packed else self._padded(rows)
            features["token_embeddings"] = features["token_embeddings"].float()
            for step in list(self._chain)[1:]:
                features = step(features)
            # The last wait for the device. Meanwhile another thread may queue the next batch behind this one.
            vectors: NDArray[np.float32] = features["sentence_embedding"].float().cpu().numpy()
        return vectors

    def _padded(self, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
        ids, mask = rectangle(rows, pad=self._pad, width=max(map(len, rows)))
        features: dict[str, Any] = self._chain[0](
            {"input_ids": self._on_device(ids), "attention_mask": self._on_device(mask)}
        )
        return features

    def _packed(self, rows: Sequence[Sequence[int]]) -> dict[str, Any]:
        batch = pack(rows, self._config)
        hidden = self._chain[0].model(
            input_ids=self._on_device(batch.ids),
            position_ids=self._on_device(batch.positions),
            packed_bounds=self._on_device(batch.bounds),
            packed_host=batch.bounds.tolist(),
            packed_width=batch.width,
        )[0][0]  # (T, H)
        cells = hidden.new_zeros((batch.texts * batch.width, hidden.shape[1]))
        cells.index_copy_(0, self._on_device(batch.cells), hidden)
        return {
            "token_embeddings": cells.view(batch.texts, batch.width, -1),
            "attention_mask": self._on_device(batch.mask),
        }

    def _on_device(self, array: NDArray[Any]) -> Any:
        """An array on the device; with CUDA through pinned memory, so that nobody waits for the copy."""
        import torch

        tensor = torch.from_numpy(array)
        if _is_cuda(self._device):
            return tensor.pin_memory().to(self._device, non_blocking=True)
        return tensor.to(self._device)


class TorchEncoder(FolderEncoder):
    """A sentence-transformers folder run by torch: fp32 on a CPU, the best precision that passes the gate on a GPU."""

    def __init__(self, folder: ModelFolder, settings: ModelConfig, *, packed: bool = False) -> None:
        super().__init__(folder, settings)
        if settings.precision == "int8":
            raise ModelLoadError(f"torch does not run {folder.path} in int8", remedy="use `precision: auto`")
        self._device = device_of(settings.device)
        on_gpu = _is_cuda(self._device)
        run = self._fastest(settings) if on_gpu else Runner(folder, self._device, packed=packed and self._packs)
        self._run: Runner | None = run
        self.batch_tokens = _GPU_BATCH_TOKENS if on_gpu else BATCH_TOKENS
        # A GPU gets its next batch while it computes: it never waits for Python.
        self.parallel = 2 if on_gpu and not run.keeps_state else 1

    @property
    def runtime(self) -> dict[str, str]:
        run = self._run
        facts = {"runtime": "torch", "precision": "fp32" if run is None else run.precision, "device": self._device}
        if run is not None and run.alone:
            facts["padding"] = "none"
        return {**facts, "packed": "yes"} if run is not None and run.packed else facts

    def encode(self, batch: Sequence[TokenIds]) -> NDArray[np.float32]:
        """Raw vectors, float32 (N, D)."""
        if self._run is None:
            raise EngineClosedError("the model was unloaded")
        rows = self.with_specials(batch)
        return self._run(rows) if rows else np.zeros((0, self.dimensions), dtype=np.float32)

    def close(self) -> None:
        """Give the weights back."""
        self._run = None
        _collect(self._device)

    @property
    def _packs(self) -> bool:
        """Whether texts may be laid end to end: the architecture allows it and none is ever empty."""
        whole = [module.kind for module in self.folder.modules[:2]] == ["Transformer", "Pooling"]
        return can_pack(self.folder.architecture) and self.special_tokens > 0 and whole

    def _fastest(self, settings: ModelConfig) -> Runner:
        """The first 16 bit type and layout on this GPU that passes the gate; padded fp32 where none does."""
        import torch

        halves = half_types(settings.precision, bf16=torch.cuda.is_bf16_supported(including_emulation=False))
        if not halves:
            return Runner(self.folder, self._device)
        rows = self.with_specials(probe_tokens(self._tokenizer, self.max_tokens))
        plain = Runner(self.folder, self._device)
        reference, alone = _probed(plain, rows), plain.alone
        del plain
        for half in halves:
            for packed in (True, False) if self._packs else (False,):
                _collect(self._device)  # one copy of the weights is there at a time
                runner = self._tried(half, reference, rows, packed=packed, alone=alone and not packed)
                if runner is not None:
                    return runner
        _collect(self._device)
        return Runner(self.folder, self._device, alone=alone)

    def _tried(
        self, half: str, reference: NDArray[np.float32], rows: Sequence[Sequence[int]], *, packed: bool, alone: bool
    ) -> Runner | None:
        """A runner in this 16 bit type and layout; `None` where it does not run or fails the gate."""
        try:
            runner = Runner(self.folder, self._device, half=half, packed=packed, alone=alone)
            figures = compare(reference, _probed(runner, rows))
        except (RuntimeError, ImportError) as error:
            _log.info("%s (packed: %s) of model %s does not run: %r", half, packed, self.folder.path, error)
            return None
        _log.info("model %s in %s, packed: %s: %s", self.folder.path, half, packed, figures.as_dict())
        return runner if figures.passed else None


def _is_cuda(device: str) -> bool:
    return device.startswith("cuda")


def _collect(device: str) -> None:
    """Free weights that nobody holds: chains of sentence-transformers hold themselves, torch keeps a GPU's memory."""
    import torch

    gc.collect()
    if _is_cuda(device):
        torch.cuda.empty_cache()


def _probed(run: Runner, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    answers: dict[int, NDArray[np.float32]] = {}
    for group in batches([len(row) for row in rows], budget=16_384, most=64):
        answers.update(zip(group, run([rows[i] for i in group]), strict=True))
    return np.stack([answers[i] for i in range(len(rows))])
