"""Fetching a model from the hub: its safetensors and settings only, checked before it gets its name.

The only module that reaches for the network, and only when called. Knows no server and no catalogue.
"""

from __future__ import annotations

import fnmatch
import shutil
from typing import TYPE_CHECKING, Any, Final

from embedingest.atomic import new_folder
from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.known import near, repository_of
from embedingest.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from embedingest.engine.names import ModelName

__all__ = ["PullError", "pull"]

_FETCHED: Final = ("*.json", "*.txt", "*.model", "*.safetensors")
_HUB_PACKAGES: Final = ("huggingface_hub", "httpx", "requests", "hf_xet")
_LEFT_OUT: Final = ("onnx/*", "openvino/*", "*.onnx*", "*pytorch*", "*.h5", "*flax*", "tf_*", "rust_*")


class PullError(EngineError):
    """A model could not be fetched, or is none that can be run."""


def pull(name: ModelName, into: Path, *, endpoint: str | None = None) -> Iterator[dict[str, Any]]:
    """Fetch a model into `into/NAMESPACE/MODEL`, saying each step as `/api/pull` does. Raises PullError.

    `endpoint` is another hub's address, for mirrors.
    """
    namespace, _, model = _on_the_hub(name).partition("/")
    target = into / namespace / model
    try:
        yield from _fetch(f"{namespace}/{model}", target, endpoint)
    except EngineError as error:
        raise PullError(error.message, remedy=error.remedy) from error
    except Exception as error:
        # The errors of the hub's client have no common base class.
        if not isinstance(error, OSError) and not type(error).__module__.startswith(_HUB_PACKAGES):
            raise
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise PullError(
            f"{namespace}/{model} cannot be fetched: {reason}",
            remedy="check the name and the network, or copy the model's folder here and name it with `--model`",
        ) from error


def _on_the_hub(name: ModelName) -> str:
    repository = repository_of(name)
    if repository is None:
        likely = near(name)
        hint = f"did you mean {', '.join(likely)}? " if likely else ""
        raise PullError(
            f"no model `{name.short.removesuffix(':latest')}` is known",
            remedy=f"{hint}Any model of the hub is `namespace/model`; `docs/models.md` has the short names",
        )
    return repository


def _fetch(repository: str, target: Path, endpoint: str | None) -> Iterator[dict[str, Any]]:
    from huggingface_hub import HfApi, hf_hub_download

    api = HfApi(endpoint=endpoint)
    info = api.model_info(repository, files_metadata=True, timeout=30)
    files = [f for f in info.siblings or [] if _is_fetched(f.rfilename)]
    if not any(f.rfilename.endswith(".safetensors") for f in files):
        raise PullError(f"{repository} has no safetensors, and weights in other forms may run code")
    with new_folder(target) as folder:
        for file in files:
            digest = (file.lfs.sha256 if file.lfs is not None else file.blob_id) or ""
            step = {"status": f"pulling {digest[:12]}", "digest": f"sha256:{digest}", "total": file.size or 0}
            yield {**step, "completed": 0}
            hf_hub_download(repository, file.rfilename, revision=info.sha, local_dir=folder, endpoint=endpoint)
            yield {**step, "completed": file.size or 0}
        yield {"status": "verifying sha256 digest"}
        shutil.rmtree(folder / ".cache", ignore_errors=True)
        ModelFolder.open(folder)
        yield {"status": "writing manifest"}


def _is_fetched(name: str) -> bool:
    matches = any(fnmatch.fnmatch(name, pattern) for pattern in _FETCHED)
    return matches and not any(fnmatch.fnmatch(name, pattern) for pattern in _LEFT_OUT)
