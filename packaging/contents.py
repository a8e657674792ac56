"""What the built packages hold: `python packaging/contents.py DIST`. Exit code 1 where something is amiss."""

from __future__ import annotations

import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
LARGEST_WHEEL_BYTES = 3 * 2**20


def tracked(folder: str) -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def problems(dist: Path) -> list[str]:
    (wheel,), (source,) = list(dist.glob("*.whl")), list(dist.glob("*.tar.gz"))
    found = []
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        header = packed.read(metadata).decode("utf-8")
    missing = sorted(tracked("embedingest") - names)
    astray = sorted(name for name in names if not name.startswith("embedingest"))
    found += [f"{wheel.name} lacks {name}" for name in missing] + [f"{wheel.name} holds {name}" for name in astray]
    if wheel.stat().st_size > LARGEST_WHEEL_BYTES:
        found.append(f"{wheel.name} has {wheel.stat().st_size} bytes, more than {LARGEST_WHEEL_BYTES}")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found += [f"{wheel.name} does not say {line}" for line in (
        f"Requires-Python: {project['requires-python']}", "License-Expression: Apache-2.0",
    ) if line not in header]  # fmt: skip
    with tarfile.open(source) as packed:
        inside = {name.partition("/")[2] for name in packed.getnames()}
    wanted = {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md", "constraints.txt"} | tracked("embedingest")
    found += [f"{source.name} lacks {name}" for name in sorted(wanted - inside)]
    return found


def main() -> int:
    dist = Path(sys.argv[1])
    found = problems(dist)
    for line in found:
        print(line, file=sys.stderr)
    for file in sorted(dist.iterdir()):
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
