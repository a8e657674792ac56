"""Real clients against a real server: `python tests/clients/run.py`, with the interpreter that has embedingest.

Every client gets an environment of its own under `build/clients/`, made on the first run and kept for the next.
Needs pip, node and npm, and the registries they are configured for. Ends with 1 if any client fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "clients"

PYTHON = {
    "ollama_client.py": ("ollama==0.6.3",),
    "openai_client.py": ("openai==3.54.0",),
    "langchain_client.py": ("langchain-ollama==1.1.0",),
    "llama_index_client.py": ("llama-index-embeddings-ollama==0.10.0",),
    "lancedb_client.py": ("lancedb==0.40.0", "ollama==0.6.3"),
}
NODE = {"ollama_client.mjs": ("ollama@0.6.4",), "openai_client.mjs": ("openai@6.49.0",)}


def python_environment(script: str, packages: tuple[str, ...]) -> list[str]:
    """The command that runs a client in its own environment."""
    folder = BUILD / script.removesuffix(".py")
    python = folder / "bin" / "python"
    if _outdated(folder, packages):
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages]
        subprocess.run(pip, check=True)
        _mark(folder, packages)
    return [str(python), str(HERE / "python" / script)]


def node_environment(script: str, packages: tuple[str, ...]) -> list[str]:
    """The same for npm: the scripts are copied beside their `node_modules`."""
    folder = BUILD / f"npm-{script.removesuffix('.mjs')}"
    if _outdated(folder, packages):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true, "type": "module"}')
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", *packages], cwd=folder, check=True)
        _mark(folder, packages)
    for source in (script, "common.mjs"):
        shutil.copy(HERE / "node" / source, folder / source)
    return ["node", script]


def _outdated(folder: Path, packages: tuple[str, ...]) -> bool:
    mark = folder / ".made"
    return not mark.is_file() or mark.read_text() != " ".join(packages)


def _mark(folder: Path, packages: tuple[str, ...]) -> None:
    (folder / ".made").write_text(" ".join(packages))


def main() -> int:
    """Make the environments, start one server, run every client against it."""
    sys.path.insert(0, str(ROOT))
    from embedingest.config import EngineConfig, ServerConfig
    from embedingest.engine.local import LocalEngine
    from embedingest.server.app import create_app
    from embedingest.server.run import HttpServer

    commands = [(python_environment(s, p), ROOT) for s, p in PYTHON.items()]
    commands += [(node_environment(s, p), BUILD / f"npm-{s.removesuffix('.mjs')}") for s, p in NODE.items()]
    engine, settings = LocalEngine(EngineConfig()), ServerConfig(port=0)
    server = HttpServer(create_app(engine, settings), settings)
    server.start()
    environment = {**os.environ, "EMBEDINGEST_URL": server.url, "PYTHONDONTWRITEBYTECODE": "1"}
    failed = [c for c, at in commands if subprocess.run(c, cwd=at, env=environment, timeout=300).returncode]
    server.stop()
    engine.close()
    print(f"{len(commands) - len(failed)} of {len(commands)} clients are answered as they expect", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
