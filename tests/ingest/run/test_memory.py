"""What documents say of themselves, copied into every row, costs the main process no memory to speak of."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.depth import only_deep

if TYPE_CHECKING:
    from pathlib import Path

_MOST_MIB = 600

# Ingests a folder in a process of its own; prints the peak of its memory over that at rest, after a first small run.
_PROGRAM = """
import json, sys, threading, psutil, embedingest
process, peak, done = psutil.Process(), 0, threading.Event()

def watch():
    global peak
    while not done.wait(0.01):
        peak = max(peak, process.memory_info().rss)

if __name__ == "__main__":
    small, folder, db = sys.argv[1:]
    embedingest.ingest(small, db=db + "-small", model="hashing")
    rest = process.memory_info().rss
    watcher = threading.Thread(target=watch)
    watcher.start()
    report = embedingest.ingest(folder, db=db, model="hashing", load={"max_chunks": 5000})
    done.set()
    watcher.join()
    print(json.dumps({"mib": (peak - rest) / 2**20, "new": report.files.new, "failed": [failure.error for failure in report.failures]}))
"""


@only_deep
@pytest.mark.slow
def test_no_hostile_document_fills_the_memory(tmp_path: Path) -> None:
    folder, small = tmp_path / "docs", tmp_path / "small"
    folder.mkdir()
    small.mkdir()
    small.joinpath("a.md").write_text("# Head\n\nwords")
    words = "".join(f"word{number} some text here. " for number in range(20_000))
    documents = {
        "heading": f"# {'H' * 1_000_000}\n\n{words}",
        "title": f"---\ntitle: {'v' * 1_000_000}\n---\n{words}",
        "front": f"---\nk: {'v' * 1_000_000}\n---\n{words}",
        "keys": "---\n" + "\n".join(f"key{number}: {'v' * 900}" for number in range(400)) + f"\n---\n{words}",
        "setext": f"{'H' * 1_000_000}\n===\n\n{words}",
    }
    for name, text in documents.items():
        # Each its own words: what is stored twice is embedded once, and would be over too soon.
        folder.joinpath(f"{name}.md").write_text(text.replace("some text", f"some {name}"))
    folder.joinpath("headings.md").write_text("".join(f"# h{n}\n\n{'x ' * 310}\n\n" for n in range(5001)))
    program = tmp_path / "measure.py"
    program.write_text(_PROGRAM)
    done = subprocess.run(
        [sys.executable, program, small, folder, tmp_path / "db"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
        cwd=tmp_path,
    )
    measured = json.loads(done.stdout.splitlines()[-1])
    assert measured["new"] == len(documents)
    [failed] = measured["failed"]
    assert failed.startswith("docs/headings.md is too large: 5,001 chunks, and a file may have 5,000; part it into")
    assert measured["mib"] < _MOST_MIB
