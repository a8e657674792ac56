"""`plan`: what an ingest would do, and the frozen form of it that `ingest --plan` holds to. Changes nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from embedingest.errors import ConfigError, DocumentSkipped
from embedingest.ingest.audit.examine import Examined, examine
from embedingest.ingest.run.survey import survey_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from embedingest.ingest.pipeline import Pipeline
    from embedingest.ingest.run.resources import Resources

__all__ = ["check", "preview", "read_frozen"]

_FORMAT: Final = 1


def preview(pipeline: Pipeline, m: Resources) -> dict[str, Any]:
    """The document of `plan --json`, from a `Pipeline.peek`.

    `files` has one entry for each file that would be written or deleted, with its chunks by fate; `frozen` is what
    must still hold for the plan to be carried out.
    """
    candidates, gone, totals = [], [], {"seen": 0, "unchanged": 0}
    for root in pipeline.roots:
        survey = survey_root(root, pipeline.scanner(root), m.journal)
        candidates += survey.candidates
        gone += survey.gone
        totals["seen"] += survey.seen
        totals["unchanged"] += survey.counts["unchanged"]
    files = [_file(item) for item in examine(m, candidates)]
    known = set(m.known_vectors({key for file in files for key in file["texts"]}))
    texts = {key: text for file in files for key, text in file.pop("texts").items() if key not in known}
    files += [_gone(m, source) for source in gone]
    files.sort(key=lambda file: file["source"])
    tokens = _tokens(m, texts.values())
    rate = float(m.journal.meta("tokens_per_second") or 0)
    changed = [file for file in files if file["change"] != "unchanged"]
    return {
        "files": {**totals, **_by_change(files), "list": changed},
        "chunks": {name: sum(file["chunks"][name] for file in files) for name in ("new", "kept", "refreshed", "gone")},
        "embed": {"texts": len(texts), "tokens": tokens, "seconds": round(tokens / rate, 1) if rate else None},
        "frozen": {
            "format": _FORMAT,
            "table": m.token(),
            "fingerprint": m.recipe.fingerprint,
            "choice": m.recipe.choice,
            "content": {file["source"]: file["content_hash"] for file in changed},
        },
    }


def read_frozen(path: Path) -> dict[str, Any]:
    """A plan that `plan --out` wrote. Raises ConfigError where it is none."""
    try:
        document = json.loads(path.read_text("utf-8"))
        frozen = document["frozen"]
        if frozen["format"] != _FORMAT:
            raise ConfigError(f"{path} is a plan of format {frozen['format']}, this program reads {_FORMAT}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} is no plan: {error}", remedy="write one with `embedingest plan PATH… --out FILE`"
        ) from error
    return dict(frozen)


def check(frozen: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse a plan when table, settings or folder are no longer those it was made for. Raises ConfigError."""
    remedy = "look at a new one with `embedingest plan`"
    for name, what in (("table", "the table"), ("fingerprint", "the model"), ("choice", "a setting")):
        if frozen[name] != now[name]:
            raise ConfigError(f"{what} has changed since the plan was made", remedy=remedy)
    before, after = frozen["content"], now["content"]
    moved_on = sorted(source for source in {*before, *after} if before.get(source) != after.get(source))
    if moved_on:
        more = f" and {len(moved_on) - 1:,} more" if len(moved_on) > 1 else ""
        raise ConfigError(f"the folder has moved on since the plan was made: {moved_on[0]}{more}", remedy=remedy)


def _file(item: Examined) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "source": item.candidate.source,
        "change": _change(item),
        "content_hash": item.content_hash,
        "chunks": {
            "new": len(item.difference.new),
            "kept": item.difference.kept,
            "refreshed": len(item.difference.refreshed),
            "gone": len(item.difference.gone),
        },
        "texts": {},
    }
    if item.error is not None:
        entry["error"] = item.error.message
    if item.wanted is not None:
        entry["texts"] = {row.text_hash: item.wanted.texts[row.text_hash] for row in item.difference.new}
    return entry


def _change(item: Examined) -> str:
    if item.error is not None:
        return "skipped" if isinstance(item.error, DocumentSkipped) else "failed"
    if item.before is None:
        return "new"
    return "changed" if item.difference else "unchanged"


def _gone(m: Resources, source: str) -> dict[str, Any]:
    state = m.journal.file(source)
    chunks = {"new": 0, "kept": 0, "refreshed": 0, "gone": state.chunks if state is not None else 0}
    return {"source": source, "change": "deleted", "content_hash": "", "chunks": chunks}


def _by_change(files: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts = dict.fromkeys(("new", "changed", "deleted", "skipped", "failed"), 0)
    for file in files:
        if file["change"] in counts:
            counts[file["change"]] += 1
    return counts


def _tokens(m: Resources, texts: Iterable[str]) -> int:
    sizer = m.sizer()
    return sum(sizer.count(text) for text in texts)
