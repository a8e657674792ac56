"""Which folders a table follows, by its journal alone: without the models that check settings, slow to import.

What a run wrote it had checked. Where another version wrote it, or somebody else since, where plug-ins have their say,
or a value comes from the environment, nothing is told here.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeVar

from embedingest.build.journals import forgotten_folders, output_folders
from embedingest.ingest.scan.folders import Folders
from embedingest.paths import absolute, moved
from embedingest.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from embedingest.config import PipelineConfig
    from embedingest.ingest.audit.copied_journal import JournalView
    from embedingest.ingest.scan.roots import RootSettings
    from embedingest.ingest.sources.place import Place
    from embedingest.ingest.state.journal import Journal

__all__ = ["FollowedFolders", "followed_folders", "note_followed"]

_KEY: Final = "followed"
T = TypeVar("T")


class _Source(NamedTuple):
    """One root as the settings have it; see `config/model.py`."""

    path: Path
    alias: str | None
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    gitignore: bool
    hidden: bool
    follow_symlinks: Literal["never", "inside", "always"]


class FollowedFolders:
    """The folders of a table, as one view of its journal tells them."""

    def __init__(
        self,
        view: JournalView,
        sources: Sequence[RootSettings],
        sidecars: Sequence[str],
        outputs: Sequence[Path],
        places: Sequence[Place] = (),
    ) -> None:
        self._view = view
        self._sources = sources
        self._sidecars = sidecars
        self._outputs = outputs
        self._places = places

    def read_journal(self, read: Callable[[Journal], T]) -> T:
        """What `read`, which writes nothing, makes of the journal of the view; of an empty one where it is damaged."""
        return self._view.read(read)

    def folders_of(self, journal: Journal) -> Folders:
        """The folders of the settings, with the aliases that `journal` knows. Raises ConfigError."""
        return Folders.found(self._sources, journal.roots(), self._outputs, self._sidecars, self._places)

    def close(self) -> None:
        """Close the sources that are no folders."""
        for place in self._places:
            place.close()


def note_followed(settings: dict[str, Any], config: PipelineConfig) -> dict[str, Any]:
    """The settings that a run remembers, with the folders of `config` noted for `followed_folders`.

    Not where plug-ins are named or variables have values, of which each look is to hear anew.
    """
    from embedingest.config import FOLDER

    by_plugin = any(source.source != FOLDER for source in config.sources)
    if settings["plugins"] or by_plugin or "${}" in json.dumps(settings):
        return settings
    sources = [
        _Source(
            absolute(source.path), source.alias, source.include, source.exclude, source.gitignore, source.hidden,
            source.follow_symlinks,
        )
        for source in config.sources
    ]  # fmt: skip
    noted = [[str(source.path), *source[1:]] for source in sources]
    return {**settings, _KEY: [_checked(settings), noted, list(config.metadata_rules.sidecar)]}


def followed_folders(view: JournalView, values: Mapping[str, str], state: Path, db: str) -> FollowedFolders | None:
    """The folders of a table, with `values` that people decided; `None` where only the settings themselves tell."""
    noted = _noted(values, state)
    return None if noted is None else FollowedFolders(view, *noted, output_folders(state, db))


def _noted(values: Mapping[str, str], state: Path) -> tuple[list[_Source], list[str]] | None:
    """What `note_followed` noted, without what was forgotten since, and where it lies now."""
    try:
        settings = json.loads(values["settings"])
        checked, noted, sidecars = settings.pop(_KEY)
        if checked != _checked(settings):
            return None
        sources = [_Source(moved(Path(path), settings["state"], state), *rest) for path, *rest in noted]
        forgotten = forgotten_folders(values, state)
    except (KeyError, TypeError, ValueError):
        return None
    return [source for source in sources if str(source.path) not in forgotten], sidecars


def _checked(settings: Mapping[str, Any]) -> str:
    """A sum over settings that this version has checked, and so would let pass again."""
    text = json.dumps([__version__, settings], sort_keys=True)
    return hashlib.blake2s(text.encode(), digest_size=16).hexdigest()
