"""What may have to be done: the files of a scan against the journal. Reads no file's content.

A file whose stat facts are those of the journal needs nothing; any other is a candidate to be read.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from embedingest.ingest.extract.reading import Job
from embedingest.ingest.identity import below, speller
from embedingest.ingest.notices import Tally
from embedingest.ingest.remedies import FOLDER_REMEDY, with_remedy
from embedingest.ingest.report import Failure
from embedingest.ingest.run.known_files import KnownFiles, KnownItems
from embedingest.ingest.scan.ignore import IGNORE_FILES
from embedingest.ingest.scan.listing import FoundFile, SkippedPath
from embedingest.ingest.state.journal import stat_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from embedingest.ingest.scan.listing import Finder
    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.state.journal import Journal, Known

__all__ = ["Candidate", "Survey", "rescanned", "survey_missed", "survey_paths", "survey_root"]

_log = logging.getLogger(__name__)
_STAT_FACTS: Final = 4
"""The first facts of a file, which the journal remembers: size, mtime, ctime, inode."""

_UNCHANGED: Final = {"done": "unchanged", "skipped": "skipped", "empty": "empty"}
"""The counter of a file that is as the journal knows it, by its state there."""


class Candidate(NamedTuple):
    """A file to read. `urgent` ones (`FileQueue` says which) go before the backlog; it has been read `tries` times.

    `misses` is how often in a row it was there, and not as it was found once it was to be read.
    """

    root: Root
    source: str
    file: FoundFile
    urgent: bool = False
    tries: int = 0
    misses: int = 0

    def job(self, known_hash: str = "") -> Job:
        """What its reading takes; see `Job`."""
        file = self.file
        return Job(
            root=self.root.where,
            relative=file.relative,
            source=self.source,
            size=file.facts.size,
            known_hash=known_hash,
            link=file.link,
            links=self.root.config.follow_symlinks,
            listed=file.listed,
        )


@dataclass(slots=True)
class Survey:
    """The outcome for one root or some paths below it.

    `counts` are files in states that need nothing (`unchanged`, `skipped`, `empty`, `failed`), `gone` sources that
    are no longer there, `back` those whose deletion waits and that are there again, `seen` how many files are.
    `skipped` are paths that are not taken, and that the journal never hears of. `excluded` counts what rules
    leave out, where the whole root was looked at. `unseen` says why, for each source that could not be looked into.
    """

    candidates: list[Candidate] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: {"unchanged": 0, "skipped": 0, "empty": 0, "failed": 0})
    seen: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: Tally = field(default_factory=Tally)
    excluded: dict[str, int] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)


def survey_root(
    root: Root,
    scanner: Finder,
    journal: Journal,
    *,
    due: frozenset[str] = frozenset(),
    found: list[FoundFile] | None = None,
) -> Survey:
    """Everything under one root. `due` are failed sources to be tried again; every file is added to `found`."""
    known = KnownItems(journal, root.alias) if root.place else KnownFiles(journal, root.alias)
    survey = Survey()
    scanned = scanner.scan(excluded=survey.excluded)
    blind = _compare(root, scanned if found is None else _noted(scanned, found), known.take, survey, due=due)
    lost = known.rest()
    survey.back = _not_among(lost, [source for source in journal.pending() if root.holds(source)])
    survey.gone = [source for source in lost if not _hidden(source, blind)]
    return survey


def survey_paths(
    root: Root, scanner: Finder, journal: Journal, relatives: Iterable[str], *, due: frozenset[str] = frozenset()
) -> Survey:
    """Some paths below a root, files or folders, present or not; a folder stands for its whole subtree.

    Of a source that is no folder they are keys, each for itself: there may be items `a` and `a/b`.
    """
    if root.place:
        return _survey_items(root, scanner, journal, relatives, due)
    survey, outermost = Survey(), _outermost(rescanned(relative) for relative in relatives)
    # All files together: a scan of its own for each would read the ignore files above it again.
    items = scanner.scan_paths(filter(None, outermost))
    files = {relative: item for relative, item in items if isinstance(item, FoundFile)}
    pending = journal.pending()
    for relative in outermost:
        if not relative:
            return survey_root(root, scanner, journal, due=due)
        sources = journal.below(root.source(relative))
        known = {source: fact for source in sources if (fact := journal.known_file(source)) is not None}
        waiting = known.keys() & pending.keys()
        blind = _compare(root, _scanned(scanner, relative, files), _taken_from(known), survey, due=due)
        survey.back += waiting - known.keys()
        survey.gone += [source for source in known if not _hidden(source, blind)]
    return survey


def survey_missed(root: Root, scanner: Finder, journal: Journal, missed: Iterable[Candidate]) -> Survey:
    """Files that were not there as they were found, looked for again; the misses of each are counted on."""
    misses = {candidate.file.relative: candidate.misses + 1 for candidate in missed}
    survey = survey_paths(root, scanner, journal, misses)
    survey.candidates = [
        candidate._replace(misses=misses.get(candidate.file.relative, 0)) for candidate in survey.candidates
    ]
    return survey


def _survey_items(root: Root, scanner: Finder, journal: Journal, keys: Iterable[str], due: frozenset[str]) -> Survey:
    survey, relatives = Survey(), sorted(set(keys))
    sources = [root.source(relative) for relative in relatives]
    known = {source: fact for source in sources if (fact := journal.known_file(source)) is not None}
    waiting = known.keys() & journal.pending().keys()
    items = (item for _, item in scanner.scan_paths(relatives) if item is not None)
    blind = _compare(root, items, _taken_from(known), survey, due=due)
    survey.back += waiting - known.keys()
    survey.gone += [source for source in known if not _hidden(source, blind)]
    return survey


def _taken_from(known: dict[str, Known]) -> Callable[[str], Known | None]:
    return lambda source: known.pop(source, None)


def _not_among(lost: list[str], sources: list[str]) -> list[str]:
    away = set(lost) if sources else ()
    return [source for source in sources if source not in away]


def _noted(scanned: Iterable[FoundFile | SkippedPath], found: list[FoundFile]) -> Iterator[FoundFile | SkippedPath]:
    for item in scanned:
        if isinstance(item, FoundFile):
            found.append(item)
        yield item


def _scanned(scanner: Finder, relative: str, files: dict[str, FoundFile]) -> Iterable[FoundFile | SkippedPath]:
    """What a scan of one path gives; a file that was found already need not be looked for again."""
    file = files.get(relative)
    return scanner.scan(relative) if file is None else (file,)


def _compare(
    root: Root,
    scanned: Iterable[FoundFile | SkippedPath],
    take: Callable[[str], Known | None],
    survey: Survey,
    *,
    due: frozenset[str],
) -> list[str]:
    """Sort what was scanned into `survey`; `take` tells what is known of each file, and that it is there.

    Answers the sources of folders that could not be looked into: nothing below them counts as gone.
    """
    blind: list[str] = []
    counts, name = survey.counts, speller(root.alias)
    seen = 0
    for item in scanned:
        if isinstance(item, SkippedPath):
            _skip(root, item, survey, blind)
            continue
        relative, facts = item[:2]
        seen += 1
        # Ten thousand files pass here in an unchanged run.
        source = name(relative)
        before = take(source)
        if before is None:
            survey.candidates.append(Candidate(root, source, item))
            continue
        settled, state = before[5:]
        same = settled and (before[1:5] == facts[:_STAT_FACTS] or before[1:5] == stat_facts(facts))
        if same and state in _UNCHANGED:
            counts[_UNCHANGED[state]] += 1
        elif same and state == "failed" and source not in due:
            counts["failed"] += 1
            survey.failed.append(source)
        else:
            survey.candidates.append(Candidate(root, source, item))
    survey.seen += seen
    return blind


def _skip(root: Root, path: SkippedPath, survey: Survey, blind: list[str]) -> None:
    source = root.source(path.relative)
    if path.subtree and path.reason != "missing":
        blind.append(source)
        listed = path.reason != "unlisted"  # else the message has its own way out
        survey.unseen[source] = with_remedy(path.message, FOLDER_REMEDY) if listed else path.message
    if path.reason == "unlisted":
        survey.failures.append(Failure(source, "transient", path.message))
    elif path.reason == "unreadable":
        survey.failures.append(Failure(source, "transient", with_remedy(path.message, FOLDER_REMEDY)))
    elif path.reason in {"missing", "away"}:
        _log.warning("%s", path.message)
    else:
        survey.seen += 1
        survey.counts["skipped"] += 1
        survey.skipped.count({path.reason: 1}, 1)
        survey.skipped.name(source, {path.reason: 1}, path.message)
        _log.info("%s is skipped: %s", source, path.message)


def _hidden(source: str, blind: list[str]) -> bool:
    return any(source == prefix or source.startswith(below(prefix)) for prefix in blind)


def rescanned(relative: str) -> str:
    """The path to scan for a change at `relative`: a changed ignore file concerns its whole folder."""
    folder, _, name = relative.rpartition("/")
    return folder if name in IGNORE_FILES else relative


def _outermost(relatives: Iterable[str]) -> list[str]:
    """These paths without those that lie below another. The root itself is the empty path."""
    paths = set(relatives)
    if "" in paths:
        return [""]
    return sorted(path for path in paths if not any(above in paths for above in _above(path)))


def _above(relative: str) -> Iterator[str]:
    while "/" in relative:
        relative = relative.rpartition("/")[0]
        yield relative
