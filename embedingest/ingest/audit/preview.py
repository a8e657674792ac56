"""`plan`: what an ingest would do, and the frozen form of it that `ingest --plan` holds to. Changes nothing."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Final, Literal, NotRequired, TypeAlias, TypedDict, TypeGuard

from embedingest.errors import ConfigError, DocumentSkipped
from embedingest.ingest.audit.examine import Examined, examine
from embedingest.ingest.audit.outlook import Outlook
from embedingest.ingest.audit.status import Unreadable, unreadable
from embedingest.ingest.run.survey import survey_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Survey
    from embedingest.ingest.scan.folders import Folders
    from embedingest.ingest.scan.roots import Root

__all__ = ["ChunkFates", "FrozenPlan", "PlanDocument", "PlannedFile", "check", "preview", "read_frozen"]

_FORMAT: Final = 1
_TEXTS: Final = 4096

FileChange: TypeAlias = Literal["new", "changed", "unchanged", "deleted", "pending_delete", "skipped", "failed"]


class ChunkFates(TypedDict):
    """How many chunks are written, left alone, written again with other columns, and deleted."""

    new: int
    kept: int
    refreshed: int
    gone: int


class PlannedFile(TypedDict):
    """One file that would be written or deleted, or not be deleted yet. `error` says why it would not be read."""

    source: str
    change: FileChange
    content_hash: str
    chunks: ChunkFates
    error: NotRequired[str]


class PlannedFiles(TypedDict):
    """All files by what would become of them; `list` has those that are not unchanged.

    `deleted` go at once, `pending_deletes` would wait for a person.
    """

    seen: int
    unchanged: int
    new: int
    changed: int
    deleted: int
    pending_deletes: int
    skipped: int
    failed: int
    list: list[PlannedFile]


class PlannedEmbedding(TypedDict):
    """What would be embedded, and of how many texts of new chunks all is `known` already.

    `seconds` by the rate of one engine in the last large run, `None` where there was none. `nodes` is how many engines
    would be at work, `None` where a cluster says that.
    """

    texts: int
    known: int
    tokens: int
    seconds: float | None
    nodes: NotRequired[int | None]


class FrozenPlan(TypedDict):
    """What must still hold for a plan to be carried out: the table's version, the settings, the changed files."""

    format: int
    table: str
    fingerprint: str
    choice: str
    content: dict[str, str]


class PlanDocument(TypedDict):
    """The document of `plan --json`; `excluded` counts files and folders by the rule that leaves them out.

    `unreadable` could not be looked into: what lies there is neither planned nor deleted.
    """

    files: PlannedFiles
    excluded: dict[str, int]
    unreadable: list[Unreadable]
    chunks: ChunkFates
    embed: PlannedEmbedding
    frozen: FrozenPlan


def preview(folders: Folders, resources: Resources, *, allow: bool = False) -> PlanDocument:
    """What a run over `folders` would do; with `allow` all deletions. Raises StoreError, EngineError, PluginError."""
    surveys: list[tuple[Root, Survey]] = []
    excluded: Counter[str] = Counter()
    for root in folders.roots:
        survey = survey_root(root, folders.finder(root), resources.journal)
        surveys.append((root, survey))
        excluded.update(survey.excluded)
    files: list[PlannedFile] = []
    to_embed = _ToEmbed(resources)
    outlook = Outlook(resources, allow_deletes=allow)
    for item in examine(resources, [candidate for _, survey in surveys for candidate in survey.candidates]):
        outlook.add(item)
        files.append(_file(item))
        if item.wanted is not None:
            to_embed.add((row.text_hash, item.wanted.texts[row.text_hash]) for row in item.difference.new)
    waiting = outlook.waiting(surveys)
    files += [_gone(resources, source, waits=source in waiting) for _, survey in surveys for source in survey.gone]
    files.sort(key=lambda file: file["source"])
    changed = [file for file in files if file["change"] != "unchanged"]
    return PlanDocument(
        files=_counted(changed, [survey for _, survey in surveys]),
        excluded=dict(sorted(excluded.items())),
        unreadable=[item for _, survey in surveys for item in unreadable(survey)],
        chunks=_sum_of(files),
        embed=to_embed.told(),
        frozen=FrozenPlan(
            format=_FORMAT,
            table=resources.token() or "",
            fingerprint=resources.recipe.fingerprint,
            choice=resources.recipe.choice,
            content={file["source"]: file["content_hash"] for file in changed},
        ),
    )


def read_frozen(path: Path) -> FrozenPlan:
    """A plan that `plan --out` wrote. Raises ConfigError where it is none."""
    remedy = "write one with `embedingest plan PATH… --out FILE`"
    try:
        text = path.read_text("utf-8")
        if not text.strip():
            raise ConfigError(f"{path} is empty, and a plan is wanted", remedy=remedy)
        document = json.loads(text)
    except OSError as error:
        raise ConfigError(f"the plan {path} cannot be read: {error.strerror or error}", remedy=remedy) from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is no JSON, and a plan is wanted", remedy=remedy) from error
    frozen: FrozenPlan | None = document.get("frozen") if isinstance(document, dict) else None
    if isinstance(frozen, dict) and frozen.get("format", _FORMAT) != _FORMAT:
        raise ConfigError(f"{path} is a plan of format {frozen['format']}, this program reads {_FORMAT}", remedy=remedy)
    if not _is_frozen(frozen):
        raise ConfigError(f"{path} is JSON and no plan, or only a part of one", remedy=remedy)
    return frozen


def _is_frozen(value: object) -> TypeGuard[FrozenPlan]:
    """Whether a value has all that `check` compares."""
    if not isinstance(value, dict) or not isinstance(value.get("content"), dict):
        return False
    return value.get("format") == _FORMAT and all(
        isinstance(value.get(key), str) for key in ("table", "fingerprint", "choice")
    )


def check(frozen: FrozenPlan, now: FrozenPlan) -> None:
    """Refuse a plan when table, settings or folder are no longer those it was made for. Raises ConfigError."""
    remedy = "look at a new one with `embedingest plan`"
    changes = {
        "the table": frozen["table"] != now["table"],
        "the model": frozen["fingerprint"] != now["fingerprint"],
        "a setting": frozen["choice"] != now["choice"],
    }
    for what, has_changed in changes.items():
        if has_changed:
            raise ConfigError(f"{what} has changed since the plan was made", remedy=remedy)
    before, after = frozen["content"], now["content"]
    moved_on = sorted(source for source in {*before, *after} if before.get(source) != after.get(source))
    if moved_on:
        more = f" and {len(moved_on) - 1:,} more" if len(moved_on) > 1 else ""
        raise ConfigError(f"the folder has moved on since the plan was made: {moved_on[0]}{more}", remedy=remedy)


def _file(item: Examined) -> PlannedFile:
    difference = item.difference
    entry = PlannedFile(
        source=item.candidate.source,
        change=_change(item),
        content_hash=item.content_hash,
        chunks=ChunkFates(
            new=len(difference.new),
            kept=difference.kept,
            refreshed=len(difference.refreshed),
            gone=len(difference.gone),
        ),
    )
    if item.error is not None:
        entry["error"] = item.error.message
    return entry


def _change(item: Examined) -> FileChange:
    if item.error is not None:
        return "skipped" if isinstance(item.error, DocumentSkipped) else "failed"
    if item.before is None:
        return "new"
    return "changed" if item.difference else "unchanged"


def _gone(resources: Resources, source: str, *, waits: bool) -> PlannedFile:
    state = resources.journal.file(source)
    count = state.chunks if state is not None else 0
    chunks = ChunkFates(new=0, kept=count if waits else 0, refreshed=0, gone=0 if waits else count)
    return PlannedFile(source=source, change="pending_delete" if waits else "deleted", content_hash="", chunks=chunks)


def _counted(changed: list[PlannedFile], surveys: Sequence[Survey]) -> PlannedFiles:
    counts = Counter(file["change"] for file in changed)
    return PlannedFiles(
        seen=sum(survey.seen for survey in surveys),
        unchanged=sum(survey.counts["unchanged"] for survey in surveys),
        new=counts["new"],
        changed=counts["changed"],
        deleted=counts["deleted"],
        pending_deletes=counts["pending_delete"],
        skipped=counts["skipped"],
        failed=counts["failed"],
        list=changed,
    )


def _sum_of(files: Sequence[PlannedFile]) -> ChunkFates:
    chunks = [file["chunks"] for file in files]
    return ChunkFates(
        new=sum(fates["new"] for fates in chunks),
        kept=sum(fates["kept"] for fates in chunks),
        refreshed=sum(fates["refreshed"] for fates in chunks),
        gone=sum(fates["gone"] for fates in chunks),
    )


class _ToEmbed:
    """Counts what would be embedded, each text once, some at a time: the texts of a large folder are never all here."""

    def __init__(self, resources: Resources) -> None:
        self._resources = resources
        self._counted: set[bytes] = set()
        self._texts: dict[str, str] = {}
        self._known = self._unknown = self._tokens = 0

    def add(self, texts: Iterable[tuple[str, str]]) -> None:
        """Texts of new rows by their hash."""
        for text_hash, text in texts:
            if (name := bytes.fromhex(text_hash)) not in self._counted:
                self._counted.add(name)
                self._texts[text_hash] = text
        if len(self._texts) >= _TEXTS:
            self._count()

    def told(self) -> PlannedEmbedding:
        """What all of it comes to."""
        self._count()
        rate, tokens = float(self._resources.journal.meta("tokens_per_second") or 0), self._tokens
        return PlannedEmbedding(
            texts=self._unknown,
            known=self._known,
            tokens=tokens,
            seconds=round(tokens / rate, 1) if rate else None,
        )

    def _count(self) -> None:
        if not self._texts:
            return
        recipe, sizer = self._resources.recipe, self._resources.sizer()
        texts, self._texts = self._texts, {}
        keys = {key: text for text_hash, text in texts.items() for key in recipe.keys(text_hash)}
        unknown = keys.keys() - self._resources.known_vectors(keys).keys()
        self._known += len(keys) - len(unknown)
        self._unknown += len(unknown)
        self._tokens += sum(sizer.count(keys[key]) for key in unknown)
