"""A model from the hub into the user's data folder: only what it needs, every byte checked, whole or not at all.

Downloads that were cut short lie in a hidden folder beside the model and are gone on with. One program at a time
fetches a model; others wait for it. Knows the hub and folders; knows no server and no catalogue.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil
from filelock import FileLock, Timeout

from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.folder.reranker import is_classifier
from embedingest.engine.hub.client import Hub
from embedingest.engine.hub.fetch import Step, fetch, patiently, take
from embedingest.engine.hub.problems import DiskError, PullError, disk_error
from embedingest.engine.hub.wanted import CONFIG, MODULES, module_folders, no_modules, settings_of, weights_of
from embedingest.engine.known import near, repository_of, why_not_run
from embedingest.errors import ModelLoadError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from embedingest.engine.hub.repository import HubFile, Repository
    from embedingest.engine.names import ModelName

__all__ = ["PullError", "Step", "pull"]

_SHORTEST_WAIT_SECONDS: Final = 0.25
_SPARE_BYTES: Final = 2**26
_ABANDONED: Final = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)\.[0-9a-f]{8}\.part")


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a model goes: its folder, and beside it what is under way."""

    target: Path

    @property
    def staging(self) -> Path:
        return self.target.with_name(f".{self.target.name}.pull")

    @property
    def model(self) -> Path:
        """The folder that is filled, and then becomes the model."""
        return self.staging / "model"

    @property
    def old(self) -> Path:
        return self.target.with_name(f".{self.target.name}.old")

    @property
    def lock(self) -> Path:
        return self.target.with_name(f".{self.target.name}.lock")

    def partial(self, file: HubFile) -> Path:
        return self.staging / "partial" / file.digest


def pull(name: ModelName, into: Path, *, endpoint: str | None = None) -> Iterator[Step]:
    """Fetch a model into `into/NAMESPACE/MODEL`, saying each step as `/api/pull` does. Raises PullError.

    `endpoint` is another hub's address, for mirrors. What lies there or in the Hugging Face cache and is right is not
    fetched. Closed early, it keeps what came so far for the next pull.
    """
    asked = _on_the_hub(name)
    hub = Hub(endpoint)
    repository = yield from patiently(lambda: hub.repository(asked))
    namespace, _, model = repository.id.partition("/")
    place = _Place(into / namespace / model)
    lock = yield from _locked(place)
    try:
        _clear(place)
        yield from _fill(hub, repository, place)
    except DiskError as error:
        if error.is_full:
            _remove(place.staging)
        raise
    except ModelLoadError as error:
        _remove(place.staging)
        raise PullError(error.message.replace(str(place.model), repository.id), remedy=error.remedy) from error
    finally:
        lock.release()


def _on_the_hub(name: ModelName) -> str:
    repository = repository_of(name)
    if repository is None:
        likely = near(name)
        hint = f"did you mean {', '.join(likely)}? " if likely else ""
        raise PullError(
            f"no model `{name.plain}` is known",
            remedy=f"{hint}any model of the hub is `namespace/model`; `docs/models.md` has the short names",
        )
    if (reason := why_not_run(name)) is not None:
        raise PullError(f"{repository} does not run here: {reason}", remedy="take another model")
    return repository


def _locked(place: _Place) -> Generator[Step, None, FileLock]:
    """The lock of a model, waited for as long as another program fetches it."""
    try:
        place.target.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(place.lock, thread_local=False)  # a server goes on with a pull on another thread
        while True:
            try:
                lock.acquire(timeout=_SHORTEST_WAIT_SECONDS)
            except Timeout:
                yield {"status": "waiting for another program that fetches this model"}
            else:
                return lock
    except OSError as error:
        raise disk_error(place.lock, error) from error


def _fill(hub: Hub, repository: Repository, place: _Place) -> Iterator[Step]:
    """Everything that the model needs, then the model in its place."""
    folders = yield from _folders(hub, repository, place)
    settings = settings_of(folders, repository.files)
    yield from _get(hub, repository, settings, place)
    ModelFolder.open(place.model, weights=False)  # before its weights, which are large
    source, weights = yield from _weights(hub, repository, folders)
    _forget(place, source, repository)
    yield from _get(hub, source, weights, place)
    yield {"status": "verifying sha256 digest"}
    _keep_only(place, {MODULES, *settings, *weights})
    ModelFolder.open(place.model)
    yield {"status": "writing manifest"}
    _put(place)


def _folders(hub: Hub, repository: Repository, place: _Place) -> Generator[Step, None, dict[str, str]]:
    """Each folder of the repository that a module lies in, with its kind. A plain reranker is one Transformer."""
    if MODULES in repository.files:
        yield from _get(hub, repository, [MODULES], place)
        return module_folders(repository.id, _listed(place.model / MODULES), repository.files)
    if CONFIG in repository.files:
        yield from _get(hub, repository, [CONFIG], place)
        if is_classifier(_listed(place.model / CONFIG)):
            return {"": "Transformer"}
    _remove(place.staging)
    raise no_modules(repository.id, repository.files)


def _weights(
    hub: Hub, repository: Repository, folders: dict[str, str]
) -> Generator[Step, None, tuple[Repository, list[str]]]:
    """The weight files, and the commit that has them: where that is another one, the hub's converter made it."""
    try:
        return repository, weights_of(repository.id, folders, repository.files)
    except PullError:
        converted = yield from patiently(lambda: hub.converted(repository))
        if converted is None:
            raise
        weights = weights_of(repository.id, folders, converted.files)
        yield {"status": f"taking the weights that the hub converted to safetensors ({converted.revision[:12]})"}
        return converted, weights


def _get(hub: Hub, repository: Repository, names: list[str], place: _Place) -> Iterator[Step]:
    """Have these files of a commit in the folder that is filled."""
    missing = []
    for name in names:
        file = repository.files[name]
        file = yield from patiently(lambda file=file: hub.stated(repository, file))  # type: ignore[misc]
        if take(repository, file, (place.model, place.target), place.model / name):
            step = {"status": f"pulling {file.digest[:12]}", "digest": file.label, "file": name, "total": file.size}
            yield step | {"completed": file.size}
        else:
            missing.append(file)
    _check_room(place, sum(file.size for file in missing))
    for file in missing:
        yield from fetch(hub, repository, file, place.partial(file), place.model / file.name)


def _check_room(place: _Place, needed: int) -> None:
    """Raises DiskError where the disk has no room for what is to come."""
    have = sum(file.stat().st_size for file in (place.staging / "partial").glob("*"))
    free = shutil.disk_usage(place.target.parent).free
    if needed - have + _SPARE_BYTES > free and needed > have:
        raise DiskError(
            f"{(needed - have) / 1e6:.0f} MB are still to be fetched, and {place.target.parent} has room for "
            f"{free / 1e6:.0f} MB",
            remedy="make room there, or set `EMBEDINGEST_DATA` to a folder that has some",
        )


def _listed(file: Path) -> object:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _forget(place: _Place, *wanted: Repository) -> None:
    """Take away what is left of files that these commits do not have: of an older one."""
    digests = {file.digest for repository in wanted for file in repository.files.values()}
    for path in (place.staging / "partial").glob("*"):
        if path.name not in digests:
            path.unlink(missing_ok=True)


def _keep_only(place: _Place, names: set[str]) -> None:
    """Take away what an earlier pull, of an older commit, put into the folder that is filled."""
    for path in place.model.rglob("*"):
        if path.is_file() and path.relative_to(place.model).as_posix() not in names:
            path.unlink()


def _put(place: _Place) -> None:
    """Let the filled folder become the model, if it is not. In between there is none, never half of one."""
    try:
        if all(_is_same(path, place.target / path.relative_to(place.model)) for path in place.model.rglob("*")):
            return _remove(place.staging)
        _remove(place.old)
        if place.target.is_dir():
            place.target.rename(place.old)
        place.model.rename(place.target)
    except OSError as error:
        raise disk_error(place.target, error) from error
    _remove(place.old)
    return _remove(place.staging)


def _is_same(path: Path, other: Path) -> bool:
    return path.is_dir() or (other.exists() and path.samefile(other))


def _clear(place: _Place) -> None:
    """Take away what programs that were killed left behind, and put back what they had moved aside."""
    try:
        if place.old.is_dir() and not place.target.is_dir():
            place.old.rename(place.target)
    except OSError as error:
        raise disk_error(place.target, error) from error
    for path in place.target.parent.glob(f".{place.target.name[:40]}.*.part"):
        left = _ABANDONED.fullmatch(path.name)
        if left is not None and not psutil.pid_exists(int(left["process"])):
            _remove(path)


def _remove(folder: Path) -> None:
    if folder.is_symlink():
        with contextlib.suppress(OSError):
            folder.unlink()
    shutil.rmtree(folder, ignore_errors=True)
