"""A run over nodes of this process: parts are cut as a test says, each is committed, and what was put back comes again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from embedingest.cluster.claims import ClaimTable
from embedingest.cluster.node import Node
from embedingest.cluster.values import Part, PartFile, PartResult
from embedingest.ingest.run.resources import Resources
from embedingest.ingest.run.survey import survey_root
from embedingest.ingest.scan.ignore import Rules
from embedingest.ingest.scan.roots import Root
from embedingest.ingest.scan.scanner import Scanner
from embedingest.store.fragments import PartCommit, commit_parts, current_version
from tests.ingest.world import World
from tests.waiting import rest

__all__ = ["Driver", "Kept", "assert_same_tables", "driving", "whole_files"]


class Kept:
    """The outcomes of a run, in memory."""

    def __init__(self) -> None:
        self.results: dict[int, PartResult] = {}

    def get(self, part: int) -> PartResult | None:
        return self.results.get(part)

    def keep(self, result: PartResult) -> PartResult:
        return self.results.setdefault(result.number, result)


class Driver:
    """What a driver does, without looking after anybody. `results` are those of all parts that were worked at."""

    def __init__(self, world: World, resources: Resources, **parts: Any) -> None:
        self.world = world
        self.resources = resources
        self.claims = ClaimTable()
        self.kept = Kept()
        self.results: list[PartResult] = []
        self._parts = parts
        self._number = 0
        self._root = Root("docs", world.folder, world.sources[0])
        self._began = 0
        self._nodes: list[Node] = []

    def node(self, *, far: bool = False) -> Node:
        """Another node; `far`: on a machine without the vector cache of this one."""
        opener = self.world.opener(**self._parts)
        node = Node(
            opener, self.world.config, self.claims, self.kept,
            fingerprints=self.resources.recipe.fingerprints, vectors=None if far else opener.vectors_path, now=lambda: self.world.now,
        )  # fmt: skip
        self._nodes.append(node)
        return node

    def files(self) -> list[PartFile]:
        """What is to be read, in the order of sources."""
        rest()
        journal = self.resources.journal
        candidates = survey_root(self._root, Scanner(self.world.folder, Rules.of()), journal).candidates
        return [
            PartFile(candidate, journal.file(candidate.source))
            for candidate in sorted(candidates, key=lambda c: c.source)
        ]

    def part(self, files: Sequence[PartFile]) -> Part:
        """The next part, of the newest version."""
        self.resources.table()
        number, self._number = self._number, self._number + 1
        self._began = self._began or self.version
        return Part(number, self.version, tuple(files))

    @property
    def version(self) -> int:
        return current_version(self.world.db, "chunks")

    def commit(self, *results: PartResult) -> None:
        """Take parts into the table and the journal."""
        parts = [PartCommit(result.number, result.fragments, result.delete_ids) for result in results]
        commit_parts(self.world.db, "chunks", parts, run="run", since=self._began)
        self.resources.record([file.state for result in results for file in result.files if file.state is not None])
        for result in results:
            self.claims.release(result.number)

    def run(
        self,
        split: Callable[[Sequence[PartFile]], Sequence[Sequence[PartFile]]],
        *,
        nodes: int = 1,
        far: bool = False,
        ahead: bool = False,
    ) -> None:
        """Until nothing is put back: parts as `split` cuts them, all of a wave at one version, then one commit.

        With `ahead` each node knows all that come next.
        """
        workers, files = [self.node(far=far) for _ in range(nodes)], self.files()
        while files:
            parts = [self.part(some) for some in split(files) if some]
            for part in parts if ahead else ():
                workers[part.number % nodes].prepare(part)
            results = [workers[part.number % nodes].work(part) for part in parts]
            self.results += results
            self.commit(*results)
            put_back = {file.source for result in results for file in result.files if file.fate == "put_back"}
            assert len(put_back) < len(files), "a wave brought nothing"
            files = [file for file in files if file.candidate.source in put_back]

    def close(self) -> None:
        for node in self._nodes:
            node.close()


@contextlib.contextmanager
def driving(world: World, **parts: Any) -> Iterator[Driver]:
    """A driver over a world; `parts` as in `World.pipeline`, for its nodes."""
    with world.resources() as resources:
        driver = Driver(world, resources, **parts)
        try:
            yield driver
        finally:
            driver.close()


def whole_files(size: int) -> Callable[[Sequence[PartFile]], list[Sequence[PartFile]]]:
    """Parts of so many files, in order."""
    return lambda files: [files[first : first + size] for first in range(0, len(files), size)]


def assert_same_tables(world: World, other: World) -> int:
    """Every column but `ingested_at` is equal, vectors within what the order of a batch may change. The rows."""
    tables = []
    for each in (world, other):
        with contextlib.closing(each.table()) as table:
            whole = table.handle.lance.to_arrow().sort_by("id")
            tables.append(whole)
            assert whole.column("ingested_at").null_count == 0
    one, two = tables
    assert one.schema == two.schema
    assert one.schema.metadata == two.schema.metadata
    for name in one.column_names:
        if name == "vector":
            left, right = (np.stack(whole.column(name).to_numpy(zero_copy_only=False)) for whole in tables)
            np.testing.assert_allclose(
                left.astype(float), right.astype(float), atol=2e-3 if left.dtype == np.float16 else 1e-6
            )
        elif name != "ingested_at":
            assert one.column(name).to_pylist() == two.column(name).to_pylist(), name
    return int(one.num_rows)
