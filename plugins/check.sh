#!/usr/bin/env bash
# Installs the plug-ins beside embedingest into one virtual environment and runs the tests of each, as a stranger would.
#     plugins/check.sh [VENV] [NAME…]      VENV: default .plugins-venv; NAME such as `static`: default all here
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${1:-.plugins-venv}
shift || true
names=("$@")
if [ ${#names[@]} -eq 0 ]; then
  for file in plugins/embedingest-*/pyproject.toml; do
    folder=$(basename "$(dirname "$file")")
    names+=("${folder#embedingest-}")
  done
fi
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --upgrade "pip>=25.1"
  "$venv/bin/python" -m pip install --quiet --no-compile --constraint constraints.txt ".[bundled]"
fi
venv=$(cd "$venv" && pwd)  # the tests run in the plug-ins' own folders
export HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1
# What the tests of a plug-in need may want other versions of small libraries. The heavy ones stay as they are, and so do
# those of which there are hundreds of releases to try.
grep -E '^(torch|numpy|transformers|sentence-transformers|lancedb|openvino|moto|boto3|botocore|s3transfer|obstore)==' constraints.txt >"$venv/kept.txt"
"$venv/bin/python" -m pip install --quiet --no-compile --constraint "$venv/kept.txt" \
  $(printf './plugins/embedingest-%s[test] ' "${names[@]}")

# Two at a time, since tests also wait; what those of a plug-in say is shown once they have ended.
trial='
  said=$(cd "plugins/embedingest-$0" && "$venv/bin/python" -m pytest --quiet 2>&1) || failed="failed: $0"
  printf "== %s\n%s\n%s" "$0" "$said" "${failed:+$failed
}"
  test -z "${failed:-}"'
export venv
printf '%s\n' "${names[@]}" | xargs -P 2 -I NAME bash -c "$trial" NAME || { echo "some failed, as said above" >&2; exit 1; }
