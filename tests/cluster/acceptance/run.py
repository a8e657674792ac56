"""What many nodes promise, tried from outside: `python tests/cluster/acceptance/run.py [PYTEST ARGUMENT …]`.

Runs the trials of this folder, or the tests that are named, in an environment under `build/cluster`, which is this one
with the extra `ray` and an S3-speaking server. Made on the first run and kept for the next; needs pip and a registry.
Ends as pytest does.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.environments import is_made, note_made

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
BUILD = ROOT / "build" / "cluster"
SERVER = "moto[server]==5.2.5"
KEPT = ("lancedb", "numpy", "openvino", "pyarrow", "pylance", "ray", "sentence-transformers", "torch", "transformers")
"""What stays at the tested version; the server wants other versions of small libraries."""


def python() -> Path:
    """The interpreter of the trials' own environment: packages that are here already are not installed once more."""
    interpreter, here, wanted = BUILD / "bin" / "python", sysconfig.get_path("purelib"), packages()
    if not is_made(BUILD, [*wanted, here]):
        venv.create(BUILD, with_pip=False, clear=True)
        own = sysconfig.get_path("purelib", vars={"base": str(BUILD), "platbase": str(BUILD)})
        Path(own, "here.pth").write_text(here)
        kept = BUILD / "kept.txt"
        lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines(keepends=True)
        kept.write_text("".join(line for line in lines if line.partition("==")[0] in KEPT))
        pip = [sys.executable, "-m", "pip", "--python", str(interpreter), "install", "--quiet", "--no-compile"]
        subprocess.run([*pip, "--constraint", str(kept), "--disable-pip-version-check", *wanted], check=True)
        note_made(BUILD, [*wanted, here])
    return interpreter


def packages() -> list[str]:
    """The server, and what the extras `cluster` and `ray` name."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    named = [one for extra in ("cluster", "ray") for one in extras.get(extra, ()) if not one.startswith("embedingest[")]
    return [*named, SERVER]


def main() -> int:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    # Two processes more than two cores have: trials wait.
    shared = ["--numprocesses", "4", "--dist", "loadscope", "--no-loadscope-reorder", "--timeout", "600"]
    given = [word for word in sys.argv[1:] if not word.startswith("-") and Path(word.partition("::")[0]).exists()]
    tried = [] if given else [str(HERE)]
    command = [str(python()), "-m", "pytest", *tried, "--durations", "12", *shared, *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
