"""`embedingest models`: which models there are, what is known of one, and fetching one that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich_click as click

from embedingest.cli._options import json_option
from embedingest.cli._output import print_json, print_line, print_note
from embedingest.errors import EmbedingestError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedingest.engine.catalog import Catalog
    from embedingest.engine.compiled.note import RuntimeFacts, Trial
    from embedingest.engine.gate import FiguresDict
    from embedingest.types import ModelInfo

__all__ = ["models"]


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def models(context: click.Context, as_json: bool) -> None:
    """List the models that can be used by name: packaged, pulled, and the weightless `hashing`.

    Below them come models that lie here for other programs: in the Hugging Face cache, which are used by name as they
    are, and in Ollama's store or as GGUF, with what to do about them.
    """
    if context.invoked_subcommand is None:
        _list(as_json=as_json)


@models.command("list")
@json_option
def list_models(as_json: bool) -> None:
    """List the models that can be used by name, and embedding models of other programs with what to do about them."""
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
    facts, key = _facts(catalog.describe(name)), catalog.find(name).key
    sources = {role: source for role, (_, source) in catalog.prompts(key).items()}
    runs = catalog.runs(key)
    routes = {role: _route(catalog, route) for role, route in catalog.by_role(key).items()}
    if as_json:
        print_json({**facts, "prompt_sources": sources, "runs": runs, "routes": routes})
        return
    facts["prompts"] = ", ".join(f"{role}: {text!r} ({sources[role]})" for role, text in facts["prompts"].items())
    facts["aliases"] = ", ".join(facts["aliases"])
    for key, value in [*facts.items(), *(_run_lines(runs) if runs and not routes else ())]:
        print_line(f"{key:<16} {value}")
    for role, route in routes.items():
        print_line(f"{role or 'other texts':<16} {route['modules']}, {route['max_tokens']} tokens")
        for key, value in _run_lines(route["runs"]) if route["runs"] else ():
            print_line(f"  {key:<14} {value}")


@models.command()
@click.argument("name")
@json_option
def pull(name: str, as_json: bool) -> None:
    """Fetch model NAME (`namespace/model`, or a short name such as `nomic-embed-text`) from the hub, over the network.

    Only what its modules need: settings and safetensors, every file checked against the hub's digest. What lies here or
    in the Hugging Face cache and is right is not fetched; a damaged copy is mended, a pull that was cut short goes on
    where it ended. `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_CACHE` and `HF_HUB_OFFLINE` hold.
    """
    import time

    from embedingest.cli._pull_line import PullLine, size_text
    from embedingest.config import EngineConfig
    from embedingest.engine.local import LocalEngine
    from embedingest.engine.names import plain_name

    began, name = time.monotonic(), plain_name(name)
    engine = LocalEngine(EngineConfig())
    try:
        with PullLine() as line:
            for step in engine.pull(name):
                line(step)
        info = engine.describe(name)
    finally:
        engine.close()
    seconds = time.monotonic() - began
    if as_json:
        print_json({**_facts(info), "received_bytes": line.received, "seconds": seconds})
    print_note(f"{name} is ready: {size_text(line.received)} fetched in {seconds:.1f} s", style="green")


def _list(*, as_json: bool) -> None:
    from dataclasses import asdict

    from embedingest.build.models import open_engine
    from embedingest.engine.elsewhere import models_elsewhere

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
    others = [asdict(found) for found in models_elsewhere() if found.name not in {facts["name"] for facts in listed}]
    if as_json:
        print_json({"models": listed, "elsewhere": others})
        return
    for facts in listed:
        size = (
            f"broken: {facts['error']}"
            if "error" in facts
            else f"{_gives(facts)}, {facts['max_tokens']} tokens, {facts['size_bytes'] / 1e6:.0f} MB"
        )
        also = f" ({facts['aliases'][0]})" if facts.get("aliases") else ""
        print_line(f"{facts['name'] + also:<32} {size}")
    for other in others:
        print_line(f"{other['name']:<32} {other['size_bytes'] / 1e6:.0f} MB, {other['place']}: {other['use']}")


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
    if "spread" in gate:
        pairs = f"scores of {gate['texts']} pairs beside fp32, 1 less the difference as a share of their spread"
        return f"{pairs}: mean {gate['mean']:.6f}, least {gate['least']:.6f}"
    return f"cosine to fp32 over {gate['texts']} texts: mean {gate['mean']:.6f}, least {gate['least']:.6f}"


def _route(catalog: Catalog, key: str) -> dict[str, Any]:
    """What embeds texts of one role: its modules, its window, and what runs them."""
    folder = catalog.folder(key)
    modules = () if folder is None else (module.kind for module in folder.modules)
    return {
        "modules": " → ".join(modules),
        "max_tokens": catalog.describe_key(key).max_tokens,
        "runs": catalog.runs(key),
    }


def _gives(facts: dict[str, Any]) -> str:
    dimensions = facts["dimensions"]
    ways = {"reranker": "reranker", "sparse": f"sparse, {dimensions} words", "late": f"late, {dimensions} a token"}
    return ways.get(facts["kind"], f"{dimensions} numbers")


def _facts(info: ModelInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "kind": info.kind,
        "fingerprint": info.fingerprint,
        "dimensions": info.dimensions,
        "max_tokens": info.max_tokens,
        "context_length": info.context_length,
        "prompts": dict(info.prompts),
        "architecture": info.architecture,
        "parameters": info.parameters,
        "size_bytes": info.size_bytes,
        "path": info.path,
        "aliases": list(info.aliases),
    }
