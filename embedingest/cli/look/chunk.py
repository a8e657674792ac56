"""`embedingest chunk`: what would be stored of one file, as text, JSON or a page to look at. Stores nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import rich_click as click

from embedingest.cli._options import FilePath, json_option, model_options, plugin_option
from embedingest.cli._output import print_json, print_line, print_note, writing
from embedingest.cli._settings import context_parts, contextual_option, invalid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedingest.config import Config
    from embedingest.ingest.extract.extractor import Extracted, Part
    from embedingest.types import Chunk, Sizer

__all__ = ["chunk"]

_PREVIEW_CHARACTERS: Final = 200


@click.command()
@click.argument("file", type=FilePath(exists=True, dir_okay=False))
@click.option("--loader", help="Read the file with this loader.  [default: by suffix and content]")
@click.option("--chunker", default="auto", show_default=True, help="Chunker; `auto` goes by the document.")
@click.option("--max-tokens", type=click.IntRange(8), help="Largest chunk.  [default: the model's window, at most 512]")
@click.option("--overlap", type=click.IntRange(0), default=0, show_default=True, help="Tokens two chunks share.")
@click.option("--heading-prefix", is_flag=True, help="Embed the heading path in front of each chunk.")
@contextual_option
@click.option("--full", is_flag=True, help="Print the whole text of every chunk.")
@click.option(
    "--html",
    type=FilePath(dir_okay=False),
    help="Write a page that colours the chunks over the document.",
)
@model_options
@plugin_option
@json_option
def chunk(
    file: Path,
    loader: str | None,
    chunker: str,
    max_tokens: int | None,
    overlap: int,
    heading_prefix: bool,
    contextual: str | None,
    full: bool,
    html: Path | None,
    model: str,
    plugins: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the chunks that FILE would be stored as: tokens, lines, offsets, headings, text.

    Nothing is embedded or stored; the model's tokenizer is read, its weights are not.
    """
    settings = {
        "chunker": chunker,
        "max_tokens": max_tokens,
        "overlap_tokens": overlap,
        "heading_prefix": heading_prefix,
    }
    config = _config(file, model, plugins, loader, {"chunk": settings, "context": context_parts(contextual)})
    extracted, sizer = _extract(file, config)
    if html is not None:
        _write_page(html, extracted, sizer)
    if as_json:
        print_json(_document(extracted, sizer))
    elif html is None:
        for line in _lines(extracted, sizer, full=full):
            print_line(line)


def _extract(file: Path, config: Config) -> tuple[Extracted, Sizer]:
    from embedingest.build.pipelines import open_extractor
    from embedingest.build.session import Session
    from embedingest.ingest.extract.extractor import Job

    with Session(config) as session:
        extractor, sizer = open_extractor(session)
        return extractor.extract(Job(str(file), "", file.name), keep_text=True), sizer


def _write_page(file: Path, extracted: Extracted, sizer: Sizer) -> None:
    from embedingest.cli.look._chunk_page import page

    with writing(file):
        file.write_text(page(extracted, sizer), "utf-8", "replace")  # a name may be no text
    print_note(f"wrote {file}")


def _document(extracted: Extracted, sizer: Sizer) -> dict[str, Any]:
    """The document of `--json`."""
    return {
        "source": extracted.source,
        "loader": extracted.loader,
        "capacity": sizer.capacity,
        "documents": [
            {
                "source": part.document.source,
                "title": part.document.title,
                "mime": part.document.mime,
                "markup": part.document.markup,
                "chunker": part.chunker,
                "characters": part.characters,
                "metadata": dict(part.document.metadata),
                "notices": dict(part.document.notices),
                "chunks": [_chunk(index, chunk, sizer) for index, chunk in enumerate(part.chunks)],
            }
            for part in extracted.parts
        ],
    }


def _chunk(index: int, chunk: Chunk, sizer: Sizer) -> dict[str, Any]:
    return {
        "chunk_index": index,
        "tokens": sizer.count(chunk.prefix + chunk.text),
        "start": chunk.start,
        "end": chunk.end,
        "line_start": chunk.line_start,
        "line_end": chunk.line_end,
        "page": chunk.page,
        "heading_path": list(chunk.heading_path),
        "prefix": chunk.prefix,
        "metadata": dict(chunk.metadata),
        "text": chunk.text,
    }


def _config(file: Path, model: str, plugins: tuple[str, ...], loader: str | None, settings: dict[str, Any]) -> Config:
    from pydantic import ValidationError

    from embedingest.build.models import named_model
    from embedingest.config import Config

    name, models = named_model(model)
    section = {
        "sources": [{"path": file}],
        "model": name,
        "load": {"loaders": {"*": loader}} if loader else {},
        **settings,
    }
    try:
        return Config(plugins=plugins, models=models, pipelines={"default": section})  # type: ignore[dict-item]
    except ValidationError as error:
        raise invalid(error, str(error.errors()[0]["loc"][-1]), command="chunk") from error


def _lines(extracted: Extracted, sizer: Sizer, *, full: bool) -> Iterator[str]:
    for part in extracted.parts:
        yield from _part_lines(extracted, part, sizer)
        for index, chunk in enumerate(part.chunks):
            yield from _chunk_lines(index, chunk, sizer, full=full)


def _chunk_lines(index: int, chunk: Chunk, sizer: Sizer, *, full: bool) -> Iterator[str]:
    headings = " > ".join(chunk.heading_path)
    place = f"page {chunk.page}  " if chunk.page is not None else ""
    if chunk.line_start is not None:
        place += f"lines {chunk.line_start}-{chunk.line_end}  "
    metadata = "  ".join(f"{key}={value}" for key, value in chunk.metadata.items())
    yield ""
    yield (
        f"#{index}  {sizer.count(chunk.prefix + chunk.text)} tokens  {place}"
        f"characters {chunk.start}-{chunk.end}  {headings}  {metadata}"
    ).rstrip()
    text = chunk.text if full else " ".join(chunk.text.split())
    if not full and len(text) > _PREVIEW_CHARACTERS:
        text = text[:_PREVIEW_CHARACTERS] + " …"
    for line in text.split("\n"):
        yield f"    {line}"


def _part_lines(extracted: Extracted, part: Part, sizer: Sizer) -> Iterator[str]:
    document = part.document
    title = f"  “{document.title}”" if document.title else ""
    yield f"{document.source}{title}"
    yield (
        f"read by {extracted.loader}, cut by {part.chunker}: {part.characters:,} characters, "
        f"{len(part.chunks)} chunks of at most {sizer.capacity} tokens"
    )
    for reason, count in document.notices.items():
        yield f"notice: {reason.replace('_', ' ')}: {count}"
