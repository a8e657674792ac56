"""`embedingest embed`: texts in, vectors out."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import rich_click as click

from embedingest.cli._options import json_option, model_options
from embedingest.cli._output import print_note

if TYPE_CHECKING:
    from embedingest.types import Embeddings

__all__ = ["embed"]


@click.command()
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@model_options
@click.option("--as", "role", type=click.Choice(["query", "document"]), help="Use the model's prompt for this role.")
@click.option("-d", "--dimensions", type=click.IntRange(min=1), help="Keep the first D numbers, normalised again.")
@click.option("--no-truncate", is_flag=True, help="Refuse a text that is longer than the model's window.")
@json_option
def embed(
    texts: tuple[str, ...],
    model: str,
    role: str | None,
    dimensions: int | None,
    no_truncate: bool,
    as_json: bool,
) -> None:
    """Embed each TEXT and print its vector, one JSON list a line.

    Without TEXT, or with `-`, every line of standard input is one text.
    """
    from embedingest.build.models import named_model, open_engine

    inputs = [line.rstrip("\r\n") for line in sys.stdin] if not texts or texts == ("-",) else list(texts)
    name, models = named_model(model)
    engine = open_engine(None, models)
    try:
        prompt = None
        if role is not None:
            info = engine.describe(name)
            name, prompt = info.name_for(role, name), info.prompt(role)
        embeddings = engine.embed(inputs, model=name, truncate=not no_truncate, dimensions=dimensions, prompt=prompt)
    finally:
        engine.close()
    if embeddings.truncated:
        cut = ", ".join(str(index) for index in embeddings.truncated[:20])
        print_note(f"warning: texts cut to the model's window: {cut} (counted from 0)")
    _print(embeddings, as_json=as_json)


def _print(embeddings: Embeddings, *, as_json: bool) -> None:
    import orjson

    write = sys.stdout.buffer.write
    if not as_json:
        for vector in embeddings.vectors:
            write(orjson.dumps(vector, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
        return
    document = {
        "model": embeddings.model,
        "fingerprint": embeddings.fingerprint,
        "dimensions": int(embeddings.vectors.shape[1]),
        "tokens": embeddings.token_counts,
        "truncated": list(embeddings.truncated),
        "embeddings": list(embeddings.vectors),
        "seconds": embeddings.total_seconds,
    }
    write(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
