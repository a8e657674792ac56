"""Which deletions a run would let wait for a person, by the same judge. Deletes nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from embedingest.ingest.run.deletions import Guard, RecentDeletions

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from embedingest.ingest.audit.examine import Examined
    from embedingest.ingest.run.resources import Resources
    from embedingest.ingest.run.survey import Survey
    from embedingest.ingest.scan.roots import Root
    from embedingest.ingest.state.journal import FileState

__all__ = ["Outlook"]


class Outlook:
    """What was examined, as far as deletions depend on it. `resources` have a copy of the journal.

    With `allow_deletes` nothing waits.
    """

    def __init__(self, resources: Resources, *, allow_deletes: bool = False) -> None:
        self._journal = resources.journal
        self._journal.unconfirm()  # a yes was to the run that it was said to
        self._share = resources.recipe.config.watch.confirm_share
        self._allow = allow_deletes
        self._now = resources.now()
        self._contents: dict[str, str] = {}
        self._found: set[str] = set()
        self._documents: Counter[str] = Counter()

    def add(self, item: Examined) -> None:
        """One file as it is now, which a run would take up before it deletes anything."""
        before = item.before
        has_rows = item.wanted is not None and bool(item.wanted.rows)
        had_rows = before is not None and before.state in {"done", "unverified"}
        self._documents[item.candidate.root.alias] += has_rows - had_rows
        if before is None or before.content_hash != item.content_hash:
            self._contents[item.candidate.source] = item.content_hash
            if has_rows:
                self._found.add(item.content_hash)

    def waiting(self, surveys: Sequence[tuple[Root, Survey]]) -> frozenset[str]:
        """The sources, of those that each root has lost, whose deletion would wait."""
        guard = Guard(self._journal, RecentDeletions(), share=self._share, allow=self._allow)
        guard.begin([root.alias for root, _ in surveys], self._now)
        waiting: set[str] = set()
        deleted: set[str] = set()
        for root, survey in surveys:
            guard.came_back(root, [*survey.back, *(candidate.source for candidate in survey.candidates)], self._now)
            certain = set(guard.look(root, survey.gone, swept=True))
            states = {source: state for source in survey.gone if (state := self._journal.file(source)) is not None}
            with_rows = [source for source, state in states.items() if state.may_have_rows]
            lost = states.keys() | deleted | self._journal.pending().keys()
            moved = {source for source in with_rows if source in certain and self._has_moved(states[source], lost)}
            counts = self._journal.counts(root.alias)
            documents = counts.get("done", 0) + counts.get("unverified", 0) + self._documents[root.alias]
            verdict = guard.weigh(
                root, [source for source in with_rows if source not in moved], documents=documents - len(moved),
                present=survey.seen,
            )  # fmt: skip
            waiting.update(verdict.wait)
            deleted.update(states.keys() - set(verdict.wait))
        return frozenset(waiting)

    def _has_moved(self, state: FileState, gone: Collection[str]) -> bool:
        """Whether the content of a source that is gone is found under another that is not."""
        content = state.content_hash
        if not content:
            return False
        others = self._journal.has_content(content)
        stays = any(other not in gone and self._contents.get(other, content) == content for other in others)
        return stays or content in self._found
