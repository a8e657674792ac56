"""The walk of a run over several nodes: they bring parts of its files into fragments, and one commit takes in many.

Neither texts nor vectors pass through here. Everything is counted and recorded as the walk of one process does it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from embedingest.cluster.adoption import adopt
from embedingest.cluster.attempts import lost_document
from embedingest.cluster.commits import Commits
from embedingest.cluster.parts import PartBounds, cut, share_of
from embedingest.cluster.runs import RunTable, begun, made_by, unfinished
from embedingest.cluster.under_way import UnderWay
from embedingest.cluster.values import FileResult, PartFile, PartProgress, PartResult
from embedingest.cluster.waves import Waves
from embedingest.ingest.forecast import Work
from embedingest.ingest.run.file_queue import FileQueue
from embedingest.ingest.run.outcome import is_gone
from embedingest.ingest.run.planner import Planner
from embedingest.ingest.run.progress import Standing
from embedingest.ingest.run.walk_seam import Stopped
from embedingest.store.fragments import current_version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from embedingest.cluster.commits import Ended
    from embedingest.cluster.launcher import Launcher, NodeDied, NodeOpener
    from embedingest.cluster.runs import Run
    from embedingest.cluster.values import Part
    from embedingest.config import RunConfig
    from embedingest.ingest.report import IngestReport
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Candidate
    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.state.journal import FileState

__all__ = ["Cluster", "ClusterWalk"]

_WAIT_SECONDS: Final = 0.1


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a run over several nodes is started with.

    `launcher` makes who runs the nodes, `opener` what opens one for the run of this name and for models of these
    fingerprints (`Recipe.fingerprints`). `guard` raises where the table may not be written any more.
    """

    launcher: Callable[[], Launcher]
    opener: Callable[[str, Mapping[str, str]], NodeOpener]
    guard: Callable[[], None]
    settings: RunConfig


class ClusterWalk:
    """Brings table and journal to what the files say that are added, on the nodes of `cluster`; see `FileWalk`."""

    def __init__(self, resources: Resources, report: IngestReport, cluster: Cluster) -> None:
        self._resources = resources
        self._report = report
        self._cluster = cluster
        self._files = FileQueue()
        self._taken_bytes = 0
        self._planner = Planner(resources.recipe, lambda sources: resources.table().rows(sources), now=resources.now)
        self._waves = Waves()
        settings = cluster.settings
        self._commits = Commits(
            resources, report, most_parts=settings.commit_parts, seconds=settings.commit_seconds, guard=cluster.guard
        )
        self._parts: UnderWay | None = None
        self._resting = False
        self.vanished: list[Candidate] = []
        self.failed: list[str] = []

    # -- in and out

    def add(self, candidates: Sequence[Candidate]) -> None:
        self._files.add(candidates)

    def rest(self) -> None:
        self._resting = True

    def doubt(self, root: Root, folders: Collection[str], found: Collection[str]) -> None:
        self._files.doubt(root, folders, found)

    def expect_gone(self, sources: Iterable[str]) -> dict[str, int]:
        states = [state for source in sources if (state := self._resources.journal.file(source)) is not None]
        self._planner.gone.expect(states)
        return {state.source: state.size for state in states if state.may_have_rows}

    def awaits(self, size: int) -> bool:
        return self._files.holds(size)

    @property
    def backlog(self) -> bool:
        return self._files.waiting > 0

    @property
    def expects_texts(self) -> bool:
        return False  # nodes embed, and load the model themselves

    @property
    def urgent(self) -> bool:
        return False

    @property
    def moved(self) -> Collection[str]:
        return self._planner.gone.moved

    @property
    def noticed(self) -> Collection[str]:
        return self._commits.noticed

    @property
    def total(self) -> int:
        return self._files.total + len(self._waves)

    def standing(self) -> Standing:
        files, (ended, chunks, size) = self._files, self._commits.ready
        whole = PartProgress(0) if self._parts is None else self._parts.progress
        size += whole.bytes
        read = files.bytes_finished + size
        work = Work(files.bytes_total + self._waves.bytes, read, max(0, self._taken_bytes - read))
        done = files.finished + ended + whole.files
        return Standing(done, self.total, files.bytes_finished, chunks + whole.chunks, size, work, whole.tokens)

    # -- the loop

    def run(self, inbox: Callable[[], None]) -> None:
        inbox()
        if self._resting or not self._files.waiting:
            return
        run = self._begun()
        for ended in adopt(run, self._files):
            self._taken_bytes += sum(file.candidate.file.facts.size for file in ended.part.files)
            self._arrived(ended, ())
        self._write(run)  # before others may claim the same texts
        if self._files.waiting:
            self._with_nodes(run, inbox)
        run.end()

    def _with_nodes(self, run: Run, inbox: Callable[[], None]) -> None:
        self._resources.prepare_cache()
        launcher = self._cluster.launcher()
        try:
            launcher.start(self._cluster.opener(run.id, self._resources.recipe.fingerprints), self._resources.stop)
            self._report.nodes = launcher.nodes
            attempts = self._cluster.settings.attempts
            self._parts = parts = UnderWay(launcher, run, attempts=attempts, give_up=self._given_up)
            self._drive(run, parts, launcher.nodes, inbox)
        finally:
            self._parts = None
            launcher.close()

    def _drive(self, run: Run, parts: UnderWay, nodes: int, inbox: Callable[[], None]) -> None:
        while True:
            if self._resources.stop.is_set():
                self._stop(run, parts)
            inbox()
            self._feed(parts, nodes)
            if not parts:
                self._commit(run, parts)
                if self._resting or not self._files.waiting:
                    return
                continue
            self._receive(run, parts)
            if self._commits.due or (len(self._waves) and self._commits.affordable):
                self._commit(run, parts)
            self._resources.progress.tell("ingest", self._report, self)

    def _stop(self, run: Run, parts: UnderWay) -> None:
        """Wait some time for the parts that nodes have, and write those that end. Raises Stopped."""
        parts.no_more()
        deadline = time.monotonic() + self._cluster.settings.grace_seconds
        while parts and time.monotonic() < deadline:
            self._receive(run, parts)
            self._resources.progress.tell("ingest", self._report, self)
        self._commit(run, parts)
        raise Stopped

    def _feed(self, parts: UnderWay, nodes: int) -> None:
        most = PartBounds(self._cluster.settings.part_bytes, self._cluster.settings.part_files)
        while self._files.waiting and parts.free and not self._resting:
            if len(self._waves) > parts.files > 0:
                return  # most of what would be handed over now had to wait for the same texts
            bounds = share_of(
                most,
                waiting_bytes=max(0, self._files.bytes_total - self._taken_bytes),
                waiting_files=self._files.waiting,
                nodes=nodes,
                handed_over=parts.handed_over,
            )
            if files := cut(self._take, bounds):
                parts.hand_over(files)

    def _take(self) -> PartFile | None:
        while self._files.waiting:
            candidate = self._files.take()
            if candidate is None:
                continue
            self._taken_bytes += candidate.file.facts.size
            if not self._files.doubts(candidate):
                return PartFile(candidate, self._resources.journal.file(candidate.source))
            self.vanished.append(candidate)
            self._files.done(candidate)
        return None

    def _receive(self, run: Run, parts: UnderWay) -> None:
        for ended in parts.wait(_WAIT_SECONDS):
            self._arrived(ended, parts.not_over)
        if parts.error is not None:
            self._commit(run, parts)  # what has ended is whole, and stays done
            raise parts.error

    def _arrived(self, ended: Ended, not_over: Collection[int]) -> None:
        candidates = {file.candidate.source: file.candidate for file in ended.part.files}
        put_back = []
        files = []
        for file in ended.result.files:
            candidate = candidates[file.source]
            if file.state is not None:
                files.append(self._as_counted(file, file.state))
                continue
            if file.fate == "vanished":
                self._files.done(candidate)
                self.vanished.append(candidate)
            else:
                self._files.put_back(candidate)
                self._taken_bytes -= candidate.file.facts.size
                put_back.append(candidate)
        self._waves.put_back(put_back, not_over)
        self._commits.add(ended.part, ended.result._replace(files=tuple(files)))

    def _as_counted(self, file: FileResult, state: FileState) -> FileResult:
        """A new file, unless its content is that of one that is gone: no node knows of those."""
        if state.state == "failed":
            self.failed.append(file.source)
        if file.outcome == "new" and self._planner.gone.found_again(state.content_hash):
            return file._replace(outcome="moved")
        return file

    def _given_up(self, part: Part, death: NodeDied) -> PartResult:
        """What becomes of the only file of a part that killed its nodes."""
        candidate, before = part.files[0]
        planned = self._planner.plan_failed(candidate, before, lost_document(candidate.source, death))
        gone = tuple(planned.difference.gone)
        file = FileResult(candidate.source, planned.state, "stored", planned.outcome, deleted=len(gone))
        return PartResult(part.number, (file,), delete_ids=gone)

    def _commit(self, run: Run, parts: UnderWay) -> None:
        parts.committed(self._write(run), run.version)
        parts.release_over()
        self._files.add(self._waves.take(parts.not_over))

    def _write(self, run: Run) -> list[int]:
        """Write what has ended; answers the numbers of its parts."""
        ended = self._commits.commit(run)
        for part, result in ended:
            candidates = {file.candidate.source: file.candidate for file in part.files}
            for file in result.files:
                candidate = candidates[file.source]
                if self._files.doubts(candidate) or is_gone(candidate):
                    # It went while it was under way, when nobody could yet know that it had rows to delete.
                    self.vanished.append(candidate)
                self._files.done(candidate)
        return [result.number for _, result in ended]

    # -- beginning

    def _begun(self) -> Run:
        """The run that goes on, or a new one; makes the table where there is none."""
        self._resources.table()
        recipe = self._resources.recipe
        table = RunTable(str(recipe.config.db), recipe.config.table)
        made = made_by(recipe)
        version = current_version(table.db, table.name)
        return unfinished(table, version, made) or begun(table, version, made)
