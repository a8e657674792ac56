"""One registered model: its name, settings and files, and what they tell of it. Reads no weights but their headers."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from embedingest import registry
from embedingest.engine.blame import named
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.folder.tokens import token_dimensions, token_folder
from embedingest.engine.known import known_prompts, library_names
from embedingest.engine.names import ROLES
from embedingest.engine.precision import vector_class
from embedingest.engine.scorer import PairEncoder
from embedingest.errors import ModelLoadError
from embedingest.types import ModelInfo

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from embedingest.config import ModelConfig
    from embedingest.engine.encoder import Encoder
    from embedingest.engine.names import ModelName
    from embedingest.engine.packaged import PackagedModel

__all__ = ["AUTO", "TOKENS", "Entry"]

AUTO: Final = "auto"
"""The encoder of a model folder that names none: torch on a GPU, compiled on a CPU."""

TOKENS: Final = "~"
"""What follows a role where an embedding model's token vectors are meant, and not those of texts; in no name."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue. `is_cached` says that its files are those of the Hugging Face cache."""

    name: ModelName
    config: ModelConfig
    path: Path | None = None
    packaged: PackagedModel | None = None
    is_cached: bool = False

    @property
    def is_plugin(self) -> bool:
        """Whether an encoder of a plug-in runs it, which alone knows its window, vectors and fingerprint."""
        name = self.config.encoder
        return name != AUTO and registry.find("encoders", name).distribution is not None

    @property
    def modified(self) -> float:
        """Seconds since the epoch of the list of modules, else of the settings; 0 where there are none."""
        for file in (Path(__file__),) if self.path is None else (self.path / "modules.json", self.path / "config.json"):
            with contextlib.suppress(OSError):
                return file.stat().st_mtime
        return 0.0

    @property
    def state(self) -> object:
        """What changes when a model's files do: names, sizes and times of change."""
        if self.path is None:
            return ()
        files = []
        with contextlib.suppress(OSError):
            for file in sorted((*self.path.glob("*.json"), *self.path.glob("**/*.safetensors"))):
                stat = file.stat()
                files.append((str(file), stat.st_size, stat.st_mtime_ns))
        return tuple(files)

    def named(self) -> AbstractContextManager[None]:
        """A block whose errors of files say which model it is."""
        is_set = self.config.path is not None and self.packaged is None
        return named(self.name.short, self.path, is_set=is_set, is_ours=not self.is_plugin)

    def is_second(self, folder: ModelFolder | None) -> bool:
        """Whether it gives no vectors of texts, and our own runtimes run it."""
        return folder is not None and folder.kind != "embedding" and not self.is_plugin

    def folder(self) -> ModelFolder | None:
        """The files as a sentence-transformers folder; `None` for a plug-in whose files are of another kind."""
        if self.path is None:
            return None
        # What no encoder of ours runs is what plug-ins are for.
        with contextlib.suppress(*([ModelLoadError] if self.is_plugin else [])):
            folder = ModelFolder.open(self.path, pooling=self.config.pooling, called=self.name.plain)
            return None if folder.routes and self.is_plugin else folder  # no plug-in is told of roles
        return None

    def folder_for(self, role: str | None) -> ModelFolder | None:
        """As `folder`; with a role (`""`: texts of none) what embeds these. Raises ModelLoadError, ConfigError.

        With `TOKENS` after the role it is what gives vectors of tokens.
        """
        folder = self.folder()
        if role is not None and role.endswith(TOKENS):
            return self._tokens(folder, role.removesuffix(TOKENS))
        return folder if folder is None or role is None else folder.for_role(role)

    def _tokens(self, folder: ModelFolder | None, role: str) -> ModelFolder:
        if folder is None or self.is_plugin:
            raise ModelLoadError(
                f"model {self.name.short} is run by encoder `{self.config.encoder}`, which gives no vectors of tokens",
                remedy="name a late interaction model, or an embedding model's folder",
            )
        return token_folder(folder.for_role(role))

    def prompts(self, folder: ModelFolder | None) -> dict[str, tuple[str, str]]:
        """Each prompt by name, with who says it: the `repository`, the `table` of known models, or the `settings`."""
        stated = {} if folder is None else folder.prompts
        known = {} if folder is None or self.is_plugin else known_prompts(self.name, stated)
        found = {name: (text, "repository" if stated.get(name) == text else "table") for name, text in known.items()}
        found |= {name: (text, "repository") for name, text in stated.items() if name not in found}
        return found | {name: (text, "settings") for name, text in self.config.prompts.items()}

    def info_of_folder(self, folder: ModelFolder, role: str | None = None) -> ModelInfo:
        """What the files of a model tell. Raises ModelLoadError.

        With a role (`""`: texts of none) it is of the route that embeds these; else of the model as a whole, which says
        of each role who stands for it.
        """
        from embedingest.engine.folder.pair_prompt import prompt_of
        from embedingest.engine.folder.pairs import PairTemplate
        from embedingest.engine.folder.tokenizer import FastTokenizer
        from embedingest.engine.folder.whole import check_whole

        tokenizer = FastTokenizer.of(folder)
        check_whole(folder, tokenizer)
        fingerprint = folder.whole_fingerprint(vector_class(self.config.precision))
        routes = folder.routes.values() if role is None and folder.routes else (folder,)
        weights = {file: header for route in routes for file, header in route.weights}
        special = tokenizer.special_tokens
        if folder.is_reranker:
            special = PairTemplate.of(tokenizer, prompt_of(folder.modules[-1].config)).special_tokens
        special += bool(folder.modules[-1].config.get("document_prefix"))  # of late interaction
        role = None if role is None else role.removesuffix(TOKENS)
        window = tokenizer.window(folder, self.config.max_tokens)
        if window <= special:
            raise ModelLoadError(f"{folder.path} has a window of {window} tokens, {special} of them special")
        return ModelInfo(
            name=self.name.asked_as(role).short if role else self.name.short,
            fingerprint=fingerprint,
            dimensions=folder.dimensions,
            max_tokens=window,
            context_length=folder.context_length,
            special_tokens=special,
            prompts={name: text for name, (text, _) in self.prompts(folder).items()},
            default_prompt=folder.default_prompt,
            architecture=folder.architecture,
            parameters=sum(header.parameters for header in weights.values()),
            size_bytes=sum(header.size_bytes for header in weights.values()),
            digest=_digest(fingerprint),
            modified_at=folder.modified_at,
            path=str(folder.path),
            aliases=library_names(self.name),
            routes=_routes(folder) if role is None else {},
            kind=folder.kind,
            token_dimensions=token_dimensions(folder),
            pooling=("mean",) if folder.is_static else folder.pooling_modes,
        )

    def info_of_encoder(self, encoder: Encoder, folder: ModelFolder | None) -> ModelInfo:
        """What an encoder tells, which is closed."""
        is_reranker = isinstance(encoder, PairEncoder)
        try:
            return ModelInfo(
                name=self.name.short,
                fingerprint=encoder.fingerprint,
                dimensions=0 if is_reranker else encoder.dimensions,
                max_tokens=encoder.max_tokens,
                context_length=encoder.context_length,
                special_tokens=encoder.special_tokens,
                prompts={name: text for name, (text, _) in self.prompts(folder).items()},
                default_prompt=None if folder is None else folder.default_prompt,
                architecture=self.config.encoder,
                size_bytes=encoder.size_bytes,
                digest=_digest(encoder.fingerprint),
                modified_at=self.modified,
                path=None if self.path is None else str(self.path),
                aliases=library_names(self.name),
                kind="reranker" if is_reranker else "embedding",
            )
        finally:
            encoder.close()


def _routes(folder: ModelFolder) -> dict[str, str]:
    """For each role (`""`: of no role) the one that stands for its modules; none where all roles have the same ones."""
    if len(folder.routes) > len(ROLES) and all(route is folder for route in folder.routes.values()):
        return {}
    roles = sorted(folder.routes, key=lambda role: role == "")
    return {role: next(o for o in roles if folder.routes[o] is route) for role, route in folder.routes.items()}


def _digest(fingerprint: str) -> str:
    return hashlib.sha256(fingerprint.encode()).hexdigest()
