"""The project of a new plug-in: small, working, with tests that run the contract. Knows no registry."""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING, Final

from embedingest.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write"]

_PROJECT: Final = """\
[build-system]
requires = ["hatchling>=1.27"]
build-backend = "hatchling.build"

[project]
name = "embedingest-{name}"
version = "0.1.0"
description = "A plug-in for embedingest"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["embedingest>=0.1"]

[project.optional-dependencies]
test = ["pytest>=8.3"]

[project.entry-points."embedingest.{group}"]
{name} = "{module}:create"

[tool.hatch.build.targets.wheel]
packages = ["src/{module}"]

[tool.pytest.ini_options]
testpaths = ["tests"]
"""

_README: Final = """\
# embedingest-{name}

A plug-in for embedingest ({group}).

    pip install -e .
    python -m pytest
    embedingest plugins check {name}
"""

_CODE: Final = {
    "loaders": '''"""Files of one kind as documents."""

from embedingest.plugin import Document, DocumentError

VERSION = "1"  # changes whenever the same bytes give another document


class Loader:
    name = "{name}"
    version = VERSION
    suffixes = frozenset({{".{name}"}})
    mimes = frozenset({{"text/x-{name}"}})

    def __init__(self, *, upper: bool = False) -> None:
        self.upper = upper

    def load(self, data: bytes, name: str) -> Document:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DocumentError(f"{{name}} is not UTF-8: {{error}}", source=name, code="corrupt") from error
        return Document(source=name, text=text.upper() if self.upper else text, mime="text/x-{name}")


def create(*, upper: bool = False) -> Loader:
    """Keywords are the settings: `load.options.{name}` in a configuration, checked by these very types."""
    return Loader(upper=upper)
''',
    "chunkers": '''"""Documents cut in one way."""

import re

from embedingest.plugin import Chunk, Document, Sizer


class Chunker:
    name = "{name}"
    version = "1"  # changes whenever the same document gives other chunks

    def chunk(self, document: Document, sizer: Sizer) -> list[Chunk]:
        """Lines, and pieces of lines that are too long for the model."""
        chunks = []
        for line in re.finditer(r"[^\\n]*\\S[^\\n]*", document.text):
            starts = list(sizer.starts(line.group()))
            step = max(1, sizer.capacity // 2)  # a piece may have more tokens alone than within its line
            cuts = [line.start(), *(line.start() + s for s in starts[step::step]), line.end()]
            for start, end in zip(cuts, cuts[1:], strict=False):
                text = document.text[start:end]
                if text.strip():
                    number = document.text.count("\\n", 0, start) + 1
                    chunks.append(Chunk(text=text, start=start, end=end, line_start=number, line_end=number))
        return chunks


def create() -> Chunker:
    """Keywords here would be the settings under `chunk.options.{name}`."""
    return Chunker()
''',
    "encoders": '''"""A model that turns token ids into vectors: here, letters into counts."""

from dataclasses import dataclass

import numpy as np
from embedingest.plugin import ModelConfig, ModelFolder


@dataclass(frozen=True)
class LetterSizer:
    capacity: int

    def count(self, text: str) -> int:
        return len(text)

    def starts(self, text: str) -> list[int]:
        return list(range(len(text)))


class Encoder:
    dimensions = 64
    max_tokens = 1000
    context_length = 1000
    special_tokens = 0
    size_bytes = 0
    parallel = 1
    fingerprint = "{name}-1:exact"  # another one whenever vectors change
    runtime = {{"runtime": "{name}"}}

    def tokenize(self, texts):
        return [[ord(letter) for letter in text] for text in texts]

    def detokenize(self, tokens):
        return "".join(map(chr, tokens))

    def encode(self, batch):
        vectors = np.zeros((len(batch), self.dimensions), dtype=np.float32)  # (N, D)
        for row, tokens in zip(vectors, batch, strict=True):
            for first, second in zip(tokens, tokens[1:] or tokens, strict=False):
                row[(first * 31 + second) % self.dimensions] += 1
        return vectors

    def sizer(self, capacity):
        return LetterSizer(capacity)

    def close(self):
        pass


def create(folder: ModelFolder | None, settings: ModelConfig) -> Encoder:
    """`folder` and `settings` are of the model that names this encoder; keywords would be its `options`."""
    return Encoder()
''',
}

_TEST: Final = {
    "loaders": """from embedingest.testing import contract
from {module} import create

test_contract = contract("loaders", create, examples={{"a.{name}": b"some text\\n"}})


def test_the_setting_is_used():
    assert create(upper=True).load(b"abc", "a.{name}").text == "ABC"
""",
    "chunkers": """from embedingest.testing import contract
from {module} import create

test_contract = contract("chunkers", create)
""",
    "encoders": """from embedingest.plugin import ModelConfig
from embedingest.testing import contract
from {module} import create

test_contract = contract("encoders", lambda: create(None, ModelConfig(encoder="{name}")))
""",
}


def write(name: str, group: str, parent: Path) -> Path:
    """The folder of the new project. Raises ConfigError for a name that cannot be one, or is taken."""
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) or keyword.iskeyword(name):
        raise ConfigError(f"`{name}` cannot be a plug-in's name", remedy="small letters, digits and single hyphens")
    module = f"embedingest_{name.replace('-', '_')}"
    folder = parent / f"embedingest-{name}"
    if folder.exists():
        raise ConfigError(f"{folder} is there already", remedy="choose another name or `--output`")
    words = {"name": name, "group": group, "module": module}
    files = {
        "pyproject.toml": _PROJECT,
        "README.md": _README,
        f"src/{module}/__init__.py": _CODE[group],
        f"tests/test_{module}.py": _TEST[group],
    }
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.format(**words), encoding="utf-8")
    return folder
