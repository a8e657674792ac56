"""Which process plays which file, where several share the tests."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from xdist.scheduler import LoadFileScheduling

from tests.depth import DEEP

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xdist.workermanage import WorkerController

__all__ = ["ByPlace", "unmarked"]

SLOW_SECONDS: Final = 5.0

TOGETHER: Final = (
    ()
    if DEEP
    else (
        (
            "tests/engine/",
            "tests/server/routes/test_rerank.py",
            "tests/server/routes/test_roles.py",
            "tests/server/routes/test_sparse.py",
            "tests/server/routes/test_tei.py",
            "tests/server/test_models_of_a_table.py",
            "tests/server/test_reranked_search.py",
            "tests/cli/test_beside.py",
            "tests/cli/test_models.py",
            "tests/cli/test_rerank.py",
            "tests/contract/test_scorers.py",
            "tests/contract/test_seconds.py",
            "tests/ingest/test_beside_folders.py",
            "tests/integrations/test_retrievers.py",
            "tests/test_reranking.py",
        ),
        ("tests/faults/", "tests/cli/test_damage.py"),
    )
)
"""What is dear to begin: it imports torch, or starts the programs of other users and disks."""


def _group(scope: str) -> str | None:
    return next((group[0] for group in TOGETHER if scope.startswith(group)), None)


class ByPlace(LoadFileScheduling):
    """Whole files go to each process, in their order. Each group is begun by one process, which plays it first.

    Others help with it once there is nothing else to do, from its end: what they must begin with costs less than to wait.
    """

    def __init__(self, config: Any, log: Any) -> None:
        super().__init__(config, log)
        self._homes: dict[str, WorkerController] = {}

    def _assign_work_unit(self, node: WorkerController) -> None:
        self.workqueue.move_to_end(self._next_for(node), last=False)
        super()._assign_work_unit(node)

    def _next_for(self, node: WorkerController) -> str:
        groups = {scope: _group(scope) for scope in self.workqueue}
        mine = [scope for scope, group in groups.items() if group and self._homes.get(group) is node]
        if mine:
            return mine[0]
        for scope, group in groups.items():
            if group and group not in self._homes:
                self._homes[group] = node
                return scope
        return next((scope for scope, group in groups.items() if not group), next(reversed(self.workqueue)))


def unmarked(reports: Iterable[Any]) -> list[tuple[str, float]]:
    """Files that took as long as the mark `slow` says and hold no test with it, with their seconds; the dearest first."""
    spent: Counter[str] = Counter()
    marked = set()
    for report in reports:
        file = report.nodeid.partition("::")[0]
        spent[file] += report.duration
        if "slow" in report.keywords:
            marked.add(file)
    return [(file, seconds) for file, seconds in spent.most_common() if seconds > SLOW_SECONDS and file not in marked]
