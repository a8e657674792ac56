"""Which models there are: packaged, configured, pulled, and the weightless `hashing`. From names to encoders.

Knows folders and factories; knows nothing of what is loaded. Never reads weights to describe a model.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from embedingest import registry
from embedingest.config import ModelConfig
from embedingest.engine.entry import AUTO, TOKENS, Entry
from embedingest.engine.folder.tensors import WeightsError
from embedingest.engine.hub.cache import cached_repositories, snapshot_of
from embedingest.engine.kinds import check_embeds
from embedingest.engine.known import other_names, plainly, repository_of
from embedingest.engine.missing import ways_out
from embedingest.engine.names import ModelName, Role
from embedingest.engine.packaged import PACKAGED
from embedingest.engine.scorer import as_encoder
from embedingest.errors import ConfigError, EmbedingestError, EngineError, ModelLoadError, ModelNotFoundError
from embedingest.paths import user_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from embedingest.engine.compiled.note import RuntimeFacts
    from embedingest.engine.encoder import Encoder
    from embedingest.engine.folder.folder import ModelFolder
    from embedingest.types import ModelInfo, Sizer

__all__ = ["Catalog", "ModelMatch"]

HASHING: Final = "hashing"
_LISTS: Final = ("modules.json", "config.json")  # a plain reranker has the second alone
_THREADED: Final = (AUTO, "compiled")
_ROUTE: Final = "#"  # in a key between the model's and a role; no name has it


@dataclass(frozen=True, slots=True)
class ModelMatch:
    """What a name stands for: the key of a model, and the role that the name asks for (`m:query`)."""

    key: str
    role: Role | None


class Catalog:
    """The registered models. `models` of the configuration come over packaged and pulled ones of the same name."""

    def __init__(
        self, models: Mapping[str, ModelConfig], *, data: Path | None = None, threads: int | None = None
    ) -> None:
        self.pulled = (user_data() if data is None else data) / "models"
        self._threads = threads
        self._lock = threading.Lock()
        self._entries: dict[str, Entry] = {}
        self._infos: dict[str, ModelInfo] = {}
        self._damaged: dict[str, tuple[object, ModelLoadError]] = {}  # found when loaded, with the files' state then
        self._cached_keys: frozenset[str] | None = None  # of the Hugging Face cache; `None`: any
        self._put(Entry(ModelName.parse(HASHING), ModelConfig(encoder=HASHING)))
        for name, packaged in PACKAGED.items():
            if (path := packaged.path()) is not None:
                self._put(Entry(ModelName.parse(name), ModelConfig(), path, packaged))
        self.scan_pulled()
        for name, config in models.items():
            self.register(name, config)

    def register(self, name: str, config: ModelConfig) -> None:
        """Give a name to a model folder, a plug-in, or other settings to a known model. Raises ConfigError."""
        try:
            parsed = ModelName.parse(name)
        except EngineError as error:
            raise ConfigError(f"`{name}` cannot be a model's name: {error.message}") from error
        known = self._key_of(parsed)
        entry = None if known is None else self._entries[known]
        if config.path is not None:
            self._put(Entry(parsed, config, Path(config.path)))
        elif entry is not None and config.encoder == AUTO:
            self._put(replace(entry, config=config.model_copy(update={"encoder": entry.config.encoder})))
        elif entry is not None:
            self._put(replace(entry, config=config))
        elif config.encoder != AUTO:
            self._put(Entry(parsed, config))
        else:
            plain = plainly(parsed).plain
            fetch = f"fetch it with `embedingest models pull {plain}`, or " if repository_of(parsed) else ""
            raise ConfigError(
                f"model `{name}` has neither files nor an encoder",
                remedy=f"{fetch}give it a `path` under `models: {name}:`",
            )

    def use_cached(self, names: Iterable[str]) -> None:
        """From now on find no other models in the Hugging Face cache than these, by whichever of their names.

        What was found before stays. For a server: its clients name models, and the cache has those of other programs.
        """
        keys = set[str]()
        for name in names:
            with contextlib.suppress(EngineError):
                parsed = ModelName.parse(name)
                plain = parsed if parsed.role is None else parsed.untagged()
                keys |= {other.key for other in (parsed, plain, *other_names(plain))}
        self._cached_keys = frozenset(keys)

    def scan_pulled(self) -> None:
        """Look again at what was pulled: `namespace/model` folders under the user's data folder."""
        for folder in sorted({file.parent for name in _LISTS for file in self.pulled.glob(f"*/*/{name}")}):
            with contextlib.suppress(EngineError):
                name = ModelName.parse(f"{folder.parent.name}/{folder.name}")
                if (entry := self._entries.get(name.key)) is None or entry.is_cached:
                    self._put(Entry(name, ModelConfig() if entry is None else entry.config, folder))

    def forget(self, name: str) -> None:
        """Read the files of a model again that may have changed. Raises ModelNotFoundError."""
        self._put(self._entries[self.find(name).key])

    def is_packaged(self, name: str) -> bool:
        """Whether an installed package brings the files of this model. Raises ModelNotFoundError."""
        return self._entries[self.find(name).key].packaged is not None

    def names(self) -> list[str]:
        """Every registered name with its tag, newest files first; models that know no meaning come after all others."""
        entries = list(self._entries.values())
        entries.sort(key=lambda e: (e.config.encoder == HASHING, -e.modified, e.name.short))
        return [entry.name.short for entry in entries]

    def find(self, name: str) -> ModelMatch:
        """The model of this name, by Ollama's rules. Raises InvalidNameError, ModelNotFoundError."""
        parsed = ModelName.parse(name)
        if parsed.cloud:
            raise ModelNotFoundError(name, remedy="remote models are not served")
        if (key := self._key_of(parsed)) is not None:
            return ModelMatch(key, None)
        if parsed.role is not None and (key := self._key_of(parsed.untagged())) is not None:
            return ModelMatch(key, parsed.role)
        raise ModelNotFoundError(name, remedy=ways_out(parsed, self.names()))

    def _key_of(self, name: ModelName) -> str | None:
        """The key of a model by this name, or by another one of the same model.

        Where none is registered, it may have been pulled by another program since, or lie in the Hugging Face cache.
        """
        if name.key in self._entries:
            return name.key
        keys = [other.key for other in (name, *other_names(name))]
        if not any(key in self._entries for key in keys):
            self.scan_pulled()
        if not any(key in self._entries for key in keys):
            self._add_cached(keys)
        return next((key for key in keys if key in self._entries), None)

    def _add_cached(self, keys: list[str]) -> None:
        """Register the first model of the Hugging Face cache that has one of these keys, if it may be used."""
        if self._cached_keys is not None and self._cached_keys.isdisjoint(keys):
            return
        for name, place in cached_repositories():
            if name.key in keys and (folder := snapshot_of(place)) is not None:
                self._put(Entry(name, ModelConfig(), folder, is_cached=True))
                return

    def describe(self, name: str) -> ModelInfo:
        """What is known of a model, its weights unread. Raises ModelNotFoundError, ModelLoadError."""
        match = self.find(name)
        return self.describe_key(match.key if match.role is None else self.route(match))

    def route(self, match: ModelMatch, *, strict: bool = True) -> str:
        """The key of what embeds texts of the match's role: of a model with routes, one for each that differs.

        Raises ConfigError where no route takes them; with `strict` off, any route stands in.
        """
        routes = self.describe_key(match.key).routes
        if not routes:
            return match.key
        asked: str = match.role or ""
        if asked not in routes and not strict:
            asked = next(iter(routes))
        if asked not in routes:
            self._entries[match.key].folder_for(asked)  # raises with the reason
        return f"{match.key}{_ROUTE}{routes[asked]}"

    def token_key(self, match: ModelMatch) -> str:
        """The key of what gives vectors of tokens by a late interaction model, or by any other's transformer."""
        key = self.route(match)
        if self.describe_key(key).kind == "late":
            return key
        return _tokens_of(key)

    def keys_of(self, key: str) -> set[str]:
        """The keys under which a model may be in memory: its own, and those of its routes."""
        info = self.known(key)
        routes = {key, *(f"{key}{_ROUTE}{role}" for role in ({} if info is None else info.routes).values())}
        return routes | {_tokens_of(route) for route in routes}

    def by_role(self, key: str) -> dict[str, str]:
        """The key of what embeds texts of each role (`""`: of none); empty for a model without routes."""
        return {role: f"{key}{_ROUTE}{by}" for role, by in self.describe_key(key).routes.items()}

    def name_of(self, key: str) -> str:
        """The one name of a model that reports and counters use, for its key or that of one of its routes."""
        return self._of(key)[0].name.short

    def known(self, key: str) -> ModelInfo | None:
        """The description of a model, if it was described before; reads no file."""
        with self._lock:
            return self._infos.get(key)

    def describe_key(self, key: str) -> ModelInfo:
        """As `describe`, for a key that `find` gave."""
        if (info := self.known(key)) is not None:
            return info
        entry, role = self._of(key)
        self._check_damage(key, entry)
        try:
            with entry.named():
                info = self._info(entry, role)
        except (EmbedingestError, ImportError):
            raise
        except Exception as error:
            with entry.named():
                raise ModelLoadError(
                    f"model `{entry.name.short}` cannot be described: {type(error).__name__}: {error}",
                    remedy=f"check {entry.path or f'the encoder `{entry.config.encoder}`'}",
                ) from error
        with self._lock:
            return self._infos.setdefault(key, info)

    def sizer(self, name: str, *, prompt: str = "") -> Sizer:
        """A token counter whose capacity is the window less special tokens and `prompt`. Loads no weights.

        Raises ConfigError for a prompt that the model cannot have, and for a reranker.
        """
        key = self.route(self.find(name))
        (entry, role), info = self._of(key), self.describe_key(key)
        capacity = info.max_tokens - info.special_tokens
        folder = entry.folder_for(role)
        check_embeds(info)
        if folder is None or entry.is_plugin:
            return self._sizer_of_encoder(key, capacity, prompt)
        folder.check_prompt(prompt)
        from embedingest.engine.folder.tokenizer import ModelSizer

        counter = ModelSizer(str(folder.tokenizer_path), capacity, folder.lowercase, folder.words)
        return replace(counter, capacity=capacity - counter.count(prompt)) if prompt else counter

    def _sizer_of_encoder(self, key: str, capacity: int, prompt: str) -> Sizer:
        encoder = self.open(key)
        try:
            counter = encoder.sizer(capacity)
            return encoder.sizer(capacity - counter.count(prompt)) if prompt else counter
        finally:
            encoder.close()

    def open(self, key: str) -> Encoder:
        """Load a model. Raises ModelLoadError, PluginError."""
        entry, role = self._of(key)
        if entry.packaged is not None and entry.path is not None:
            entry.packaged.check(entry.path)
        config, options = entry.config, self._options(entry.config)
        try:
            with entry.named():
                folder, state = entry.folder_for(role), entry.state
                if folder is None and entry.path is not None:  # a plug-in reads the files by itself
                    config = config.model_copy(update={"path": entry.path})
                name = AUTO if entry.is_second(folder) else config.encoder
                encoder = as_encoder(registry.create("encoders", name, folder, config, options=options))
        except WeightsError as error:
            with self._lock:
                self._damaged[key] = (state, error)
                self._drop(key)
            raise
        except ModelLoadError:
            with self._lock:
                self._drop(key)  # its files are others by now
            raise
        return encoder

    def _options(self, config: ModelConfig) -> Mapping[str, Any]:
        if config.encoder in _THREADED and self._threads is not None:
            return {"threads": self._threads, **config.options}
        return config.options

    def folder(self, key: str) -> ModelFolder | None:
        """The model folder of a key; `None` for an encoder that has none. Raises ModelLoadError."""
        entry, role = self._of(key)
        return entry.folder_for(role)

    def runs(self, key: str) -> RuntimeFacts | None:
        """What runs a model and with which of the gate's figures, as `auto.explain`; `None` for other encoders.

        Loads no weights.
        """
        from embedingest.engine.auto import explain

        entry, role = self._of(key)
        folder = entry.folder_for(role)
        if folder is None or entry.config.encoder not in _THREADED:
            return None
        options = self._options(entry.config)
        return explain(folder, entry.config, threads=options.get("threads"), streams=options.get("streams"))

    def prompts(self, key: str) -> dict[str, tuple[str, str]]:
        """Each prompt of a model by name, with who says it, as `Entry.prompts`. Raises ModelLoadError."""
        entry, _ = self._of(key)
        return entry.prompts(entry.folder())

    def _check_damage(self, key: str, entry: Entry) -> None:
        """Raises ModelLoadError for weights that could not be loaded, as long as the files are the same."""
        with self._lock:
            state, error = self._damaged.get(key, (None, None))
        if error is not None and state == entry.state:
            with entry.named():
                raise ModelLoadError(error.message, remedy=error.remedy)

    def _put(self, entry: Entry) -> None:
        with self._lock:
            self._entries[entry.name.key] = entry
            self._drop(entry.name.key)

    def _of(self, key: str) -> tuple[Entry, str | None]:
        """The entry of a key, and the role whose route it is of; `None` for the model as a whole."""
        key, is_route, role = key.partition(_ROUTE)
        return self._entries[key], role if is_route else None

    def _drop(self, key: str) -> None:
        """What is known of a model and its routes is to be read again."""
        key = key.partition(_ROUTE)[0]
        for known in [known for known in self._infos if known.partition(_ROUTE)[0] == key]:
            del self._infos[known]

    def _info(self, entry: Entry, role: str | None) -> ModelInfo:
        folder = entry.folder_for(role)
        if entry.packaged is not None and entry.path is not None:
            entry.packaged.check(entry.path)
        if folder is None or entry.is_plugin:
            return entry.info_of_encoder(self.open(entry.name.key), folder)
        return entry.info_of_folder(folder, role)


def _tokens_of(key: str) -> str:
    return f"{key}{'' if _ROUTE in key else _ROUTE}{TOKENS}"
