"""Check out the history of a repository, commit by commit, under a following pipeline, and compare as it goes.

At every few commits, and at the end, the table is compared with a fresh ingest of the working tree: every column
but `ingested_at`, vectors within 1e-4. Without REPOSITORY a history is made up, with edits, renames of files and
folders, copies and deletions. The repository named is cloned; it is not touched.

    python benchmarks/replay.py [REPOSITORY] [--commits 300] [--checks 20] [--model hashing]
"""

import argparse
import contextlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from embedingest.build.pipelines import open_pipeline
from embedingest.build.session import Session
from embedingest.config import Config, PipelineConfig, SourceConfig, WatchConfig
from embedingest.errors import TableMissingError
from embedingest.store.table import open_table

CATCH_UP_SECONDS = 60.0
WORDS = ("amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty", "knoll", "ledge")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repository", nargs="?", type=Path)
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--checks", "--points", type=int, default=20, help="how often the table is compared")
    parser.add_argument("--model", default="hashing")
    parser.add_argument("--settle-ms", type=int, default=100)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="replay-") as base:
        result = replay(Path(base), arguments)
    print(json.dumps(result, indent=2))
    sys.exit(0 if result["equal_at_every_check"] else 1)


def replay(base, arguments):
    tree = base / "tree"
    if arguments.repository is None:
        make_history(tree, arguments.commits)
    else:
        run("git", "clone", "-q", arguments.repository, tree)
    commits = history(tree, arguments.commits)
    changes = count_changes(tree, commits)
    git(tree, "checkout", "-q", "-f", commits[0])
    every = max(1, len(commits) // arguments.checks)
    with Followed(tree, base / "out", arguments) as followed:
        differences, compared = [], 0
        for number, commit in enumerate(commits):
            git(tree, "checkout", "-q", "-f", commit)
            if number % every == every - 1 or number == len(commits) - 1:
                compared += 1
                differs = followed.differs_from_fresh(base / "fresh")
                print(f"commit {number + 1}/{len(commits)}: {differs or 'equal'}", file=sys.stderr)
                differences += [differs] if differs else []
            else:
                time.sleep(0.05)
        return {
            "commits": len(commits),
            **changes,
            "checks": compared,
            "equal_at_every_check": not differences,
            "differences": differences,
            "texts_embedded": followed.embedded,
            "texts_reused": followed.reused,
            "reports": followed.reports,
        }


class Followed:
    """A pipeline that follows the working tree in a thread of this process."""

    def __init__(self, tree, state, arguments):
        self.tree, self.arguments = tree, arguments
        self.state, self.stop = state, threading.Event()
        self.embedded = self.reused = self.reports = 0
        self.error = None
        self.thread = threading.Thread(target=self._run)

    def config(self, state):
        # A commit may well delete more than half of a small repository.
        watch = WatchConfig(settle_ms=self.arguments.settle_ms, confirm_share=1.0)
        source = SourceConfig(path=self.tree, alias="tree")
        pipeline = PipelineConfig(sources=(source,), db=str(state / "lancedb"), model=self.arguments.model, watch=watch)
        return Config(state=state, pipelines={"default": pipeline})

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(60)

    def _run(self):
        session = Session(self.config(self.state))
        try:
            with open_pipeline(session, stop=self.stop) as pipeline:
                for report in pipeline.follow():
                    self.reports += 1
                    self.embedded += report.embedded.texts
                    self.reused += report.embedded.reused
        except BaseException as error:
            self.error = error
        finally:
            session.close()

    def differs_from_fresh(self, state):
        """What differs between the followed table and a fresh one once it has had time to catch up; empty: nothing."""
        session = Session(self.config(state))
        try:
            with open_pipeline(session) as pipeline:
                pipeline.converge()
            wanted = contents(state)
        finally:
            session.close()
            shutil.rmtree(state, ignore_errors=True)
        deadline = time.monotonic() + CATCH_UP_SECONDS
        while True:
            if self.error is not None:
                raise self.error
            differs = difference(contents(self.state), wanted)
            if not differs or time.monotonic() > deadline:
                return differs
            time.sleep(0.2)


def contents(state):
    try:
        table = open_table(str(state / "lancedb"), "chunks", read_consistency_seconds=0)
    except TableMissingError:
        return {}
    with contextlib.closing(table):
        sources = list(table.source_states())
        rows = [row for rows in table.rows(sources).values() for row in rows]
        vectors = table.vectors({row.text_hash for row in rows})
        # `modified_at` is the time of the checkout, which both see alike.
        return {row.id: (row, vectors[row.text_hash]) for row in rows if row.text_hash in vectors}


def difference(have, wanted):
    missing, extra = wanted.keys() - have.keys(), have.keys() - wanted.keys()
    if missing or extra:
        names = sorted({wanted[key][0].source for key in missing} | {have[key][0].source for key in extra})
        return f"{len(missing)} rows missing, {len(extra)} too many, of {', '.join(names[:5])}"
    other = [key for key in wanted if have[key][0] != wanted[key][0]]
    if other:
        fields = wanted[other[0]][0], have[other[0]][0]
        names = [name for name in type(fields[0]).__slots__ if getattr(fields[0], name) != getattr(fields[1], name)]
        return f"{len(other)} rows differ, the first of {fields[0].source} in {', '.join(names)}"
    far = [key for key in wanted if np.abs(have[key][1] - wanted[key][1]).max() > 1e-4]
    return f"{len(far)} vectors differ" if far else ""


def history(tree, most):
    """The last `most` commits of the first-parent line that touch files, oldest first."""
    named = git(tree, "rev-list", "--first-parent", f"--max-count={most}", "HEAD").split()
    return named[::-1]


def count_changes(tree, commits):
    said = git(tree, "log", "--first-parent", "-M", "--name-status", "--format=", f"-{len(commits)}", commits[-1])
    kinds = [line[0] for line in said.splitlines() if line]
    return {
        "edits": kinds.count("M"),
        "added": kinds.count("A"),
        "deleted": kinds.count("D"),
        "renamed": kinds.count("R"),
    }


def make_history(tree, commits):
    chance = random.Random(7)
    run("git", "init", "-q", "-b", "main", tree)
    for number in range(40):
        write(tree / f"part{number % 5}" / f"doc{number}.md", prose(chance, number))
    for number in range(commits):
        for _ in range(chance.randint(1, 4)):
            change(tree, chance, number)
        git(tree, "add", "-A")
        git(tree, "commit", "-q", "--allow-empty", "-m", f"Change {number}")


def change(tree, chance, number):
    files = sorted(path for path in tree.rglob("*.md") if ".git" not in path.parts)
    path = chance.choice(files)
    kind = chance.choices(["edit", "add", "delete", "rename", "folder", "copy"], [6, 3, 1, 2, 1, 1])[0]
    if kind == "edit":
        paragraphs = path.read_text().split("\n\n")
        paragraphs[chance.randrange(len(paragraphs))] = " ".join(chance.choices(WORDS, k=40))
        path.write_text("\n\n".join(paragraphs))
    elif kind == "add":
        write(tree / f"part{chance.randrange(8)}" / f"new{number}x{chance.randrange(999)}.md", prose(chance, number))
    elif kind == "delete" and len(files) > 10:
        path.unlink()
    elif kind == "rename":
        goal = tree / f"moved{chance.randrange(4)}" / path.name
        goal.parent.mkdir(exist_ok=True)
        path.rename(goal)
    elif kind == "folder" and path.parent != tree:
        path.parent.rename(tree / f"folder{number}x{chance.randrange(999)}")
    elif kind == "copy":
        write(tree / f"copy{number}.md", path.read_text())


def prose(chance, number):
    paragraphs = [" ".join(chance.choices(WORDS, k=50)) for _ in range(chance.randint(1, 6))]
    return f"# Document {number}\n\n" + "\n\n".join(paragraphs) + "\n"


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def git(tree, *arguments):
    return run(
        "git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "advice.detachedHead=false", "-C", tree, *arguments
    )


def run(*command):
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
