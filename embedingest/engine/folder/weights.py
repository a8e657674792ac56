"""What a safetensors file says of itself: its header, checked against its size. Reads tensors only when asked to."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from embedingest.engine.folder.settings_files import REMEDY, kind_of, read_object
from embedingest.errors import ModelLoadError
from embedingest.numerals import json_fault

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["FLOATS", "WeightsHeader", "is_finite", "read_header", "read_tensor", "weight_files"]

_LARGEST_HEADER_BYTES: Final = 100 * 2**20
_INDEX: Final = "model.safetensors.index.json"
FLOATS: Final = ("F64", "F32", "F16", "BF16")
"""The number types that weights may have."""
_ITEM_BITS: Final = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16, "BF16": 16, "I16": 16,
    "U16": 16, "I8": 8, "U8": 8, "BOOL": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip


_NUMPY_TYPES: Final = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1", "BOOL": "?",
}  # fmt: skip


_EXPONENTS: Final = {
    "F64": (8, 0x7FF0_0000_0000_0000), "F32": (4, 0x7F80_0000), "F16": (2, 0x7C00), "BF16": (2, 0x7F80),
}  # fmt: skip
"""Bytes of a number, and its exponent's bits: all of them are set in NaN and infinity."""
_NUMBERS_AT_ONCE: Final = 2**20


@dataclass(frozen=True, slots=True)
class WeightsHeader:
    """Tensor names with their shapes, number types and first bytes in the file.

    `parameters` counts numbers, `size_bytes` the whole file.
    """

    shapes: dict[str, tuple[int, ...]]
    types: dict[str, str]
    size_bytes: int
    begins: dict[str, int]

    @property
    def parameters(self) -> int:
        return sum(math.prod(shape) for shape in self.shapes.values())


def read_header(path: Path) -> WeightsHeader:
    """The header of one file. Raises ModelLoadError when the file is missing, cut short, no safetensors, or lies.

    Every tensor has a known number type, a shape, and as many bytes as these need; together the tensors fill the
    file without gap or overlap.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if size < 8 or length > min(_LARGEST_HEADER_BYTES, size - 8):
                raise ModelLoadError(f"{path} is cut short or not a safetensors file ({size} bytes)", remedy=REMEDY)
            header = json.loads(file.read(length), object_pairs_hook=_named_once)
    except OSError as error:
        raise ModelLoadError(f"cannot read {path}: {error.strerror or error}", remedy=REMEDY) from error
    except ValueError as error:
        raise ModelLoadError(f"{path} is not a safetensors file: {json_fault(error)}", remedy=REMEDY) from error
    except (RecursionError, MemoryError) as error:
        raise ModelLoadError(f"{path} is not a safetensors file: its header is nested too deeply") from error
    if not isinstance(header, dict):
        raise _refused(path, f"its header is {kind_of(header)}, not names of tensors")
    header.pop("__metadata__", None)
    bounds = sorted(_bounds(path, name, tensor) for name, tensor in header.items())
    expected = 8 + length + max((end for _, end, _ in bounds), default=0)
    if expected != size:
        raise ModelLoadError(f"{path} has {size} bytes and its header promises {expected}", remedy=REMEDY)
    filled = 0
    for begin, end, name in bounds:
        if begin != filled:
            raise _refused(path, f"tensor `{name}` begins at byte {begin}, and the one before it ends at {filled}")
        filled = end
    shapes = {name: tuple(tensor["shape"]) for name, tensor in header.items()}
    begins = {name: 8 + length + begin for begin, _, name in bounds}
    return WeightsHeader(shapes, {name: tensor["dtype"] for name, tensor in header.items()}, size, begins)


def read_tensor(path: Path, header: WeightsHeader, name: str) -> NDArray[Any]:
    """One tensor of a file into memory; bf16, which numpy has not, as float32. Raises ModelLoadError."""
    import numpy as np  # a model is described without

    shape, kind = header.shapes[name], header.types[name]
    try:
        values = np.fromfile(path, _NUMPY_TYPES[kind], math.prod(shape), offset=header.begins[name])
    except OSError as error:
        raise ModelLoadError(f"cannot read {path}: {error.strerror or error}", remedy=REMEDY) from error
    if values.size != math.prod(shape):
        raise ModelLoadError(f"{path} was cut short while it was read", remedy=REMEDY)
    if kind == "BF16":
        values = (values.astype(np.uint32) << 16).view(np.float32)
    return values.reshape(shape)


def is_finite(path: Path, header: WeightsHeader, name: str) -> bool:
    """Whether a tensor of a file holds no NaN and no infinity; a few megabytes at a time. Raises ModelLoadError."""
    kind, numbers, begin = header.types[name], math.prod(header.shapes[name]), header.begins[name]
    if kind not in _EXPONENTS:
        return True
    import numpy as np  # a model is described without

    width, ones = _EXPONENTS[kind]
    try:
        for first in range(0, numbers, _NUMBERS_AT_ONCE):
            count = min(_NUMBERS_AT_ONCE, numbers - first)
            bits = np.fromfile(path, f"<u{width}", count, offset=begin + first * width)
            if ((bits & bits.dtype.type(ones)) == ones).any():
                return False
    except OSError as error:
        raise ModelLoadError(f"cannot read {path}: {error.strerror or error}", remedy=REMEDY) from error
    return True


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of one module folder, shards in order. Raises ModelLoadError where there are none."""
    index = folder / _INDEX
    if (single := folder / "model.safetensors").is_file():
        return [single]
    if index.is_file():
        return _shards(folder, index)
    exported = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.onnx"))[:3]
    pickled = [path.name for path in folder.glob("*.bin")] if folder.is_dir() else []
    if pickled:
        raise ModelLoadError(
            f"{folder} holds weights only as a pickle ({', '.join(sorted(pickled))}), which can run code",
            remedy="use a copy of the model with `model.safetensors`",
        )
    if exported:
        raise ModelLoadError(
            f"{folder} holds weights only for ONNX Runtime ({', '.join(exported)})",
            remedy="add its `model.safetensors`, or `pip install embedingest-onnx` and set `encoder: onnx`",
        )
    raise ModelLoadError(f"no `model.safetensors` in {folder}", remedy=REMEDY)


def _shards(folder: Path, index: Path) -> list[Path]:
    placed = read_object(index).get("weight_map")
    if not isinstance(placed, dict) or not placed or not all(isinstance(name, str) for name in placed.values()):
        raise ModelLoadError(f"{index} has no `weight_map` from tensors to files", remedy=REMEDY)
    names = set(placed.values())
    if any("/" in name or "\\" in name or name in ("", ".", "..") or "\0" in name for name in names):
        raise ModelLoadError(f"{index} names files outside its folder", remedy=REMEDY)
    files = [folder / name for name in sorted(names)]
    found: dict[str, str] = {}
    for file in files:
        for tensor in read_header(file).shapes:
            if tensor in found:
                raise _refused(file, f"tensor `{tensor}` is in {found[tensor]} too")
            found[tensor] = file.name
    for tensor, name in placed.items():
        if found.get(tensor) != name:
            raise _refused(index, f"it places tensor `{tensor}` in {name}, and it is in {found.get(tensor, 'no file')}")
    return files


def _bounds(path: Path, name: str, tensor: Any) -> tuple[int, int, str]:
    """First and last byte of a tensor after the header, checked against its shape and number type."""
    entry: dict[str, Any] = tensor if isinstance(tensor, dict) else {}
    shape, offsets, bits = entry.get("shape"), entry.get("data_offsets"), _ITEM_BITS.get(str(entry.get("dtype")))
    if not (_whole_numbers(shape) and _whole_numbers(offsets) and len(offsets) == 2 and bits):
        raise _refused(path, f"tensor `{name}` has no `dtype`, `shape` and `data_offsets` that can be read")
    begin, end = offsets
    needed = math.prod(shape) * bits / 8 if max(shape, default=0) < 2**48 and len(shape) <= 16 else math.inf
    if end - begin != needed:
        shown = f"{entry['dtype']} {shape[:16]}"
        raise _refused(path, f"tensor `{name}` ({shown}) needs {needed:.0f} bytes and has {end - begin}")
    return begin, end, name


def _whole_numbers(value: Any) -> TypeGuard[list[int]]:
    return isinstance(value, list) and all(type(number) is int and number >= 0 for number in value)


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("its header names something twice")
    return named


def _refused(path: Path, reason: str) -> ModelLoadError:
    return ModelLoadError(f"{path} is damaged: {reason}", remedy=REMEDY)
