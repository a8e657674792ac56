"""The table of a static model: a vector for each token, in the layouts of sentence-transformers and Model2Vec.

Knows weight files, no tokenizer and no text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from embedingest.engine.folder.settings_files import REMEDY
from embedingest.engine.folder.weights import FLOATS, read_header, read_tensor, weight_files
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from embedingest.engine.folder.weights import WeightsHeader

__all__ = ["STATIC", "check_table", "read_table", "read_weights", "table_shape"]

STATIC: Final = "StaticEmbedding"
"""The module that is a table of vectors."""

_TABLE: Final = "embedding.weight"
_DISTILLED: Final = "embeddings"  # Model2Vec's name of it; there it may come with a row and a factor a token
_WEIGHT: Final = "weight"  # a weight for each token, and no vector
_ROWS: Final = "mapping"
_FACTORS: Final = "weights"
_TABLE_TYPES: Final = (*FLOATS, "I8")
_ROW_TYPES: Final = ("I64", "I32", "I16", "U8", "U16", "U32")


def check_table(folder: Path) -> None:
    """Raises ModelLoadError where the weights are no such table, or its parts do not fit each other."""
    if _is_list(folder):
        return
    file, header, name = _held(folder)
    tokens = header.shapes[name][0]
    if name == _DISTILLED and _ROWS in header.shapes:
        tokens = _length(file, header, _ROWS, _ROW_TYPES)
    if name == _DISTILLED and _FACTORS in header.shapes and _length(file, header, _FACTORS, FLOATS) != tokens:
        raise ModelLoadError(f"{file} has {tokens} tokens, and `{_FACTORS}` is of another length", remedy=REMEDY)


def table_shape(folder: Path) -> tuple[int, int]:
    """How many tokens the table has a vector for, and how long they are.

    A list of weights counts as a table whose vectors are 0 but at their own token.
    """
    if _is_list(folder):
        return (words := read_header(weight_files(folder)[0]).shapes[_WEIGHT][0]), words
    _, header, name = _held(folder)
    rows, width = header.shapes[name]
    if name == _DISTILLED and _ROWS in header.shapes:
        rows = header.shapes[_ROWS][0]
    return rows, width


def read_table(folder: Path) -> NDArray[np.float32]:
    """The vector of every token, float32 (V, D). Raises ModelLoadError."""
    import numpy as np  # a model is described without

    file, header, name = _held(folder)
    table = read_tensor(file, header, name).astype(np.float32, copy=False)
    if name == _DISTILLED and _ROWS in header.shapes:
        rows = read_tensor(file, header, _ROWS).astype(np.int64)
        if rows.size and not 0 <= rows.min() <= rows.max() < len(table):
            raise ModelLoadError(f"`{_ROWS}` of {file} names rows that its table has not", remedy=REMEDY)
        table = table[rows]
    if name == _DISTILLED and _FACTORS in header.shapes:
        table = table * read_tensor(file, header, _FACTORS).astype(np.float32)[:, None]
    return table


def read_weights(folder: Path) -> NDArray[np.float32]:
    """The weight of every token, float32 (V,), of a list of weights. Raises ModelLoadError."""
    import numpy as np  # a model is described without

    file = weight_files(folder)[0]
    header = read_header(file)
    _length(file, header, _WEIGHT, FLOATS)
    return read_tensor(file, header, _WEIGHT).astype(np.float32, copy=False)


def _is_list(folder: Path) -> bool:
    files = weight_files(folder)
    return len(files) == 1 and len(read_header(files[0]).shapes.get(_WEIGHT, ())) == 1


def _held(folder: Path) -> tuple[Path, WeightsHeader, str]:
    """The file with the table, its header and the table's name in it."""
    files = weight_files(folder)
    if len(files) != 1:
        raise ModelLoadError(f"{folder} has its table in {len(files)} files; one is known")
    header = read_header(files[0])
    name = _TABLE if _TABLE in header.shapes else _DISTILLED
    shape = header.shapes.get(name, ())
    if len(shape) != 2 or header.types[name] not in _TABLE_TYPES or min(shape) < 1:
        raise ModelLoadError(
            f"{files[0]} holds no vector for each token (`{_TABLE}` or `{_DISTILLED}` in two dimensions); it has: "
            f"{', '.join(sorted(header.shapes)[:5]) or 'nothing'}",
            remedy=REMEDY,
        )
    return files[0], header, name


def _length(file: Path, header: WeightsHeader, name: str, types: tuple[str, ...]) -> int:
    shape = header.shapes[name]
    if len(shape) != 1 or header.types[name] not in types:
        raise ModelLoadError(f"`{name}` of {file} is no list of numbers, one a token", remedy=REMEDY)
    return shape[0]
