"""schemathesis against the served OpenAPI: `python tests/fuzz/run.py`.

Two passes: every operation a little, the embedding ones a lot. Ends with 1 when a check fails, when fewer than 2000
requests were made, or when fewer than half of those to embedding routes reached the engine. schemathesis gets an environment of its own
under `build/`.
"""

from __future__ import annotations

import faulthandler
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Counter

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT))

from tests.environments import python_in  # noqa: E402 -- found once the path is there

BUILD = ROOT / "build" / "schemathesis"
PACKAGE = "schemathesis==4.32.5"
LEAST_REQUESTS = 2000
ENGINE_ROUTES = ("/api/embed", "/api/embeddings", "/api/tokenize", "/api/detokenize", "/v1/embeddings")
PASSES = (
    ("every operation", ["--max-examples", "40"]),
    ("embedding", [*(part for route in ENGINE_ROUTES[:2] + ENGINE_ROUTES[4:] for part in ("--include-path", route)),
                   "--max-examples", "600", "--mode", "positive", "--phases", "fuzzing"]),
)  # fmt: skip


def schemathesis() -> Path:
    """The program, installed on the first run."""
    return python_in(BUILD, [PACKAGE]).with_name("schemathesis")


def counts(requests: Counter) -> dict[tuple[str, str], int]:
    """Requests answered, by route and status."""
    samples = [sample for metric in requests.collect() for sample in metric.samples if sample.name.endswith("_total")]
    return {(sample.labels["route"], sample.labels["status"]): int(sample.value) for sample in samples}


def main() -> int:
    faulthandler.enable()  # the server is in this process: what ends it is told
    from embedingest.config import EngineConfig, ServerConfig
    from embedingest.engine.local import LocalEngine
    from embedingest.server.app import create_app
    from embedingest.server.run import HttpServer

    program = schemathesis()
    engine, settings = LocalEngine(EngineConfig()), ServerConfig(port=0)
    app = create_app(engine, settings)
    server = HttpServer(app, settings)
    server.start()
    failed = []
    for name, options in PASSES:
        command = [str(program), "--config-file", str(HERE / "schemathesis.toml"), "run", f"{server.url}/openapi.json"]
        command += ["--suppress-health-check", "all", "--request-timeout", "60", *options]
        if subprocess.run(command, cwd=BUILD).returncode:
            failed.append(name)
    requests = counts(app.server_state.metrics.requests)
    total = sum(requests.values())
    asked = sum(count for (route, _), count in requests.items() if route in ENGINE_ROUTES)
    reached = sum(count for (route, status), count in requests.items() if route in ENGINE_ROUTES and status == "200")
    server.stop()
    engine.close()
    print(
        f"{total} requests, {reached} of {asked} to embed ({reached / asked:.0%}) answered by the engine; "
        f"failed: {failed or 'none'}"
    )
    for (route, status), count in sorted(requests.items()):
        print(f"  {count:6} {status} {route}")
    return 1 if failed or total < LEAST_REQUESTS or reached * 2 < asked else 0


if __name__ == "__main__":
    sys.exit(main())
