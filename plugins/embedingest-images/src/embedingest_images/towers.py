"""The two halves of a model, run by torch: rows of tokens to vectors, pictures to vectors. Knows no text, no file."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from embedingest.plugin import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from embedingest.plugin import Picture
    from embedingest_images.layout import Layout

__all__ = ["Towers"]

_CLASSES: Final = {"clip": "CLIPModel", "siglip": "SiglipModel"}
_MOST_TIMES: Final = 4  # what settings may describe of what the files hold


class Towers:
    """Loads a model onto a device, in fp32. Raises ModelLoadError for weights that are not all there."""

    def __init__(self, layout: Layout, device: str) -> None:
        self._layout = layout
        self.device = device
        self._pad = layout.tokenizer.id_of(layout.pad_token) or 0
        self._scale = np.array(layout.scale, np.float32)
        self._shift = np.array(layout.shift, np.float32)
        self._model = _loaded(layout, device)

    def texts(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Vectors (N, D) of rows of token ids, special ones included."""
        import torch

        # What is not told of padding was trained on rows of one length.
        width = max(map(len, rows)) if self._layout.masks_padding else self._layout.positions
        ids = np.full((len(rows), width), self._pad, np.int64)
        mask = np.zeros_like(ids)
        for row, place, seen in zip(rows, ids, mask, strict=True):
            place[: len(row)] = row
            seen[: len(row)] = 1
        features: dict[str, Any] = {"input_ids": torch.from_numpy(ids).to(self.device)}
        if self._layout.masks_padding:
            features["attention_mask"] = torch.from_numpy(mask).to(self.device)
        with torch.inference_mode():
            return _vectors(self._model.get_text_features(**features))

    def pictures(self, pictures: Sequence[Picture]) -> NDArray[np.float32]:
        """Vectors (N, D) of pictures that were made ready. Raises ValueError for one that was not."""
        import torch

        size = self._layout.preparation
        for picture in pictures:
            if (picture.width, picture.height) != (size.width, size.height):
                raise ValueError(
                    f"a picture of {picture.width} x {picture.height} pixels, and the model looks at {size.width} x "
                    f"{size.height}: let its sizer make it ready"
                )
        flat = np.frombuffer(b"".join(picture.pixels for picture in pictures), np.uint8)
        seen = flat.reshape(len(pictures), size.height, size.width, 3).astype(np.float32) * self._scale - self._shift
        values = torch.from_numpy(np.ascontiguousarray(seen.transpose(0, 3, 1, 2))).to(self.device)
        with torch.inference_mode():
            return _vectors(self._model.get_image_features(pixel_values=values))


def _vectors(answer: Any) -> NDArray[np.float32]:
    pooled = getattr(answer, "pooler_output", answer)
    return np.ascontiguousarray(pooled.float().cpu().numpy())


def _loaded(layout: Layout, device: str) -> Any:
    import torch
    import transformers

    made_by: Any = getattr(transformers, _CLASSES[layout.kind])
    try:
        _check_size(layout, made_by)
        with _quiet():
            model, report = made_by.from_pretrained(
                str(layout.path), local_files_only=True, use_safetensors=True, trust_remote_code=False,
                dtype=torch.float32, output_loading_info=True,
            )  # fmt: skip
    except ModelLoadError:
        raise
    except Exception as error:
        reason = f"transformers cannot load {layout.path}: {type(error).__name__}: {error}"
        raise ModelLoadError(reason, remedy="copy or pull the model again") from error
    if missing := sorted(report["missing_keys"]):
        raise ModelLoadError(
            f"the weights of {layout.path} lack {len(missing)} tensors, such as `{missing[0]}`",
            remedy="copy or pull the model again",
        )
    return model.eval().to(device)


def _check_size(layout: Layout, made_by: Any) -> None:
    """Raises ModelLoadError where the settings describe a model far larger than its files, before memory is taken."""
    import torch

    config = made_by.config_class.from_dict(dict(layout.config))
    with torch.device("meta"):
        described = sum(tensor.numel() for tensor in made_by(config).parameters())
    if described > _MOST_TIMES * layout.parameters:
        raise ModelLoadError(
            f"{layout.path}/config.json describes {described:,} numbers, and the files hold {layout.parameters:,}",
            remedy="copy or pull the model again",
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No progress bars on standard error while weights are read."""
    import transformers

    progress: Any = transformers.utils.logging
    was_shown = progress.is_progress_bar_enabled()
    progress.disable_progress_bar()
    try:
        yield
    finally:
        if was_shown:
            progress.enable_progress_bar()
