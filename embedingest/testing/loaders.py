"""What every loader owes. Knows the seam, no format; `examples` are files that the loader must read."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import DocumentError
from embedingest.ingest.load import Loader
from embedingest.testing.contract import Check, claims
from embedingest.types import Document

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHECKS"]


def owes_its_facts(loader: Loader) -> None:
    """States its name, version, suffixes and types."""
    assert isinstance(loader, Loader), "it lacks a member of the Loader protocol"
    assert loader.name, "its name is empty"
    assert loader.version, "its version is empty"
    for suffix in loader.suffixes:
        assert suffix == suffix.lower(), f"suffix {suffix!r} is not lower case"
    assert loader.suffixes or loader.mimes, "it reads nothing: no suffixes, no types"


def owes_a_document_for_each_example(loader: Loader, examples: Mapping[str, bytes]) -> None:
    """Reads its examples: some text, the given name, spans inside the text."""
    for name, data in examples.items():
        document = loader.load(data, name)
        assert document.text.strip(), f"{name} gave no text"
        _sound(document, name)


def owes_the_same_again(loader: Loader, examples: Mapping[str, bytes]) -> None:
    """The same bytes give the same document."""
    for name, data in examples.items():
        assert loader.load(data, name) == loader.load(data, name), f"{name} gave two documents"


def owes_a_clear_no(loader: Loader, examples: Mapping[str, bytes]) -> None:
    """Answers empty, damaged and foreign bytes with a document or a DocumentError, never with anything else."""
    name = "broken" + next(iter(sorted(loader.suffixes)), "")
    for data in _broken(examples):
        try:
            document = loader.load(data, name)
        except DocumentError as error:
            assert error.code, "a DocumentError without a code"
        else:
            _sound(document, name)


def _broken(examples: Mapping[str, bytes]) -> list[bytes]:
    chance = random.Random(7)  # noqa: S311 -- the same damage every time
    damaged = [b"", b"\0" * 100, b"\xff\xfe\x00", chance.randbytes(4096), "just text, ünïcode".encode()]
    for data in examples.values():
        damaged += [data[: len(data) // 2], data[:16] + chance.randbytes(64) + data[80:], data[::-1]]
    return damaged


def _sound(document: Any, name: str) -> None:
    assert isinstance(document, Document), f"gave {type(document).__name__}, not a Document"
    assert document.source == name, f"source is {document.source!r}, asked for {name!r}"
    document.text.encode("utf-8")  # a lone surrogate could not be stored
    for span in document.spans:
        assert 0 <= span.start <= span.end <= len(document.text), f"{span} lies outside of the text"


CHECKS: Final[tuple[Check, ...]] = claims(globals())
