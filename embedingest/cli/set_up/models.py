"""`embedingest models`: which models there are, what is known of one, and fetching one that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import json_option
from embedingest.cli._output import print_json, print_line, print_note
from embedingest.errors import EmbedingestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.engine.compiled.note import RuntimeFacts, Trial
    from embedingest.engine.gate import FiguresDict
    from embedingest.types import ModelInfo

__all__ = ["models"]


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models that can be used by name: packaged, pulled, and the weightless `hashing`."""
    if context.invoked_subcommand is None:
        _list(as_json=as_json)


@models.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show what is known of model NAME (or of a local folder), without loading its weights.

    Says which runtime and precision were taken on this machine, with the cosines to the model's own fp32 forward over
    probe texts (mean and least), and why others were not.
    """
    from embedingest.build.models import named_model
    from embedingest.engine.catalog import Catalog

    name, settings = named_model(name)
    catalog = Catalog(settings)
    facts = _facts(catalog.describe(name))
    runs = catalog.runs(catalog.find(name).key)
    if as_json:
        print_json({**facts, "runs": runs})
        return
    for key, value in [*facts.items(), *(_run_lines(runs) if runs else ())]:
        print_line(f"{key:<16} {value}")


@models.command()
@click.argument("name")
def pull(name: str) -> None:
    """Fetch model NAME (`namespace/model`, or a short name such as `all-minilm`) from the hub, over the network.

    Safetensors and settings only, checked before they count. The hub is `$HF_ENDPOINT`, if it is set.
    """
    from embedingest.config import EngineConfig
    from embedingest.engine.local import LocalEngine

    engine = LocalEngine(EngineConfig())
    try:
        for step in engine.pull(name):
            size = f" {step['completed']} of {step['total']} bytes" if "total" in step else ""
            print_note(f"{step['status']}{size}")
    finally:
        engine.close()
    print_note(f"{name} is ready", style="green")


def _list(*, as_json: bool) -> None:
    from embedingest.build.models import open_engine

    engine = open_engine()
    listed: list[dict[str, Any]] = []
    try:
        for name in engine.models():
            try:
                listed.append(_facts(engine.describe(name)))
            except EmbedingestError as error:
                listed.append({"name": name, "error": error.message})
    finally:
        engine.close()
    if as_json:
        print_json({"models": listed})
        return
    for facts in listed:
        size = facts.get("error") or (
            f"{facts['dimensions']} numbers, {facts['max_tokens']} tokens, {facts['size_bytes'] / 1e6:.0f} MB"
        )
        print_line(f"{facts['name']:<32} {size}")


def _run_lines(runs: RuntimeFacts) -> Iterator[tuple[str, str]]:
    """What runs a model: runtime and precision, the gate's figures, and what was rejected."""
    runtime = "not chosen yet" if runs["runtime"] is None else f"{runs['runtime']}, {runs['precision']}"
    yield "runtime", runtime if runs["reason"] is None else f"{runtime}: {runs['reason']}"
    if runs["gate"]:
        yield "gate", _figures(runs["gate"])
    for rejected in runs["rejected"]:
        figures = f" ({_figures(rejected)})" if "mean" in rejected else ""
        yield "rejected", f"{rejected['form']}: {rejected['reason']}{figures}"


def _figures(gate: FiguresDict | Trial) -> str:
    return f"cosine to fp32 over {gate['texts']} texts: mean {gate['mean']:.6f}, least {gate['least']:.6f}"


def _facts(info: ModelInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "fingerprint": info.fingerprint,
        "dimensions": info.dimensions,
        "max_tokens": info.max_tokens,
        "context_length": info.context_length,
        "prompts": dict(info.prompts),
        "architecture": info.architecture,
        "parameters": info.parameters,
        "size_bytes": info.size_bytes,
        "path": info.path,
    }
