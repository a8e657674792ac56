"""What a safetensors file says of itself: its header, checked against its size. Reads no tensor."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WeightsHeader", "read_header", "weight_files"]

_LARGEST_HEADER_BYTES: Final = 100 * 2**20
_REMEDY: Final = "copy or pull the model again"


@dataclass(frozen=True, slots=True)
class WeightsHeader:
    """Tensor names with their shapes. `parameters` counts numbers, `size_bytes` the whole file."""

    shapes: dict[str, tuple[int, ...]]
    size_bytes: int

    @property
    def parameters(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes.values())


def read_header(path: Path) -> WeightsHeader:
    """The header of one file. Raises ModelLoadError when the file is missing, cut short or no safetensors."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(_LARGEST_HEADER_BYTES, size - 8):
                raise ModelLoadError(f"{path} is cut short or not a safetensors file ({size} bytes)", remedy=_REMEDY)
            header: dict[str, Any] = json.loads(file.read(length))
    except OSError as error:
        raise ModelLoadError(f"cannot read {path}: {error.strerror or error}", remedy=_REMEDY) from error
    except ValueError as error:
        raise ModelLoadError(f"{path} is not a safetensors file: {error}", remedy=_REMEDY) from error
    header.pop("__metadata__", None)
    expected = 8 + length + max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
    if expected != size:
        raise ModelLoadError(f"{path} has {size} bytes and its header promises {expected}", remedy=_REMEDY)
    shapes = {name: tuple(tensor["shape"]) for name, tensor in header.items()}
    return WeightsHeader(shapes, size)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of one module folder, shards in order. Raises ModelLoadError where there are none."""
    index = folder / "model.safetensors.index.json"
    if (single := folder / "model.safetensors").is_file():
        return [single]
    if index.is_file():
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
        if any("/" in name or "\\" in name for name in names):
            raise ModelLoadError(f"{index} names files outside its folder")
        return [folder / name for name in sorted(names)]
    pickled = [path.name for path in folder.glob("*.bin")] if folder.is_dir() else []
    if pickled:
        raise ModelLoadError(
            f"{folder} holds weights only as a pickle ({', '.join(sorted(pickled))}), which can run code",
            remedy="use a copy of the model with `model.safetensors`",
        )
    raise ModelLoadError(f"no `model.safetensors` in {folder}", remedy=_REMEDY)
