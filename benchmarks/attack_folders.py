"""Attacks on the program by what lies on the disk: documents, rules, its own state, and those who change it meanwhile."""

import contextlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from attack_common import MOST_INGEST_MIB, STARTED, Outcome, embedingest, environment
from attack_documents import DOCUMENTS, LIMIT, LIMIT_TOKENS, aliases, write

HEALTHY = "# A healthy note\n\nThe walrus sleeps on the ice number {}.\n"
CONTROLS = [*range(1, 9), 11, 12, *range(14, 27), *range(28, 32)]


class Ingest:
    """`embedingest run --once` over a folder, in a process of its own; `peak` is that of its main process's memory in MiB."""

    def __init__(self, base, docs, *, seconds=5.0, archives=True, tokens=None):
        config = {
            "state": "state",
            "pipelines": {"docs": {
                "sources": [{"path": str(docs)}], "model": "hashing", "db": "state/lancedb",
                "load": {"timeout_seconds": seconds, "workers": 2, **({"loaders": {"*.zip": "archive", "*.tar*": "archive"}} if archives else {})},
                "metadata_rules": {"sidecar": ["{name}.meta.yaml"]}, **({"chunk": {"max_tokens": tokens}} if tokens else {}),
            }},
        }  # fmt: skip
        (base / "once.json").write_text(json.dumps(config))
        command = [sys.executable, "-m", "embedingest", "run", "--once", "--json", "once.json"]
        self.error = base / "error.txt"
        with self.error.open("w") as error, (base / "report.json").open("w") as out:
            self.process = subprocess.Popen(command, cwd=base, env=environment(base), stdout=out, stderr=error)
        STARTED.append(self.process)
        self.base, self.peak = base, 0.0
        self._weigher = threading.Thread(target=self._weigh, daemon=True)
        self._weigher.start()

    def _weigh(self):
        main = psutil.Process(self.process.pid)
        while True:
            try:
                self.peak = max(self.peak, main.memory_info().rss / 2**20)
            except psutil.Error:
                return
            time.sleep(0.02)

    def workers(self):
        return psutil.Process(self.process.pid).children(recursive=True)

    def wait(self, seconds):
        """The report once it has ended; `None` when it did not, and was killed."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return None
        text = (self.base / "report.json").read_text()
        try:
            found = json.loads(text)
        except json.JSONDecodeError:
            return None
        return found.get("docs", found)


def room(base, name):
    folder = base / name
    (folder / "docs").mkdir(parents=True)
    return folder


SIDECARS = (
    f"k: {'v' * 5_000_000}", f"c: 0x{'f' * 5000}", f"c: {'9' * 5000}", "a: " + "[" * 20_000, 'a: "\\ud800"\n"\\0": \n? [1]\n: 2', "[" * 100_000,
    "".join(f"k{number}: v\n" for number in range(200_000)), aliases(20), "d: 99999-99-99\nt: 1:59:59:59", "a: !!python/object/apply:os.system [id]", "\x00\xff",
)  # fmt: skip


def _rest(folder, docs):
    """The main process's memory after a first small run; its table is gone again."""
    rest = Ingest(folder, docs)
    rest.wait(60)
    shutil.rmtree(folder / "state")
    return rest.peak


def _healthy(docs):
    for number in range(20):
        (docs / f"healthy {number}.md").write_text(HEALTHY.format(number))


def documents(base, seconds):
    """All hostile documents with healthy ones among them, in one run: each fails alone or is read, within the memory."""
    folder = room(base, "documents")
    docs = folder / "docs"
    _healthy(docs)
    for number, text in enumerate(SIDECARS):
        (docs / f"healthy {number}.md.meta.yaml").write_bytes(text.encode("latin-1"))
    rest = _rest(folder, docs)
    size = sum(write(docs, name) for name in DOCUMENTS)
    began = time.monotonic()
    run = Ingest(folder, docs)
    report = run.wait(seconds)
    took = time.monotonic() - began
    error = run.error.read_text(errors="replace")
    name = f"A1, C19 {len(DOCUMENTS)} documents ({size / 1e6:.0f} MB), {len(SIDECARS)} sidecars"
    if report is None:
        happened = f"not done after {took:.0f} s, or no report: {error[-200:]!r}"
        return _documents(name, happened, False, run.peak - rest)
    failed = {failure["source"].partition("!/")[0] for failure in report["failures"]}
    sick = [source for source in failed if "healthy" in source]
    seen, ended = report["files"]["seen"], run.process.returncode
    taken = sum(count for outcome, count in report["files"].items() if outcome != "seen")
    good = not sick and seen == taken == len(DOCUMENTS) + 20 and "Traceback" not in error and ended in (0, 1)
    kinds = Counter(failure["kind"] for failure in report["failures"])
    happened = f"{seen} files, {taken} told of, {len(failed)} failed ({dict(kinds)}), {took:.0f} s, ended with {ended}"
    return _documents(name, happened + (f"; {sick}" if sick else ""), good, run.peak - rest)


def _documents(name, happened, good, memory):
    return Outcome(name, "every file read or failed alone", happened, good, memory=memory, most_memory=MOST_INGEST_MIB)


def limit(base):
    """One document of as many chunks as a file may have, with a title, headings and facts of its own in each row."""
    folder = room(base, "limit")
    docs = folder / "docs"
    _healthy(docs)
    rest = _rest(folder, docs)
    size = write(docs, "limit.md")
    run = Ingest(folder, docs, seconds=60.0, tokens=LIMIT_TOKENS)
    report = run.wait(240)
    chunks = report["chunks"]["new"] if report else 0
    good = report is not None and report["files"]["failed"] == 0 and chunks >= LIMIT
    name = f"A1 a document of {LIMIT} chunks ({size / 1e6:.0f} MB)"
    return _documents(name, f"{chunks} chunks stored", good, run.peak - rest)


RULES = {
    "stars": "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b\n", "folders": "**/a/**/a/**/a/**/a/**/a/**/b\n", "sets": "[a-z]*[a-z]*[a-z]*[a-z]*[a-z]*[!a-z]b\n",
    "questions": "?*?*?*?*?*?*?*?*?*?*b\n", "a long line": "a" * 1_000_000 + "*b\n", "100 000 lines": "".join(f"*a{n}*b\n" for n in range(100_000)),
    "slashes": "\\" * 9999 + "\n", "brackets": "[" * 9999 + "\n", "bytes": "\xff\xfe\x00*\x00\n",
    "2 MB": "a\n" * 1_000 + "#" * 2_000_000,
}  # fmt: skip


GIT = {
    ".git/info/exclude": RULES["stars"],
    ".git/config": f'[core]\n\texcludesFile = rules\n[include]\n\tpath = config\n[x "{" " * 100_000}\n{"#" * 100_000}\n',
    ".git/rules": RULES["folders"] + RULES["sets"],
    ".git/HEAD": "ref: refs/heads/main\n",
}
TOO_LONG = {"100 000 lines", "2 MB"}


def rules(base):
    """Ignore rules that take for ever to match, or to read. Too many of them are not read, and nothing below them is taken."""
    folder = room(base, "rules")
    for name, text in RULES.items():
        below = folder / "docs" / name
        deep = below.joinpath(*["a"] * 30)
        deep.mkdir(parents=True)
        (below / ".gitignore").write_bytes(text.encode("latin-1"))
        (below / ("a" * 200 + ".txt")).write_text(f"words of the document {name}")
        (deep / "c.txt").write_text(f"words of the deep document {name}")
    for name, text in GIT.items():
        path = folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    began = time.monotonic()
    report = Ingest(folder, folder / "docs", archives=False).wait(120)
    took = time.monotonic() - began
    taken, told = (report["files"]["new"], len(report["failures"])) if report else (None, None)
    good = (taken, told) == (2 * (len(RULES) - len(TOO_LONG)), len(TOO_LONG)) and took < 60
    happened = f"{taken} files in {took:.1f} s, {told} rule files told"
    return Outcome(
        f"A2 {len(RULES)} ignore files, and git's own", "all others taken, soon; too long ones told", happened, good
    )


def killed_workers(base):
    """Workers are killed from outside while they work: no healthy file is marked as failed."""
    folder = room(base, "workers")
    docs = folder / "docs"
    for number in range(300):
        (docs / f"{number}.md").write_text(f"# Note {number}\n\n" + f"Words of note {number} about the ice. " * 400)
    run, killed = Ingest(folder, docs, archives=False), 0
    ends = time.monotonic() + 60
    while killed < 4 and time.monotonic() < ends and run.process.poll() is None:
        for child in run.workers():
            if any("ingest.extract.process" in word for word in child.cmdline()):
                os.kill(child.pid, (signal.SIGKILL, signal.SIGTERM)[killed % 2])
                killed += 1
                break
        time.sleep(0.4)
    report = run.wait(120)
    files = report["files"] if report else {}
    happened = f"{killed} killed, {files.get('new')} new, {files.get('failed')} failed"
    return Outcome(
        "A5 killed workers", "300 new, 0 failed", happened, files.get("new") == 300 and files.get("failed") == 0
    )


def small_table(base, name):
    folder = room(base, name)
    for number in range(5):
        (folder / "docs" / f"{number}.md").write_text(HEALTHY.format(number))
    done = embedingest(folder, "ingest", "docs", "-m", "hashing")
    assert done.returncode == 0, done.stderr
    return folder


def damaged_journal(base):
    """A journal with damaged bytes: who reads goes on without it, who writes makes it again."""
    folder = small_table(base, "journal")
    journal = next(path for path in (folder / ".embedingest").glob("chunks-*.sqlite"))
    data = bytearray(journal.read_bytes())
    data[100 : len(data) : 97] = b"\xff" * len(range(100, len(data), 97))
    journal.write_bytes(data)
    done = [
        embedingest(folder, *words)
        for words in (
            ["search", "walrus", "-m", "hashing"],
            ["ingest", "docs", "-m", "hashing"],
            ["verify", "--repair"],
            ["status"],
        )
    ]
    codes = [one.returncode for one in done]
    good = codes == [0] * 4 and not any("Traceback" in one.stderr for one in done)
    yield Outcome("A6 a damaged journal", "search, ingest, verify, status go on", str(codes), good)


def _cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


DAMAGES = {
    "cut data": ("data/*", _cut), "cut version": ("_versions/*", _cut), "cut text index": ("_indices/*/*", _cut),
    "missing data file": ("data/*", Path.unlink), "missing text index": ("_indices/*/*", Path.unlink),
}  # fmt: skip


def damaged_tables(base):
    """Tables with damaged or missing files: told by those who read, without a traceback, and mended by the way named."""
    with ThreadPoolExecutor(2) as threads:
        yield from threads.map(lambda what: _damaged_table(base, what), DAMAGES)


def _damaged_table(base, what):
    pattern, damage = DAMAGES[what]
    folder = small_table(base, f"table {what}")
    table = next((folder / ".embedingest" / "lancedb").glob("chunks*.lance"))
    files = [path for path in table.glob(pattern) if path.is_file()]
    for path in files:
        damage(path)
    told = [embedingest(folder, *words) for words in (["status"], ["search", "walrus"], ["verify"])]
    shown = [one.returncode for one in told]
    traces = any("Traceback" in one.stderr for one in told)
    way = ("verify", "--repair") if "index" in what else ("rebuild",)
    mended = embedingest(folder, *way)
    after = embedingest(folder, "search", "walrus")
    good = bool(files) and not traces and after.returncode == 0 and "walrus" in after.stdout and any(shown)
    traced = ", a traceback" if traces else ""
    happened = f"status, search, verify {shown}{traced}; {way[0]} {mended.returncode}, search {after.returncode}"
    return Outcome(f"C20 a {what}", "told, and mended by the way that is named", happened, good)


def swapped_links(base):
    """A file is swapped for a link to a secret outside, again and again, while the folder is read."""
    folder = room(base, "links")
    docs, secret = folder / "docs", folder / "secret.txt"
    secret.write_text("the password of the ice is TUSK")
    for number in range(40):
        (docs / f"{number}.txt").write_text("plain words " * 50)
    ended = threading.Event()

    def swap():
        while not ended.is_set():
            for number in range(40):
                path, aside = docs / f"{number}.txt", docs / f".aside{number}"
                aside.unlink(missing_ok=True)
                if number % 2 == int(time.monotonic() * 50) % 2:
                    aside.symlink_to(secret)
                else:
                    aside.write_text(f"plain words {time.monotonic()}")
                os.replace(aside, path)

    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        codes = [embedingest(folder, "ingest", "docs", "-m", "hashing", "--allow-deletes").returncode for _ in range(4)]
    finally:
        ended.set()
        swapper.join()
    leaked = subprocess.run(
        ["grep", "-rlsa", "TUSK", str(folder / ".embedingest")], capture_output=True, text=True
    ).stdout
    return Outcome(
        "A7 links swapped while read",
        "the secret is nowhere",
        f"{'found' if leaked else 'not found'} in 4 runs, {codes}",
        not leaked,
    )


def terminal(base):
    """Text and names that drive a terminal reach none."""
    folder = small_table(base, "terminal")
    name = "sky\x1b[2J\x9b31m[bold].md"
    (folder / "docs" / name).write_text(
        "# Head \x1b]0;TITLE\x07\n\nthe walrus \x1b[31mRED \x1b]52;c;ZQ==\x07 \x08\x08 ice\n"
    )
    embedingest(folder, "ingest", "docs", "-m", "hashing")
    out, (ours, theirs) = b"", pty.openpty()
    command = [sys.executable, "-m", "embedingest", "search", "walrus"]
    with subprocess.Popen(command, cwd=folder, env=environment(folder), stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        with contextlib.suppress(OSError):  # how the end of a terminal is told
            while part := os.read(ours, 65536):
                out += part
    os.close(ours)
    bad = [code for code in (b"\x1b]0;", b"\x1b[2J", b"\x1b]52", b"\x07", b"\x08", b"\xc2\x9b") if code in out]
    return Outcome(
        "L text that drives a terminal",
        "spelled out",
        "spelled out" if not bad else f"raw: {bad}",
        not bad and b"walrus" in out,
    )


def configurations(base):
    """`extends` of what is no configuration; nothing of it is quoted, nothing waits for ever."""
    folder = room(base, "config")
    (folder / "secret").write_text("root:x:0:0:TUSK\n: [\n")
    os.mkfifo(folder / "fifo")
    (folder / "large.yaml").write_bytes(b"a: " + b"x" * 50_000_000)
    (folder / "again.yaml").write_text("extends: again.yaml\n")
    (folder / "link.yaml").symlink_to(folder / "secret")
    wrong = []
    for target in (
        "secret",
        "fifo",
        "/dev/zero",
        "large.yaml",
        "again.yaml",
        "link.yaml",
        "../../../../etc/passwd",
        "/proc/self/mem",
        "docs",
    ):
        (folder / "c.yaml").write_text(f"extends: {target}\n")
        try:
            done = embedingest(folder, "config", "check", "c.yaml", timeout=30)
        except subprocess.TimeoutExpired:
            wrong.append((target, "waits"))
            continue
        if done.returncode != 2 or "TUSK" in done.stdout + done.stderr or "Traceback" in done.stderr:
            wrong.append((target, done.returncode))
    yield Outcome("C18 extends", "refused, nothing quoted", "so" if not wrong else f"not {wrong}", not wrong)
    done = embedingest(folder, "serve", "--api-key", "", "--port", "0", timeout=30)
    yield Outcome("C14 an empty key", "refused", str(done.returncode), done.returncode == 2)
    code = "import embedingest\ntry:\n    print(len(embedingest.embed('one string', model='hashing').vectors))\nexcept TypeError:\n    print('TypeError')"
    done = subprocess.run([sys.executable, "-c", code], env=environment(folder), capture_output=True, text=True)
    yield Outcome(
        "B13 embed('one string')",
        "one vector or a TypeError",
        done.stdout.strip(),
        done.stdout.strip() in ("1", "TypeError"),
    )
