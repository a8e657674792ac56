"""`embedingest chunk`: what would be stored of one file, as text, JSON or a page to look at. Stores nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import json_option, model_options, plugin_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.config import Config
    from embedingest.ingest.extract.extractor import Extracted, Part
    from embedingest.types import Chunk, Sizer

__all__ = ["chunk", "described"]

_PREVIEW = 200


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--loader", help="Read the file with this loader.  [default: by suffix and content]")
@click.option("--chunker", default="auto", show_default=True, help="Chunker; `auto` goes by the document.")
@click.option("--max-tokens", type=click.IntRange(8), help="Largest chunk.  [default: the model's window]")
@click.option("--overlap", type=click.IntRange(0), default=0, show_default=True, help="Tokens two chunks share.")
@click.option("--heading-prefix", is_flag=True, help="Embed the heading path in front of each chunk.")
@click.option("--full", is_flag=True, help="Print the whole text of every chunk.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
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
    full: bool,
    html: Path | None,
    model: str,
    plugins: tuple[str, ...],
    as_json: bool,
) -> None:
    """Show the chunks that FILE would be stored as: tokens, lines, offsets, headings, text.

    Nothing is embedded or stored; the model's tokenizer is read, its weights are not.
    """
    from embedingest.build.pipelines import open_extractor
    from embedingest.build.session import Session
    from embedingest.cli._output import data, print_json
    from embedingest.ingest.extract.extractor import Job

    settings = {
        "chunker": chunker,
        "max_tokens": max_tokens,
        "overlap_tokens": overlap,
        "heading_prefix": heading_prefix,
    }
    session = Session(_configured(file, model, plugins, loader, settings))
    try:
        extractor, sizer = open_extractor(session)
        extracted = extractor.extract(Job(str(file), "", file.name), keep_text=True)
    finally:
        session.close()
    if html is not None:
        from embedingest.cli._chunk_page import page

        html.write_text(page(extracted, sizer), "utf-8")
        click.echo(f"wrote {html}", err=True)
    if as_json:
        print_json(described(extracted, sizer))
    elif html is None:
        for line in _lines(extracted, sizer, full=full):
            data().print(line, highlight=False, markup=False, soft_wrap=True)


def described(extracted: Extracted, sizer: Sizer) -> dict[str, Any]:
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
                "chunks": [_chunk(index, each, sizer) for index, each in enumerate(part.chunks)],
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


def _configured(
    file: Path, model: str, plugins: tuple[str, ...], loader: str | None, settings: dict[str, Any]
) -> Config:
    from pydantic import ValidationError

    from embedingest.build.models import named_model
    from embedingest.config import Config
    from embedingest.errors import ConfigError

    name, models = named_model(model)
    section = {
        "sources": [{"path": file}],
        "model": name,
        "load": {"loaders": {"*": loader}} if loader else {},
        "chunk": settings,
    }
    try:
        return Config(plugins=plugins, models=models, pipelines={"default": section})  # type: ignore[dict-item]
    except ValidationError as error:
        first = error.errors()[0]
        raise ConfigError(f"{first['loc'][-1]}: {first['msg']}", remedy="see `embedingest chunk --help`") from error


def _lines(extracted: Extracted, sizer: Sizer, *, full: bool) -> Iterator[str]:
    for part in extracted.parts:
        yield from _part_lines(extracted, part, sizer)
        for index, each in enumerate(part.chunks):
            path = " > ".join(each.heading_path)
            place = f"page {each.page}  " if each.page is not None else ""
            if each.line_start is not None:
                place += f"lines {each.line_start}-{each.line_end}  "
            facts = "  ".join(f"{key}={value}" for key, value in each.metadata.items())
            yield ""
            yield (
                f"#{index}  {sizer.count(each.prefix + each.text)} tokens  {place}"
                f"characters {each.start}-{each.end}  {path}  {facts}"
            ).rstrip()
            text = each.text if full else " ".join(each.text.split())
            yield "    " + (text if full or len(text) <= _PREVIEW else text[:_PREVIEW] + " …").replace("\n", "\n    ")


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
