"""A folder under watch, and what is said of it."""

from __future__ import annotations

from pathlib import Path

from embedingest.ingest.scan.ignore import Rules
from embedingest.ingest.scan.scanner import Scanner
from embedingest.ingest.watch.watcher import Watcher
from tests.waiting import until

SETTLE = 0.05


class Watched:
    """A folder under watch, and what was said of it since `said` was last called."""

    def __init__(self, root, **settings):
        self.root = Path(root)
        self.notices = []
        rules = Rules.of(**settings.pop("rules", {}))
        settings = {"settle_ms": int(SETTLE * 1000), "poll_ms": 50, "on_notice": self.notices.append, **settings}
        self.watcher = Watcher([Scanner(root, rules)], **settings)

    def __enter__(self):
        self.watcher.start()
        assert self.said() == [""], "a sweep comes first"
        return self

    def __exit__(self, *_):
        self.watcher.close()

    def said(self, *expected):
        """The paths of the batches until all expected ones are covered, else until one came and all is quiet."""
        seen = set()

        def enough():
            batches = self.watcher.get(timeout=4 * SETTLE if not expected else 0.5)
            for batch in batches:
                seen.update({""} if batch.sweep else batch.files | batch.folders)
            return all(covers(seen, path) for path in expected) if expected else seen or not batches

        until(enough, f"a batch that covers {expected}")
        return sorted(seen)

    def state(self):
        return next(iter(self.watcher.watching().values()))


def covers(seen, path):
    return "" in seen or any(path == one or path.startswith(one + "/") for one in seen)
