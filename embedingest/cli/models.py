"""`embedingest models`: which models there are, what is known of one, and fetching one that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import json_option

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    from embedingest.cli._output import data, print_json
    from embedingest.engine.catalog import Catalog

    name, found = named_model(name)
    catalog = Catalog(found)
    facts = _facts(catalog.describe(name))
    runs = catalog.runs(catalog.find(name).key)
    if as_json:
        print_json({**facts, "runs": runs})
        return
    for key, value in [*facts.items(), *(_told(runs) if runs else ())]:
        data().print(f"{key:<16} {value}", highlight=False, markup=False, soft_wrap=True)


@models.command()
@click.argument("name")
def pull(name: str) -> None:
    """Fetch model NAME (`namespace/model`, or a short name such as `all-minilm`) from the hub, over the network.

    Safetensors and settings only, checked before they count. The hub is `$HF_ENDPOINT`, if it is set.
    """
    from embedingest.cli._output import console
    from embedingest.config import EngineConfig
    from embedingest.engine.local import LocalEngine

    engine = LocalEngine(EngineConfig())
    out = console()
    try:
        for step in engine.pull(name):
            done = f" {step['completed']} of {step['total']} bytes" if "total" in step else ""
            out.print(f"{step['status']}{done}", highlight=False, markup=False)
    finally:
        engine.close()
    out.print(f"{name} is ready", style="green", highlight=False, markup=False)


def _list(*, as_json: bool) -> None:
    from embedingest.build.models import open_engine
    from embedingest.cli._output import data, print_json
    from embedingest.errors import EmbedingestError

    engine = open_engine()
    found: list[dict[str, Any]] = []
    try:
        for name in engine.models():
            try:
                found.append(_facts(engine.describe(name)))
            except EmbedingestError as error:
                found.append({"name": name, "error": error.message})
    finally:
        engine.close()
    if as_json:
        print_json({"models": found})
        return
    for facts in found:
        size = facts.get("error") or (
            f"{facts['dimensions']} numbers, {facts['max_tokens']} tokens, {facts['size_bytes'] / 1e6:.0f} MB"
        )
        data().print(f"{facts['name']:<32} {size}", highlight=False, markup=False, soft_wrap=True)


def _told(runs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The lines on what runs a model: runtime and precision, figures, and what was passed over."""
    told = "not chosen yet" if runs["runtime"] is None else f"{runs['runtime']}, {runs['precision']}"
    yield "runtime", told if runs["reason"] is None else f"{told}: {runs['reason']}"
    if runs["gate"]:
        yield "gate", _figures(runs["gate"])
    for form in runs["rejected"]:
        figures = f" ({_figures(form)})" if "mean" in form else ""
        yield "rejected", f"{form['form']}: {form['reason']}{figures}"


def _figures(gate: dict[str, Any]) -> str:
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
