"""What is in the folder of a CLIP or SigLIP model, in both layouts. Reads settings; no weights, no torch, no code."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

from embedingest.plugin import (
    FastTokenizer,
    ModelLoadError,
    file_hash,
    read_header,
    read_object,
    weight_files,
    word_settings,
)
from embedingest_images.preparing import Preparation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["Kind", "Layout"]

Kind = Literal["clip", "siglip"]

_AGAIN: Final = "copy or pull the model again"
_LARGEST_EDGE: Final = 4096  # of the picture that a model looks at
_BICUBIC: Final = 3
_FILTERS: Final = range(6)
_MEANS: Final = {
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
    "siglip": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
}
"""Mean and deviation of red, green and blue, where the settings of a kind say nothing."""
_POSITIONS: Final = {"clip": 77, "siglip": 64}
_PATCH: Final = {"clip": 32, "siglip": 16}
_UNREAD: Final = (
    "_name_or_path",
    "architectures",
    "transformers_version",
    "torch_dtype",
    "dtype",
    "initializer_factor",
)
_FIRST: Final = ("CLIPModel", "Transformer")


@dataclass(frozen=True)
class Layout:
    """A model on disk: `path` holds the files of transformers, of whatever layout the folder is.

    `shift` and `scale` make numbers for the model of the bytes of a picture, (byte * scale - shift) a colour.
    """

    path: Path
    kind: Kind
    config: Mapping[str, Any]
    tokenizer_config: Mapping[str, Any]
    preparation: Preparation
    scale: tuple[float, ...]
    shift: tuple[float, ...]

    @classmethod
    def open(cls, folder: Path) -> Layout:
        """Read and check a folder. Raises ModelLoadError that names what is missing, unknown or cannot be."""
        path = _inner(folder)
        config = read_object(path / "config.json")
        kind: Any = config.get("model_type")
        if kind not in _POSITIONS:
            raise ModelLoadError(
                f"{path} is of the kind `{str(kind)[:60]}` (`model_type` in config.json), and the encoder "
                f"`images` runs {' and '.join(_POSITIONS)}",
                remedy="name the folder of such a model, or leave out `encoder` for a model of texts",
            )
        if not (path / "tokenizer.json").is_file():
            raise ModelLoadError(f"no `tokenizer.json` in {path}", remedy="save the model's fast tokenizer there")
        settings_file, settings = _picture_settings(path)
        scale, shift = _numbers(settings_file, settings, kind)
        edge = _whole(path / "config.json", _part(config, "vision_config"), "image_size", 224)
        return cls(
            path,
            kind,
            config,
            read_object(path / "tokenizer_config.json", optional=True),
            _preparation(settings_file, settings, kind, edge),
            scale,
            shift,
        )

    @property
    def positions(self) -> int:
        """Tokens of the longest text, special ones included."""
        return _whole(self.path / "config.json", self._text, "max_position_embeddings", _POSITIONS[self.kind])

    @property
    def dimensions(self) -> int:
        where = self.config if self.kind == "clip" else _part(self.config, "vision_config")
        key, usual = ("projection_dim", 512) if self.kind == "clip" else ("hidden_size", 768)
        return _whole(self.path / "config.json", where, key, usual)

    @property
    def patches(self) -> int:
        """How many pieces of a picture the model looks at."""
        vision = _part(self.config, "vision_config")
        patch = _whole(self.path / "config.json", vision, "patch_size", _PATCH[self.kind])
        return max(1, (self.preparation.width // patch) * (self.preparation.height // patch))

    @property
    def masks_padding(self) -> bool:
        """Whether the model is told which tokens are padding; those that are not told read it."""
        named = self.tokenizer_config.get("model_input_names", ["input_ids", "attention_mask"])
        return isinstance(named, list) and "attention_mask" in named

    @property
    def pad_token(self) -> str:
        """The token that fills a row up."""
        token = self.tokenizer_config.get("pad_token")
        token = token.get("content") if isinstance(token, dict) else token
        return token if isinstance(token, str) else "<|endoftext|>" if self.kind == "clip" else "</s>"

    @cached_property
    def tokenizer(self) -> FastTokenizer:
        return FastTokenizer(self.path / "tokenizer.json", words=self._words)

    @cached_property
    def weights(self) -> list[Path]:
        """The safetensors files. Raises ModelLoadError: none, or damaged."""
        files = weight_files(self.path)
        for file in files:
            read_header(file)
        return files

    @property
    def parameters(self) -> int:
        """How many numbers the files hold."""
        return sum(read_header(file).parameters for file in self.weights)

    @property
    def size_bytes(self) -> int:
        return 4 * self.parameters  # in memory they are of 32 bits

    @cached_property
    def fingerprint(self) -> str:
        """Differs whenever a vector of a text or of a picture would."""
        facts = {
            "kind": self.kind,
            "weights": [file_hash(file) for file in self.weights],
            "tokenizer": file_hash(self.path / "tokenizer.json", self._words),
            "padding": [self.masks_padding, self.pad_token],
            "config": {key: value for key, value in self.config.items() if key not in _UNREAD},
            "picture": [repr(self.preparation), self.scale, self.shift],
        }
        spelled = json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()
        return f"images-{hashlib.sha256(spelled).hexdigest()[:32]}:exact"

    @property
    def _text(self) -> Mapping[str, Any]:
        return _part(self.config, "text_config")

    @property
    def _words(self) -> str:
        return word_settings(self.config, self.tokenizer_config)


def _inner(folder: Path) -> Path:
    """The folder of transformers' files: this one, or that of the first module of sentence-transformers."""
    if not folder.is_dir():
        raise ModelLoadError(f"no model folder at {folder}", remedy="give the model a `path`: the folder of its files")
    listed = folder / "modules.json"
    if not listed.is_file():
        return folder
    try:
        modules = json.loads(listed.read_bytes())
        named = [(str(module["type"]).rpartition(".")[2], str(module["path"])) for module in modules]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelLoadError(f"{listed} is no list of modules: {error}", remedy=_AGAIN) from error
    kinds = [kind for kind, _ in named]
    if not named or kinds[0] not in _FIRST or set(kinds[1:]) - {"Normalize"}:
        raise ModelLoadError(
            f"{listed} lists {', '.join(kinds)[:200] or 'nothing'}, and the encoder `images` runs one "
            f"{' or '.join(_FIRST)} of CLIP or SigLIP, with or without Normalize",
            remedy="leave out `encoder` for a model of texts",
        )
    inner = (folder / named[0][1]).resolve()
    if not inner.is_relative_to(folder.resolve()):
        raise ModelLoadError(f"{listed} leads out of its folder: `{named[0][1][:60]}`", remedy=_AGAIN)
    return inner


def _picture_settings(path: Path) -> tuple[Path, Mapping[str, Any]]:
    """How pictures are made ready, in the file of older or of newer libraries."""
    file = path / "preprocessor_config.json"
    if file.is_file():
        return file, read_object(file)
    file = path / "processor_config.json"
    settings = read_object(file, optional=True).get("image_processor")
    if not isinstance(settings, dict):
        raise ModelLoadError(
            f"{path} does not say how pictures are made ready: it has no `preprocessor_config.json`",
            remedy="save the model's image processor there",
        )
    return file, settings


def _preparation(file: Path, settings: Mapping[str, Any], kind: Kind, edge: int) -> Preparation:
    if not settings.get("do_resize", True):
        raise _unfit(file, "`do_resize` is false", "pictures of every size are to be embedded")
    resample = settings.get("resample", _BICUBIC)
    if isinstance(resample, bool) or resample not in _FILTERS:
        raise _unfit(file, f"`resample` is {str(resample)[:60]}", "0 to 5 name a filter of Pillow")
    size = settings.get("size", {"shortest_edge": edge} if kind == "clip" else edge)
    if isinstance(size, int):
        size = {"shortest_edge": size} if kind == "clip" else {"height": size, "width": size}
    if not isinstance(size, dict):
        raise _unfit(file, f"`size` is {str(size)[:60]}", "a number, or edges by name, are due")
    if set(size) == {"height", "width"}:
        found = Preparation(_whole(file, size, "width", edge), _whole(file, size, "height", edge), resample)
    elif set(size) == {"shortest_edge"} and settings.get("do_center_crop", kind == "clip"):
        shorter = _whole(file, size, "shortest_edge", edge)
        crop = settings.get("crop_size", edge)
        crop = crop if isinstance(crop, dict) else {"height": crop, "width": crop}
        width, height = (_whole(file, crop, name, edge) for name in ("width", "height"))
        if max(width, height) > shorter:
            raise _unfit(file, f"`crop_size` is {width} x {height} and `size` {shorter}", "the middle is to be cut out")
        found = Preparation(width, height, resample, shorter)
    else:
        raise _unfit(file, f"`size` is {str(size)[:60]}", "height and width, or the shortest edge and a cut, are due")
    if (found.width, found.height) != (edge, edge):
        raise _unfit(
            file, f"pictures become {found.width} x {found.height} pixels", f"the model looks at {edge} x {edge}"
        )
    return found


def _numbers(file: Path, settings: Mapping[str, Any], kind: Kind) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """What a byte is multiplied by, and what is taken off then, for each colour."""
    factor = settings.get("rescale_factor", 1 / 255) if settings.get("do_rescale", True) else 1.0
    mean, deviation = _MEANS[kind]
    mean, deviation = settings.get("image_mean", mean), settings.get("image_std", deviation)
    if not settings.get("do_normalize", True):
        mean, deviation = (0.0,) * 3, (1.0,) * 3
    try:
        means, deviations = [float(value) for value in mean], [float(value) for value in deviation]
        scale = tuple(float(factor) / value for value in deviations)
        shift = tuple(value / by for value, by in zip(means, deviations, strict=True))
    except (TypeError, ValueError, ZeroDivisionError) as error:
        raise _unfit(
            file, f"its means and deviations are {mean} and {deviation}"[:120], "three numbers each"
        ) from error
    if len(scale) != 3:
        raise _unfit(file, f"it has {len(scale)} means", "three colours have three")
    return scale, shift


def _part(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = config.get(name)
    return part if isinstance(part, dict) else {}


def _whole(file: Path, settings: Mapping[str, Any], key: str, usual: int) -> int:
    value = settings.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _LARGEST_EDGE:
        raise ModelLoadError(
            f"{file} has {key}: {str(value)[:60]}; a whole number from 1 to {_LARGEST_EDGE} is due", remedy=_AGAIN
        )
    return value


def _unfit(file: Path, found: str, due: str) -> ModelLoadError:
    return ModelLoadError(f"{file}: {found}, but {due}", remedy=_AGAIN)
