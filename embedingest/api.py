"""The main job in one call each: `ingest`, `watch`, `search`, `embed`, `serve`, with the command line's defaults.

Models are loaded once for the whole process and shared by all of them; see `build/shared.py`. For settings beyond
these, for several pipelines, or to close everything at a definite time, there is `Session`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Literal, Self
from weakref import WeakSet

from embedingest.arguments import (
    CALLABLE,
    FLAG,
    NAME,
    NAMES,
    PATH,
    PROGRESS,
    STOP,
    TEXT,
    Wanted,
    check,
    count,
    one_of,
    or_none,
    text_list,
)
from embedingest.build.models import named_model
from embedingest.build.pipelines import open_pipeline
from embedingest.build.place import place_to_read
from embedingest.build.remembered import remember, reranker_of, searching, with_reranker
from embedingest.build.serving import open_searcher, open_server, preloaded
from embedingest.build.settings import checked_settings, folders_config
from embedingest.build.shared import SharedEngines
from embedingest.config import DEFAULT, Config, EngineConfig, ServerConfig, SourceConfig
from embedingest.errors import ConfigError
from embedingest.ingest.run.asynchronous import InThread, iterate_in_thread
from embedingest.progress import ProgressLine
from embedingest.store.unit import USUAL_BUDGET
from embedingest.types import DEFAULT_MODEL, DEFAULT_STATE, DEFAULT_TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager

    from embedingest.build.place import Place
    from embedingest.build.settings import Folder
    from embedingest.ingest.report import IngestReport, ProgressSink
    from embedingest.ingest.watch.values import Notice
    from embedingest.server.run import HttpServer
    from embedingest.store.unit import UnitKind
    from embedingest.store.values import SearchResult
    from embedingest.types import Embeddings, Mode

__all__ = ["Following", "embed", "ingest", "search", "serve", "watch"]

_FOLDER = Wanted(
    'a path, or keys and values such as {"path": "docs"}, each folder an argument of its own',
    lambda value: PATH.fits(value) or isinstance(value, (Mapping, SourceConfig)),
)


def ingest(
    *paths: Folder,
    state: str | os.PathLike[str] = DEFAULT_STATE,
    model: str = DEFAULT_MODEL,
    plugins: Sequence[str] = (),
    allow_deletes: bool = False,
    progress: bool | ProgressSink = False,
    stop: threading.Event | None = None,
    **settings: Any,
) -> IngestReport:
    """Bring the table up to date with folders, once: `embedingest ingest PATH…`.

    A path is a folder or a file, or a `sources` entry such as `{"path": "docs", "include": ["*.md"]}`. `settings` are
    further keys of a pipeline, such as `table="notes"`, `db="…"` or `chunk={"max_tokens": 200}`.
    `progress=True` draws a bar in a terminal and in a notebook; a function is called with `Progress` values instead.
    `state` is the folder of journal and vector cache only: where the table lies, `db` says.
    With `stop` set the run ends early and `report.stopped` says so. With `allow_deletes` no deletion waits for
    `embedingest confirm`.

    Failures of single documents are in the report. Raises ConfigError, LockedError (another process writes the
    table), StoreError, EngineError, of which each leaves the table whole.

    >>> report = ingest("docs", model="hashing")
    >>> report.files.new
    1
    """
    check(allow_deletes=(allow_deletes, FLAG), progress=(progress, PROGRESS), stop=(stop, or_none(STOP)))
    config = _folders_config("ingest", paths, settings, state=state, model=model, plugins=plugins)
    with _progress_sink(progress) as sink, open_pipeline(SharedEngines(config), progress=sink, stop=stop) as pipeline:
        remember(pipeline, config)
        return pipeline.converge(allow_deletes=allow_deletes)


def watch(
    *paths: Folder,
    state: str | os.PathLike[str] = DEFAULT_STATE,
    model: str = DEFAULT_MODEL,
    plugins: Sequence[str] = (),
    progress: bool | ProgressSink = False,
    stop: threading.Event | None = None,
    on_notice: Callable[[Notice], None] | None = None,
    **settings: Any,
) -> Following:
    """Keep the table equal to folders: `embedingest watch PATH…`. Iterate over it, with `for` or `async for`.

    The first report is of bringing everything up to date, each further one of a set of changes. The loop ends when
    `stop` is set or `stop()` is called; leaving the loop ends the watch too. Arguments and errors are those of
    `ingest`; `on_notice` hears of folders that go and come, and of polling where there are no events.

    >>> with watch("docs", model="hashing") as reports:
    ...     for report in reports:
    ...         print(report.files.failed, "failed")
    ...         break
    0 failed
    """
    check(progress=(progress, PROGRESS), stop=(stop, or_none(STOP)), on_notice=(on_notice, or_none(CALLABLE)))
    config = _folders_config("watch", paths, settings, state=state, model=model, plugins=plugins)
    return Following(config, progress=progress, stop=stop, on_notice=on_notice)


class Following:
    """A watch that runs while it is iterated over, in a `for` or an `async for` loop; each loop begins anew."""

    def __init__(
        self,
        config: Config,
        *,
        progress: bool | ProgressSink = False,
        stop: threading.Event | None = None,
        on_notice: Callable[[Notice], None] | None = None,
    ) -> None:
        self._config = config
        self._progress = progress
        self._stop = stop or threading.Event()
        self._on_notice = on_notice
        self._loops: WeakSet[Generator[IngestReport, None, None] | InThread[IngestReport]] = WeakSet()

    def stop(self) -> None:
        """End the watch soon, from any thread: the loop over it ends without an error."""
        self._stop.set()

    def __iter__(self) -> Generator[IngestReport, None, None]:
        loop = self._reports()
        self._loops.add(loop)
        return loop

    def __aiter__(self) -> InThread[IngestReport]:
        loop = iterate_in_thread(self._reports, self._stop)
        self._loops.add(loop)
        return loop

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends the loops that were left, and gives the table's lock back."""
        self.stop()
        for loop in list(self._loops):
            loop.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """As `__exit__`; the event loop goes on while the watch ends."""
        self.stop()
        for loop in list(self._loops):
            if isinstance(loop, InThread):
                await loop.aclose()
            else:
                loop.close()

    def _reports(self) -> Generator[IngestReport, None, None]:
        engines = SharedEngines(self._config)
        with (
            _progress_sink(self._progress) as sink,
            open_pipeline(engines, progress=sink, stop=self._stop) as pipeline,
        ):
            remember(pipeline, self._config)
            yield from pipeline.follow(on_notice=self._on_notice)


def search(
    query: str,
    *,
    limit: int = 10,
    offset: int = 0,
    mode: Mode = "hybrid",
    filter: str | None = None,  # noqa: A002 -- the word of `/api/search` and of the command line
    group: bool = False,
    context: int = 0,
    fold: bool = True,
    rerank: str | bool | None = None,
    rerank_candidates: int | None = None,
    unit: UnitKind = "chunk",
    budget: int = USUAL_BUDGET,
    db: str | os.PathLike[str] | None = None,
    table: str = DEFAULT_TABLE,
    state: str | os.PathLike[str] | None = None,
    model: str | None = None,
    snapshot: str | None = None,
) -> SearchResult:
    """The chunks that answer a question, best first: `embedingest search QUERY`.

    The query is embedded as the table was; `model` names another. `filter` is such as `"page = 3"`; `group` keeps
    the best hit of each document; `context` adds that many neighbours on both sides; `fold` shows copies as one hit
    with its `places`; `snapshot` is a tag. `rerank` puts the best `rerank_candidates` in the order of a reranker: a
    name, a folder, or True for that of the settings, which is used unless it is False. With the `unit` `section` or
    `document` a hit is what it stands in, `budget` tokens of it at most. Without `db` and `state` it is the nearest
    table upwards.

    Raises TableMissingError, ConfigError (a wrong argument), FingerprintError (another model), EngineError, StoreError.

    >>> _ = ingest("docs", model="hashing")
    >>> for hit in search("where does the walrus sleep?", limit=1):
    ...     print(hit.source, hit.text)
    docs/walrus.md # Walrus
    <BLANKLINE>
    The walrus sleeps on the ice.
    """
    check(group=(group, FLAG), fold=(fold, FLAG), snapshot=(snapshot, or_none(NAME)))
    place = _place(state, db, table, model)
    name, config = searching(place.state, place.db, table, model)
    rerank, config = with_reranker(config, rerank)
    searcher = open_searcher(
        SharedEngines(config), db=place.db, table=table, model=name, snapshot=snapshot, named=model is not None,
        rerank=reranker_of(config),
    )  # fmt: skip
    with place.explained(), searcher:
        return searcher.search(
            query, mode=mode, limit=limit, offset=offset, filter=filter, group=group, context=context, fold=fold,
            rerank=rerank, rerank_candidates=rerank_candidates, unit=unit, budget=budget,
        )  # fmt: skip


def embed(
    texts: str | Sequence[str],
    *,
    model: str = DEFAULT_MODEL,
    role: Literal["query", "document"] | None = None,
    prompt: str | None = None,
    dimensions: int | None = None,
    truncate: bool = True,
) -> Embeddings:
    """Vectors, float32 (N, D) of unit length, of N texts; one string is one text. `embedingest embed TEXT…`.

    `role` puts the model's own prompt for queries or documents in front of each text, `prompt` a text of yours.
    `dimensions` keeps the first numbers and normalises again. `truncated` of the answer names the texts that did not
    fit the model's window; with `truncate` off they raise InputTooLongError.

    Raises ModelNotFoundError, ModelLoadError, InputTooLongError, InputError, ConfigError.

    >>> embed(["a walrus", "a seal"], model="hashing").vectors.shape
    (2, 256)
    """
    check(
        model=(model, NAME),
        role=(role, or_none(one_of("query", "document"))),
        prompt=(prompt, or_none(TEXT)),
        dimensions=(dimensions, or_none(count(1))),
        truncate=(truncate, FLAG),
    )
    wanted = text_list("texts", texts)
    if role is not None and prompt is not None:
        raise ConfigError("`role` and `prompt` were both given", remedy="give one of them")
    name, models = named_model(model)
    engine = SharedEngines(Config(models=models)).engine_of(DEFAULT)
    if role is not None:
        info = engine.describe(name)
        name, prompt = info.name_for(role, name), info.prompt(role)
    return engine.embed(wanted, model=name, prompt=prompt, dimensions=dimensions, truncate=truncate)


def serve(
    *,
    model: str | None = None,
    db: str | os.PathLike[str] | None = None,
    table: str = DEFAULT_TABLE,
    state: str | os.PathLike[str] | None = None,
    **settings: Any,
) -> HttpServer:
    """The engine over HTTP, beside the program, and search over the table: `embedingest serve`.

    The server answers when this returns. Use it as a context manager, or call `stop`; `wait` blocks until Ctrl-C.
    `settings` are keys of the `server` section, such as `host`, `port` (0 takes a free one) and `api_key`. The model
    is the one that wrote the table, else the default.

    Raises ConfigError (a port that is taken, an unknown key).

    >>> with serve(port=0, model="hashing") as server:
    ...     server.url.startswith("http://127.0.0.1:")
    True
    """
    place = _place(state, db, table, model)
    name, config = searching(place.state, place.db, table, model)
    engines = SharedEngines(config)
    rerank = reranker_of(config)
    server_settings = checked_settings(ServerConfig, {"preload": preloaded(name, config), **settings})
    searcher = open_searcher(engines, db=place.db, table=table, model=name, rerank=rerank)
    server = open_server(engines, server_settings, searcher, place=(place.state, place.db, table))
    server.start()
    return server


def _folders_config(
    function: str,
    paths: Sequence[Folder],
    settings: dict[str, Any],
    *,
    state: str | os.PathLike[str],
    model: str,
    plugins: Sequence[str],
) -> Config:
    """The configuration that the arguments of `ingest` and `watch` stand for. Raises ConfigError that names one."""
    if "sources" in settings or not paths:
        problem = "`sources` was given" if "sources" in settings else "no folder was given"
        raise ConfigError(problem, remedy=f'name each folder as an argument of its own: `{function}("docs", "notes")`')
    for index, path in enumerate(paths):
        check(**{f"paths[{index}]": (path, _FOLDER)})
    check(state=(state, PATH), model=(model, NAME), plugins=(plugins, NAMES))
    if isinstance(settings.get("db"), os.PathLike):
        settings["db"] = os.fspath(settings["db"])
    engine = settings.pop("engine") if isinstance(settings.get("engine"), EngineConfig) else None
    return folders_config(paths, settings, state=state, model=model, plugins=plugins, engine=engine)


def _place(
    state: str | os.PathLike[str] | None, db: str | os.PathLike[str] | None, table: str, model: str | None
) -> Place:
    """The table that these arguments mean. Raises ConfigError for one that is none."""
    check(state=(state, or_none(PATH)), db=(db, or_none(PATH)), table=(table, NAME), model=(model, or_none(NAME)))
    return place_to_read(db, state, table)


def _progress_sink(progress: bool | ProgressSink) -> AbstractContextManager[ProgressSink | None]:
    if progress is True:
        return ProgressLine()
    return nullcontext(None if progress is False else progress)
