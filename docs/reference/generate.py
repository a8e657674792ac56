"""Writes the reference pages from the program itself: `python docs/reference/generate.py [--check]`.

With `--check` nothing is written; exit code 1 says that a page is stale.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from formats_kept import KEPT

from embedingest.build.watched import WatchedPipelines
from embedingest.cli._commands import COMMANDS, cli
from embedingest.config import EngineConfig, schema
from embedingest.engine.known import KNOWN_MODELS
from embedingest.engine.local import LocalEngine
from embedingest.ingest.load.choose import REFUSED, SUFFIXES
from embedingest.ingest.scan.excluded import documented
from embedingest.server.engine import served_engine
from embedingest.server.metrics import Metrics
from embedingest.server.readiness import Readiness
from embedingest.store.extras import arrow_kind
from embedingest.store.schema import EXTRA_COLUMNS, ROW_MODEL, SCHEMA_VERSION
from embedingest.store.values import LATE, SPARSE, VECTOR

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent
MADE = "<!-- Written by docs/reference/generate.py; edit the program, not this page. -->\n"


def configuration() -> str:
    """Every key of a configuration file, section by section."""
    whole = schema()
    sections = {"Config": whole, **whole["$defs"]}
    order = ["Config", *(name for name in _reached(whole, whole["$defs"]) if name != "Config")]
    parts = [MADE, "# Configuration\n", _INTRODUCTION]
    for name in order:
        section = sections[name]
        parts.append(f"## {_title(name)}\n\n{section.get('description', '').strip()}\n")
        parts.append("| Key | Takes | Default | |\n| --- | --- | --- | --- |")
        for key, value in section["properties"].items():
            default = "" if value.get("default", "") == "" else f"`{_plain(value['default'])}`"
            parts.append(
                f"| `{key}` | {_type(value)} | {default} | {value.get('description', '')} |".replace("  ", " ")
            )
        parts.append("")
    return "\n".join(parts)


def commands() -> str:
    """Every command with its arguments and options."""
    parts = [MADE, "# Commands\n", "Exit codes: 0 done; 1 some documents failed, or deletions wait; 2 wrong usage or"]
    parts.append("configuration; 3 the store, the lock or the engine failed; 130 interrupted.\n")
    context = click.Context(cli, info_name="embedingest")
    parts += ["Of every command, before its name:\n", *_options(cli, context)]
    for name in sorted(COMMANDS):
        command = cli.get_command(context, name)
        assert command is not None
        parts += _command(command, f"embedingest {name}", click.Context(command, info_name=name, parent=context))
    return "\n".join(parts).rstrip() + "\n"


def _command(command: click.Command, path: str, context: click.Context) -> list[str]:
    arguments = [p for p in command.params if isinstance(p, click.Argument)]
    usage = " ".join([path, *(argument.make_metavar(context) for argument in arguments)])
    parts = [f"## `{usage}`\n", " ".join((command.help or "").split()) + "\n"]
    parts += _options(command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            parts += _command(inner, f"{path} {name}", click.Context(inner, info_name=name, parent=context))
    return parts


def _options(command: click.Command, context: click.Context) -> list[str]:
    """The table of a command's options; nothing where it has none."""
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    rows = [f"| {_option(option, context)} | {' '.join((option.help or '').split())} |" for option in options]
    return ["| Option | |\n| --- | --- |", *rows, ""] if rows else []


def _option(option: click.Option, context: click.Context) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    takes = "" if option.is_flag else f" `{option.make_metavar(context)}`"
    return (names + takes).replace("|", "\\|")


def columns() -> str:
    """Every column of a table: its Arrow type, its meaning, and the version that first wrote it."""
    parts = [MADE, "# Columns of the table\n", _COLUMNS_INTRODUCTION]
    parts.append("| Column | Arrow type | Null | Since | |\n| --- | --- | --- | --- | --- |")
    made = {
        VECTOR: "fixed_size_list<item: float>[D]",
        SPARSE: arrow_kind(SPARSE, 0),
        LATE: "list<item: fixed_size_list<item: halffloat>[D]>",
    }
    for column in (*ROW_MODEL, *EXTRA_COLUMNS):
        kind = made.get(column.name, column.kind)
        parts.append(
            f"| `{column.name}` | `{kind}` | {'yes' if column.nullable else ''} | {column.since} | {column.meaning} |"
        )
    return "\n".join(parts).replace("|  |", "| |") + "\n"


def _reached(node: Any, sections: dict[str, Any], seen: list[str] | None = None) -> list[str]:
    seen = [] if seen is None else seen
    if isinstance(node, dict):
        name = str(node.get("$ref", "")).rsplit("/", 1)[-1]
        if name and name not in seen:
            seen.append(name)
            _reached(sections[name], sections, seen)
        for key, value in node.items():
            if key != "$defs":
                _reached(value, sections, seen)
    elif isinstance(node, list):
        for value in node:
            _reached(value, sections, seen)
    return seen


def _type(value: dict[str, Any]) -> str:
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(_type(branch) for branch in value["anyOf"]))
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[-1]
        return f"[{_title(name)}](#{_title(name).lower().replace(' ', '-')})"
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if value.get("type") == "array":
        return f"list of {_type(value.get('items', {}))}"
    if isinstance(value.get("additionalProperties"), dict):
        return f"name to {_type(value['additionalProperties'])}"
    bounds = [f"{sign} {value[key]}" for key, sign in _BOUNDS.items() if key in value]
    return " ".join([_WORDS.get(value.get("type", ""), "anything"), *([f"({', '.join(bounds)})"] if bounds else [])])


_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false", "null": "null"}
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}

_INTRODUCTION = """\
A configuration is YAML. Paths are relative to the file. `${VAR}` and `${VAR:-default}` in a value are taken from the
environment after parsing, `$$` is a dollar. `extends: FILE` lays this file over another, key by key. Unknown keys are
refused. `embedingest config check FILE` says what is wrong, `config show` what it resolves to, `config schema`
helps editors.
"""


_COLUMNS_INTRODUCTION = f"""\
One row is one chunk. The columns stand in the table's order, and their names change with a major version only. This is
schema 1: the table's Arrow metadata holds that number under `embedingest`, with the model, its fingerprint and D, the
length of its vectors. With `store: {{float16: true}}` the vectors are `halffloat`. Tables with a column
`sparse`, `late` or `context` are of schema {SCHEMA_VERSION}, with the model, fingerprint and D of the first two; other
tables have none of the three.
"""


def _title(name: str) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in name.removesuffix("Config")).strip()
    return words.capitalize() if words else "The file"


def _plain(value: Any) -> str:
    if isinstance(value, dict) and value:
        return "{…}"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def formats() -> str:
    """The page of formats, with its table of what is left out by default as the program has it."""
    page = (HERE / "../formats.md").read_text(encoding="utf-8")
    page = _filled(page, "| Left out | What it is | Made by |\n| --- | --- | --- |\n", documented())
    return _filled(page, "| Suffix | Loader | Kept | Counted or told |\n| --- | --- | --- | --- |\n", suffixes())


def _filled(page: str, head: str, rows: Iterable[str]) -> str:
    before, _, after = page.partition(head)
    return before + head + "\n".join(rows) + "\n<!-- end -->" + after.partition("<!-- end -->")[2]


def suffixes() -> list[str]:
    """A row for each loader with every suffix and whole name that it is chosen by, then what is refused by name."""
    rows = []
    for loader in sorted(set(SUFFIXES.values())):
        names = " ".join(f"`{suffix}`" for suffix, chosen in sorted(SUFFIXES.items()) if chosen == loader)
        kept, counted = KEPT[loader]
        rows.append(f"| {names} | `{loader}` | {kept} | {counted} |")
    for reason in dict.fromkeys(REFUSED.values()):
        names = " ".join(f"`{suffix}`" for suffix, why in REFUSED.items() if why == reason)
        rows.append(f"| {names} | | nothing: {reason[0]} | `unsupported`: {reason[1]} |")
    return rows


def models() -> str:
    """The models that have a short name or prompts of the table."""
    parts = [MADE, "# Models by name\n", _MODELS_INTRODUCTION]
    parts.append("| Name | Repository | Numbers | Window | Prompts | Runs | Checked |\n" + "| --- " * 7 + "|")
    for known in KNOWN_MODELS:
        names = ", ".join(f"`{name}`" for name in known.names)
        prompts = "<br>".join(f"{role}: `{text!r}`".replace("'", "") for role, text in known.prompts.items())
        prompts = prompts.replace("|", r"\|")  # else it ends the cell
        runs = f"refused: {known.note}" if known.note else f"{known.architecture}, compiled"
        sizes, checked = f"{known.dimensions} | {known.window}", ", ".join(known.checked)
        parts.append(f"| {names} | {known.repository} | {sizes} | {prompts} | {runs} | {checked} |")
    return "\n".join(parts) + "\n"


_MODELS_INTRODUCTION = """\
`embedingest models pull NAME` fetches a model, by a name of this table or by any `namespace/model` of the hub. It then
answers to both, and to `hf.co/namespace/model`. Names and tags are those of Ollama's library, and those that
sentence-transformers knows; a tag of a quantised copy (`:0.6b-q8_0`) is none of them, since its vectors are others. A
folder that sentence-transformers saved needs no name: `--model FOLDER`, or `path` in the configuration. What lies in
the Hugging Face cache is used by its repository's name as it is; `embedingest models list` shows it. Over HTTP, of that
cache only what `serve` was told to serve: by `--model`, `--allow-model` or the configuration.

A pull fetches the files that the model's list of modules needs, safetensors only, and checks each against the hub's
digest. Weights that a repository has as a pickle alone (bge-m3 at the time of writing) come as the hub's own converter
made them of that very pickle. `HF_ENDPOINT` names another hub, `HF_TOKEN` is sent to it alone, `HF_HUB_OFFLINE` forbids
it. Without a pull nothing is ever fetched.

Lengths and windows below are told here and relied on nowhere: what a model's files state holds. Prompts are used where
a repository states none itself. The last column says what of a row was held against a public source (pages of the
models and of Ollama's library, the metadata of the MTEB benchmark, programs that use the model) and agreed with it:
`names` (which repository the name and the tag of its size stand for), `numbers`, `window`, `prompts`. What it does not
say was written from memory, and so were the further tags (`-fp16`, letters) and the way it runs.

`NAME:query` and `NAME:document`, `--as`, `input_type` and a search use the prompts: those of the repository's own
settings; where it states none, those here; those of the configuration over both. `embedingest models show NAME` tells
which hold, the sizes that the files state, and which precision runs the model on this machine: compiled, where that
gives the vectors of the model's own forward pass, else by torch.

A model whose `Router` (once `Asym`) sends queries and documents through different modules takes each by its role, in
the same ways: searches and `NAME:query` go the one way, documents that are ingested and `NAME:document` the other, a
text of no role by the default route that the model states; where it states none, that is an error. `models show`
tells the modules of each role and what runs them: each way is compiled, or a table, for itself, and takes its own
place in memory. The fingerprint is of all ways together. Only routes for text are read, and no Router within a
Router.

Other kinds of models are folders with a name of the settings (`models: NAME: {path: FOLDER}`). Rerankers are
cross-encoders, with a list of modules or without one, and those that answer yes or no in a prompt, as Qwen3's; they run
compiled on a CPU where that keeps the scores of the model's own forward pass. Torch runs the others. Sparse models are
what `SparseEncoder` of sentence-transformers saves: a transformer (`MLMTransformer`, or one of the task `fill-mask`)
and `SpladePooling`; or a Router whose queries are looked up (`SparseStaticEmbedding`) and whose documents are computed.
Models of late interaction are ColBERT's: folders of PyLate (`Transformer`, `Dense`, with the marks, lengths, fillers
and left-out signs of its settings), of sentence-transformers (`MultiVectorEncoder`), and of Stanford's ColBERT
(`HF_ColBERT`, its `linear.weight` in the same safetensors); vectors that such a folder does not normalise, or merges,
are refused. A pull fetches rerankers, and of the others those that have a list of modules.
"""


def metrics() -> str:
    """Every series of `/metrics`."""
    engine = LocalEngine(EngineConfig())
    try:
        readiness = Readiness(served_engine(engine))
        described = Metrics(served_engine(engine), WatchedPipelines(), readiness).described()
    finally:
        engine.close()
    rows = [
        f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {said} |"
        for name, kind, labels, said in described
        if not name.startswith("process_")  # which differ from system to system
    ]
    heading = "| Series | Type | Labels | |\n| --- | --- | --- | --- |"
    return "\n".join([MADE, "# Metrics\n", _ABOUT_METRICS, heading, *rows, ""])


_ABOUT_METRICS = """\
What `GET /metrics` tells; [how it is used](../guides/watching-it.md). A histogram has the series `_bucket`, `_sum` and
`_count`. `pipeline` is a name of the configuration (`default` with `watch`, the table's with `serve`), `route` a path
of the server as it is written there (`unknown` for any other), `model` the one name of a model, however a client spells
it. Counters are since the program began. Those of pipelines are there where the program follows them; `serve` alone has
what the journal says. On Linux there are also `process_cpu_seconds_total`, `process_resident_memory_bytes`,
`process_open_fds`, `process_max_fds` and others that every program has for Prometheus.
"""


PAGES = {
    "configuration.md": configuration,
    "commands.md": commands,
    "columns.md": columns,
    "metrics.md": metrics,
    "../formats.md": formats,
    "../models.md": models,
}


def main(check: bool) -> int:
    """Write the pages, or say which are stale."""
    stale = [name for name, page in PAGES.items() if not _same(HERE / name, page())]
    for name in stale:
        if not check:
            (HERE / name).write_text(PAGES[name](), encoding="utf-8")
        sys.stderr.write(f"docs/reference/{name} {'is stale' if check else 'written'}\n")
    return 1 if check and stale else 0


def _same(file: Path, text: str) -> bool:
    return file.exists() and file.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
