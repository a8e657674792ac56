"""Real clients against a real server: `python tests/clients/run.py`, with the interpreter that has embedingest.

Every client gets an environment of its own under `build/clients/`, made on the first run and kept for the next.
Needs pip, node and npm, and the registries they are configured for. Programs that are no packages (a JDK, curl with
HTTP/2) are tried where the machine has them, and else skipped by name. Ends with 1 if any client fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, STDOUT

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from tests.environments import is_made, note_made, python_in  # noqa: E402 -- found once the path is there

BUILD = ROOT / "build" / "clients"

PYTHON = {
    "ollama_client.py": ("ollama==0.6.3",),
    "openai_client.py": ("openai==3.54.0",),
    "langchain_client.py": ("langchain-ollama==1.1.0", "langchain-cohere==0.6.0"),
    "langchain_openai_client.py": ("langchain-openai==1.7.4", "bpe-openai==0.1.4"),
    "llama_index_client.py": ("llama-index-embeddings-ollama==0.10.0",),
    "lancedb_client.py": ("lancedb==0.40.0", "ollama==0.6.3"),
    "litellm_client.py": ("litellm==1.110.2",),
    "haystack_client.py": ("haystack-ai==3.4.1", "ollama-haystack==7.0.2", "cohere-haystack==11.0.0"),
    "chroma_client.py": ("chromadb==1.5.9", "ollama==0.6.3", "openai==3.54.0"),
    "rerank_client.py": (
        *("cohere==6.1.0", "llama-index-postprocessor-tei-rerank==0.6.0", "langchain-community==0.4.2"),
        "llama-index-postprocessor-cohere-rerank==0.10.0",
    ),
    "tei_clients.py": (
        *("tei-client==0.2.4", "huggingface-hub==1.33.0", "numpy==2.4.6"),
        "llama-index-embeddings-text-embeddings-inference==0.6.0",
    ),
    "semantic_kernel_client.py": ("semantic-kernel==1.45.0", "ollama==0.6.3"),
}
NODE = {"ollama_client.mjs": ("ollama@0.6.4",), "openai_client.mjs": ("openai@6.49.0",)}
PROGRAMS = {
    "java": (["java", "--list-modules"], "jdk.compiler", ["java", str(HERE / "java" / "HttpClientTrial.java")]),
    "curl": (["curl", "--version"], "HTTP2", [sys.executable, str(HERE / "python" / "curl_client.py")]),
}
"""For each program how it says what it can do, the word that must be there, and the command of its trial."""
TEXT = "why is the sky blue?"


def python_environment(script: str, packages: tuple[str, ...]) -> list[str]:
    """The command that runs a client in its own environment."""
    return [str(python_in(BUILD / script.removesuffix(".py"), packages)), str(HERE / "python" / script)]


def node_environment(script: str, packages: tuple[str, ...]) -> list[str]:
    """The same for npm: the scripts are copied beside their `node_modules`."""
    folder = BUILD / f"npm-{script.removesuffix('.mjs')}"
    if not is_made(folder, packages):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "package.json").write_text('{"private": true, "type": "module"}')
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", *packages], cwd=folder, check=True)
        note_made(folder, packages)
    for source in (script, "common.mjs"):
        shutil.copy(HERE / "node" / source, folder / source)
    return ["node", script]


def can(question: list[str], word: str) -> bool:
    """Whether a program of this machine is there and has what its trial needs."""
    if shutil.which(question[0]) is None:
        return False
    done = subprocess.run(question, capture_output=True, text=True)
    return done.returncode == 0 and word in done.stdout


def commands() -> tuple[list[tuple[list[str], Path]], list[str]]:
    """What is run where, its environments made two at a time; and which programs this machine lacks."""
    with ThreadPoolExecutor(2) as threads:
        python = list(threads.map(python_environment, PYTHON, PYTHON.values()))
        node = list(threads.map(node_environment, NODE, NODE.values()))
    found = [(command, ROOT) for command in python]
    found += [(command, BUILD / f"npm-{command[-1].removesuffix('.mjs')}") for command in node]
    skipped = []
    for name, (question, word, command) in PROGRAMS.items():
        if can(question, word):
            found.append((command, ROOT))
        else:
            skipped.append(name)
            print(f"{name}: skipped, `{' '.join(question)}` names no {word} on this machine", flush=True)
    return found, skipped


def main() -> int:
    """Make the environments, start one server, run every client against it."""
    from embedingest.config import EngineConfig, ModelConfig, ServerConfig
    from embedingest.engine.local import LocalEngine
    from embedingest.server.app import create_app
    from embedingest.server.run import HttpServer
    from tests.engine import cross

    began = time.monotonic()
    clients, skipped = commands()
    made = time.monotonic() - began
    reranker = cross.save(
        "bert", Path(tempfile.mkdtemp(prefix="embedingest-clients-")) / "tiny-reranker", layout="listed"
    )
    engine = LocalEngine(EngineConfig(), {"tiny-reranker": ModelConfig(path=reranker, device="cpu")})
    settings = ServerConfig(port=0)
    expected = ",".join(map(str, engine.embed([TEXT], model="all-minilm").vectors[0].tolist()))
    server = HttpServer(create_app(engine, settings), settings)
    told = ServerConfig(port=0, token_ids="cl100k_base")
    with_ids = HttpServer(create_app(engine, told), told)
    server.start()
    with_ids.start()
    environment = {
        **os.environ,
        "EMBEDINGEST_URL": server.url,
        "EMBEDINGEST_IDS_URL": with_ids.url,
        "EMBEDINGEST_EXPECTED": expected,
        "PYTHONDONTWRITEBYTECODE": "1",
    }

    def tried(client: tuple[list[str], Path]) -> bool:
        done = subprocess.run(
            client[0], cwd=client[1], env=environment, timeout=300, stdout=PIPE, stderr=STDOUT, text=True
        )
        print(done.stdout, end="", flush=True)
        return done.returncode == 0

    with ThreadPoolExecutor(2) as threads:
        failed = [command for (command, _), well in zip(clients, threads.map(tried, clients), strict=True) if not well]
    server.stop()
    with_ids.stop()
    engine.close()
    shutil.rmtree(reranker.parent)
    print(
        f"{len(clients) - len(failed)} of {len(clients)} clients are answered as they expect; skipped: {skipped or 'none'}; "
        f"{made:.0f} s for their environments, {time.monotonic() - began - made:.0f} s for the trials",
        flush=True,
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
