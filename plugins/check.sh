#!/usr/bin/env bash
# Installs each plug-in beside embedingest into one virtual environment and runs its tests, as a stranger would.
#     plugins/check.sh [VENV] [NAME…]      VENV: default .plugins-venv; NAME: default every plug-in here
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${1:-.plugins-venv}
shift || true
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for folder in plugins/*/pyproject.toml; do names+=("$(basename "$(dirname "$folder")")"); done
fi
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --upgrade "pip>=25.1"
  "$venv/bin/python" -m pip install --quiet --constraint constraints.txt ".[bundled]"
fi
export HF_HUB_OFFLINE=1
failed=()
for name in "${names[@]}"; do
  echo "== $name"
  "$venv/bin/python" -m pip install --quiet --constraint constraints.txt "./plugins/$name[test]"
  (cd "plugins/$name" && "../../$venv/bin/python" -m pytest --quiet) || failed+=("$name")
done
if [ ${#failed[@]} -gt 0 ]; then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
