"""The engine over HTTP, against llama.cpp's server (Ollama's engine) and against itself in process: medians, by turns.

    python benchmarks/serve.py                         every row, about five minutes
    python benchmarks/serve.py --rows batch query      some rows
    python benchmarks/serve.py --quick                 a smoke run of a minute, kept beside the others as "(quick)"

Rows: `batch` (100 texts a request), `query` (ten tokens over one kept connection), `ingest` and `posts` (queries while
the same process ingests a folder, or answers large requests), `clients` (64 at once against one, by `wrk`).
Needs: `pip install xllamacpp gguf` for llama.cpp, and `wrk` on the PATH; a row without its peer says so.
Each row goes to `results/<commit>.json` as soon as it is done.
"""

import argparse
import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from functools import partial
from pathlib import Path

import numpy as np

from embedingest.build.models import open_engine
from embedingest.config import EngineConfig
from embedingest.engine import hardware
from embedingest.engine.gate import compare

import common
import record as records
import texts as corpora
from record import Check

MODEL = "all-minilm"
OURS, IN_PROCESS, LLAMA = "embedingest over HTTP", "embedingest in process", "llama.cpp over HTTP"
BATCH = 100
READY_SECONDS = 120
WARM = 20  # queries that are not counted


class Run:
    """What the rows share: settings, texts, and a source of queries that no other query was alike to."""

    def __init__(self, asked, work):
        self.quick, self.corpus, self.work = asked.quick, asked.corpus, Path(work)
        self.llama_python = asked.llama_python
        self.repeats = 1 if asked.quick else asked.repeats
        self.folder = common.packaged()
        self.tokenizer = self.folder / "tokenizer.json"
        count = 100 if asked.quick else 500
        self.texts = corpora.chunks(asked.corpus, count, self.tokenizer, 256)
        self.words = one_token_words(self.texts, self.tokenizer)
        self.record = records.Record("serve all-MiniLM-L6-v2" + (" (quick)" if asked.quick else ""), asked.results)
        self._chance, self._asked = random.Random(11), set()

    def queries(self, count):
        """Texts of ten tokens, special ones included. None was given out before, so that no cache answers."""
        found = []
        while len(found) < count:
            text = " ".join(self._chance.choices(self.words, k=8))
            if text not in self._asked:
                self._asked.add(text)
                found.append(text)
        return found


def one_token_words(texts, tokenizer_json):
    tokenizer = corpora.whole(tokenizer_json)
    words = sorted({word for text in texts for word in text.lower().split() if word.isascii() and word.isalpha()})
    sizes = [len(found.ids) for found in tokenizer.encode_batch(words, add_special_tokens=False)]
    return [word for word, size in zip(words, sizes, strict=True) if size == 1]


# The other ends


class Client:
    """A light HTTP client on one connection that is kept, and made again where the server ends it."""

    def __init__(self, url):
        self._address = urllib.request.urlparse(url)
        self._host = self._address.netloc.encode()
        self._socket = None
        self._fields = b""

    def post(self, path, body):
        """The body of the answer. Raises RuntimeError for another status than 200."""
        head = b"POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        for fresh in (self._socket is None, True):
            if self._socket is None:
                self._socket = socket.create_connection((self._address.hostname, self._address.port), timeout=300)
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self._socket.sendall(head % (path.encode(), self._host, len(body)) + body)
                return self._answer()
            except ConnectionError:
                self.close()
                if fresh:
                    raise
        raise AssertionError

    def _answer(self):
        head, found = b"", b""
        while not found:
            if not (more := self._socket.recv(65536)):
                raise ConnectionResetError("the server ended the connection")
            head, found, rest = (head + more).partition(b"\r\n\r\n")
        fields = self._fields = head.lower()
        length = int(re.search(rb"\r\ncontent-length: *(\d+)", fields)[1])
        body = bytearray(length)
        body[: len(rest)] = rest
        at, view = len(rest), memoryview(body)
        while at < length:
            if not (more := self._socket.recv_into(view[at:])):
                raise ConnectionResetError("the server ended the connection")
            at += more
        if b"\r\nconnection: close" in fields:
            self.close()
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(f"{head.splitlines()[0].decode()}: {bytes(body[:300])!r}")
        return body

    def stages(self):
        """Milliseconds of each stage of the last answer, as the server tells them."""
        told = re.search(rb"\r\nserver-timing: ([^\r]*)", self._fields)
        return {name.decode(): float(n) for name, n in re.findall(rb"(\w+);dur=([\d.]+)", told[1] if told else b"")}

    def close(self):
        if self._socket is not None:
            self._socket.close()
            self._socket = None


@contextlib.contextmanager
def started(command, said, folder):
    """A program that runs meanwhile, and the words that `said` finds in what it writes. Ended with SIGTERM."""
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONUNBUFFERED": "1",
                   "PYTHONPATH": str(records.HERE.parent)}  # fmt: skip
    out = folder / "out"
    with out.open("wb") as file:
        # In a session of its own, so that Ctrl-C ends this program first and this program ends the other.
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=file, stderr=subprocess.STDOUT, cwd=folder, env=environment,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process, waited(lambda: re.search(said, out.read_text("utf-8", "replace")), process, out)[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.stdin.close()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def waited(found, process, out):
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if answer := found():
            return answer
        if process.poll() is not None:
            raise RuntimeError(f"ended with {process.returncode}: {out.read_text('utf-8', 'replace')[-1500:]}")
        time.sleep(0.05)
    raise RuntimeError(f"not ready after {READY_SECONDS} s: {out.read_text('utf-8', 'replace')[-1500:]}")


@contextlib.contextmanager
def ours(run, *command):
    """This engine over HTTP, as a user starts it: `serve`, or the command given. Ready, with its model loaded."""
    with tempfile.TemporaryDirectory(dir=run.work) as folder:
        kept = ["--db", f"{folder}/lancedb", "--state", f"{folder}/state", "--model", MODEL, "--port", "0"]
        program = [sys.executable, "-m", "embedingest", *(command or ("serve",)), *kept]
        with started(program, r"(http://127\.0\.0\.1:\d+)", Path(folder)) as (process, url):
            waited(lambda: ready(url), process, Path(folder) / "out")
            yield url, Path(folder) / "out"


def ready(url):
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextlib.contextmanager
def llama(run, *, parallel=1):
    """llama.cpp's server over the same weights in half precision, on all cores."""
    program = records.HERE.parent / "tests" / "oracle" / "llama.py"
    command = [run.llama_python, program, run.folder, run.work / "all-minilm-f16.gguf", "--f16",
               "--threads", hardware.cores(), "--parallel", parallel]  # fmt: skip
    with tempfile.TemporaryDirectory(dir=run.work) as folder:
        with started([str(word) for word in command], r"address (http://\S+)\n", Path(folder)) as (_, url):
            yield url


def our_body(texts):
    return json.dumps({"model": MODEL, "input": texts}).encode()


def their_body(texts):
    return json.dumps({"input": texts}).encode()


def our_vectors(body):
    return np.array(json.loads(body)["embeddings"], dtype=np.float32)


def their_vectors(body):
    return np.array([row["embedding"] for row in json.loads(body)["data"]], dtype=np.float32)


# Rows


def batch(run):
    """Tokens a second over HTTP in requests of 100 texts, by turns."""
    batches = [run.texts[start : start + BATCH] for start in range(0, len(run.texts), BATCH)]
    figures = {"texts": len(run.texts), "batch": BATCH, "seconds": {OURS: [], LLAMA: []}}
    with contextlib.ExitStack() as held:
        url, _ = held.enter_context(ours(run))
        us = Client(url)
        answers = [json.loads(us.post("/api/embed", our_body(texts))) for texts in batches]
        tokens = sum(answer["prompt_eval_count"] for answer in answers)
        contestants = {OURS: (us, "/api/embed", [our_body(texts) for texts in batches])}
        try:
            them, figures["llama_parallel"] = best_llama(run, held, batches[0])
            theirs = their_vectors(them.post("/v1/embeddings", their_body(batches[0])))
            contestants[LLAMA] = (them, "/v1/embeddings", [their_body(texts) for texts in batches])
            mine = np.array(answers[0]["embeddings"], dtype=np.float32)
            figures["cosine"] = compare(mine, theirs).as_dict()
            print(f"  cosine between the two: {figures['cosine']}", flush=True)
        except Exception as error:
            figures["left_out"] = left_out(LLAMA, error)
        for number in range(run.repeats):
            for name, (client, path, bodies) in contestants.items():
                began = time.perf_counter()
                for body in bodies:
                    client.post(path, body)
                spent = time.perf_counter() - began
                figures["seconds"][name].append(spent)
                print(f"  round {number + 1} of {run.repeats}  {tokens / spent:9,.0f} tokens/s  {name}", flush=True)
    rates = {name: tokens / statistics.median(spent) for name, spent in figures["seconds"].items() if spent}
    figures |= {"tokens": tokens, "tokens_per_second": rates}
    run.record.told("batch", figures, [
        Check("tokens/s in batches of 100 against llama.cpp's server", rates[OURS] / rates[LLAMA], 5.0)
    ] if LLAMA in rates else [])  # fmt: skip


def best_llama(run, held, pilot):
    """A client of llama.cpp's server with the number of slots that answers one batch fastest."""
    tried = []
    for parallel in (1, 4):
        with llama(run, parallel=parallel) as url:
            client = Client(url)
            client.post("/v1/embeddings", their_body(pilot[:10]))
            began = time.perf_counter()
            client.post("/v1/embeddings", their_body(pilot))
            tried.append((time.perf_counter() - began, parallel))
            client.close()
        print(f"  pilot {tried[-1][0]:6.2f} s  llama.cpp with {parallel} slots", flush=True)
    parallel = min(tried)[1]
    return Client(held.enter_context(llama(run, parallel=parallel))), parallel


def query(run, block=10):
    """Milliseconds of one query of ten tokens over one kept connection, by turns in blocks, no two alike."""
    texts = run.queries(WARM + (40 if run.quick else 300))
    figures = {"queries": len(texts) - WARM}
    with contextlib.ExitStack() as held:
        engine = held.enter_context(open_engine(EngineConfig(keep_alive=-1)))
        us = Client(held.enter_context(ours(run))[0])
        answers = {
            IN_PROCESS: lambda text: engine.embed([text], model=MODEL).vectors,
            OURS: lambda text: us.post("/api/embed", our_body(text)),
        }
        try:
            them = Client(held.enter_context(llama(run)))
            answers[LLAMA] = lambda text: them.post("/v1/embeddings", their_body(text))
            figures["cosine"] = compare(
                our_vectors(answers[OURS](texts[0])), their_vectors(answers[LLAMA](texts[0]))
            ).as_dict()
        except Exception as error:
            figures["left_out"] = left_out(LLAMA, error)
        taken = {name: [] for name in answers}
        for start in range(0, len(texts), block):
            for name, answer in answers.items():
                time.sleep(0.05)  # until the threads of whoever was asked before have stopped spinning
                spent = [milliseconds(answer, text) for text in texts[start : start + block]]
                taken[name] += spent if start >= WARM else []
    found = {name: quantiles(spent) for name, spent in taken.items()}
    for name, of in found.items():
        print(f"  p50 {of['p50']:6.2f} ms  p95 {of['p95']:6.2f} ms  p99 {of['p99']:6.2f} ms  {name}", flush=True)
    over = found[OURS]["p50"] - found[IN_PROCESS]["p50"]
    checks = [Check("p50 of a 10-token query, above in process", over, 1.0, at_most=True, unit="ms")]
    if LLAMA in found:
        ratio = found[OURS]["p50"] / found[LLAMA]["p50"]
        checks.append(Check("p50 of a 10-token query against llama.cpp's server", ratio, 0.7, at_most=True))
    run.record.told("query", {**figures, "milliseconds": found, "above_in_process_ms": over}, checks)


def ingest(run):
    """Queries while `watch --serve` ingests a folder of real files in the same process."""
    documents = run.work / "documents"
    size = written(run.corpus, documents, 2_000_000 if run.quick else 8_000_000)
    with ours(run, "watch", str(documents), "--serve", "--json") as (url, out):
        until = time.monotonic() + READY_SECONDS
        while counted(url) == 0 and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(2.0)
        spent, stages, rate = asked_meanwhile(run, url)
        # With --json the first line on standard output is the report of the finished ingest.
        ended = '{"files"' in out.read_text("utf-8", "replace")
    if ended:
        raise RuntimeError(f"the ingest of {size / 1e6:.0f} MB ended before the queries did: name a larger --corpus")
    beside(run, "ingest", "p95 of a query while an ingest runs in the same process", spent, stages, rate)


def posts(run):
    """Queries while another client posts large requests, one after the other."""
    body = our_body(run.texts)
    over = threading.Event()

    def bulk(url, failed):
        client = Client(url)
        try:
            while not over.is_set():
                client.post("/api/embed", body)
        except Exception as error:
            failed.append(error)

    with ours(run) as (url, _):
        failed = []
        thread = threading.Thread(target=bulk, args=(url, failed), daemon=True)
        thread.start()
        try:
            time.sleep(2.0)
            spent, stages, rate = asked_meanwhile(run, url)
        finally:
            over.set()
            thread.join(timeout=60)
    if failed:
        raise failed[0]
    beside(run, "posts", f"p95 of a query while {len(run.texts)} texts a request are answered", spent, stages, rate)


def asked_meanwhile(run, url):
    """Milliseconds of queries at irregular moments, whole and by stage, and the tokens a second computed meanwhile."""
    client, chance, spent, stages = Client(url), random.Random(3), [], {}
    texts = run.queries(30 if run.quick else 200)
    client.post("/api/embed", our_body(run.queries(1)[0]))
    before, began = counted(url), time.perf_counter()
    for number, text in enumerate(texts):
        time.sleep(chance.uniform(0.01, 0.1))
        spent.append(milliseconds(lambda text: client.post("/api/embed", our_body(text)), text))
        for stage, took in client.stages().items():
            stages.setdefault(stage, []).append(took)
        if number % 50 == 49:
            print(f"  {number + 1} queries, p50 so far {statistics.median(spent):.1f} ms", flush=True)
    return spent, stages, (counted(url) - before) / (time.perf_counter() - began)


def counted(url):
    """Tokens the model has computed, padding included."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as answer:
        return sum(float(n) for n in re.findall(rb"scheduler_padded_tokens_total\{.*?\} (\S+)", answer.read()))


def beside(run, row, what, spent, stages, rate):
    found = quantiles(spent)
    print(f"  p50 {found['p50']:6.2f} ms  p95 {found['p95']:6.2f} ms  p99 {found['p99']:6.2f} ms, "
          f"{rate:,.0f} tokens/s of bulk meanwhile (padding included)", flush=True)  # fmt: skip
    if rate < 100:
        raise RuntimeError("no bulk work ran meanwhile")
    parts = {stage: quantiles(took) for stage, took in stages.items()}
    print("  of which p95: " + ", ".join(f"{stage} {of['p95']:.1f} ms" for stage, of in parts.items()), flush=True)
    figures = {
        "queries": len(spent),
        "milliseconds": found,
        "stages": parts,
        "worst_ms": max(spent),
        "padded_tokens_per_second": rate,
    }
    run.record.told(row, figures, [Check(what, found["p95"], 150.0, at_most=True, unit="ms")])


def written(corpus, folder, most):
    """Real files of up to `most` bytes; without a corpus, the modules of Python's own library. Answers their size."""
    folder.mkdir()
    if corpus is None:
        root = Path(os.__file__).parent
        found = (f.read_text("utf-8", "ignore") for f in sorted(root.rglob("*.py")) if "site-packages" not in f.parts)
        suffix = "py"
    else:
        found, suffix = corpora.documents(corpus), "txt"
    size = 0
    for number, text in enumerate(found):
        if size > most:
            break
        (folder / f"{number:05}.{suffix}").write_text(text, "utf-8")
        size += len(text)
    return size


LUA = """
local words = {%s}
math.randomseed(%d)
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
request = function()
  local text = {}
  for i = 1, 8 do text[i] = words[math.random(#words)] end
  return wrk.format(nil, nil, nil, '{"model":"%s","input":"' .. table.concat(text, " ") .. '"}')
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('figures {"requests": %%d, "seconds": %%f, "p50_ms": %%f, "p99_ms": %%f, "failed": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
"""


def clients(run, many=64):
    """Requests a second of 64 clients with one short text each, against one client in sequence, by turns."""
    if shutil.which("wrk") is None:
        raise RuntimeError(
            "this row needs `wrk` on the PATH (`apt install wrk`): a load generator in C whose bodies vary"
        )
    seconds, found = 2 if run.quick else 8, {1: [], many: []}
    with ours(run) as (url, _):
        loaded(run, url, many, 2, seed=1)
        before = counted(url)
        for number in range(run.repeats):
            for connections in (1, many):
                figures = loaded(run, url, connections, seconds, seed=100 + 10 * number + connections)
                rate = figures["requests"] / figures["seconds"]
                found[connections].append({**figures, "requests_per_second": rate})
                print(f"  round {number + 1} of {run.repeats}  {rate:7,.0f} requests/s  p50 {figures['p50_ms']:6.2f} ms  "
                      f"p99 {figures['p99_ms']:6.2f} ms  {connections} connections", flush=True)  # fmt: skip
        computed = counted(url) - before
    answered = sum(figures["requests"] for of in found.values() for figures in of)
    if computed < 8 * answered:  # special tokens are not counted there
        raise RuntimeError(f"{answered} texts of ten tokens took {computed:.0f} tokens: a cache answered")
    rates = {n: statistics.median(figures["requests_per_second"] for figures in of) for n, of in found.items()}
    check = Check("requests/s of 64 clients against one", rates[many] / rates[1], 2.0)
    run.record.told("clients", {"runs": found, "requests_per_second": rates, "computed_tokens": computed}, [check])


def loaded(run, url, connections, seconds, *, seed):
    script = run.work / "load.lua"
    script.write_text(LUA % (", ".join(f'"{word}"' for word in run.words), seed, MODEL))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script)]
    done = subprocess.run([*command, f"{url}/api/embed"], capture_output=True, text=True)
    if (told := re.search(r"figures (\{.*\})", done.stdout)) is None:
        raise RuntimeError(f"wrk ended with {done.returncode}: {done.stdout[-500:]} {done.stderr[-500:]}")
    figures = json.loads(told[1])
    if figures["failed"] or not figures["requests"]:
        raise RuntimeError(f"{figures['failed']} of {figures['requests']} requests failed")
    return figures


# What they use


def milliseconds(action, text):
    began = time.perf_counter()
    action(text)
    return 1e3 * (time.perf_counter() - began)


def quantiles(found):
    ordered = sorted(found)
    return {f"p{share}": ordered[min(len(ordered) - 1, len(ordered) * share // 100)] for share in (50, 95, 99)}


def left_out(name, error):
    reason = f"{type(error).__name__}: {str(error).strip().splitlines()[-1] if str(error).strip() else ''}"
    print(f"  {name} left out: {reason}", flush=True)
    return {name: reason}


ROWS = {"query": query, "batch": batch, "ingest": ingest, "posts": posts, "clients": clients}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", nargs="+", choices=tuple(ROWS), default=tuple(ROWS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few texts, one round")
    parser.add_argument(
        "--llama-python", default=sys.executable, help="python of an environment with xllamacpp and gguf"
    )
    parser.add_argument("--results", type=Path, default=records.RESULTS, help="folder of the result files")
    corpora.corpus_option(parser)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-serve-") as work:
        run = Run(asked, work)
        return records.run(run.record, {row: partial(ROWS[row], run) for row in asked.rows})


if __name__ == "__main__":
    sys.exit(main())
