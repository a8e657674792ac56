"""Values of a run made by hand: files to read, what was extracted from them, and the recipe of their rows."""

from __future__ import annotations

from pathlib import Path

from embedingest.config import PipelineConfig, SourceConfig
from embedingest.ingest.extract.extractor import Extracted, Part
from embedingest.ingest.identity import content_hash, source_name
from embedingest.ingest.rows.recipe import Recipe
from embedingest.ingest.run.planner import ReadFile
from embedingest.ingest.run.survey import Candidate
from embedingest.ingest.scan.files import FileFacts
from embedingest.ingest.scan.listing import FoundFile
from embedingest.ingest.scan.roots import Root
from embedingest.ingest.state.journal import FileState
from embedingest.types import Chunk, Document, ModelInfo
from tests.ingest.world import ENGINE

ROOT = Root("docs", Path("/docs"), SourceConfig(path=Path("/docs")))
_CONFIG = PipelineConfig(sources=(SourceConfig(path=Path("/docs")),), model="hashing")
INFO: ModelInfo = ENGINE.describe("hashing")
RECIPE = Recipe(_CONFIG, INFO)


def facts(*, mtime_ns: int = 0, size: int = 10) -> FileFacts:
    return FileFacts(size, mtime_ns, mtime_ns, inode=1, device=1, mode=0o100644)


def candidate(name: str, *, mtime_ns: int = 0, urgent: bool = False, size: int = 10) -> Candidate:
    found = FoundFile(name, facts(mtime_ns=mtime_ns, size=size))
    return Candidate(ROOT, source_name("docs", name), found, urgent)


def extracted(file: Candidate, texts: list[str], children: dict[str, list[str]] | None = None) -> Extracted:
    """What a loader gives for a file of one chunk a text, and for documents inside it."""
    documents = {file.source: texts, **(children or {})}
    stamp = file.file.facts.mtime_ns
    digest = content_hash(repr(documents).encode())
    parts = tuple(
        Part(
            Document(source, "", content_hash=digest, modified_at_ns=stamp),
            tuple(Chunk(text, 0, len(text), 1, 1) for text in pieces),
            sum(map(len, pieces)),
            "text",
            "1",
        )
        for source, pieces in documents.items()
    )
    return Extracted(file.source, digest, file.file.facts, file.file.facts, "text", "1", parts)


def read(
    file: Candidate, texts: list[str], children: dict[str, list[str]] | None = None, before: FileState | None = None
) -> ReadFile:
    return ReadFile(file, before, extracted(file, texts, children), settled=True)
