#!/usr/bin/env bash
# The release as others get it: packages built and looked through, the program installed from the wheel and run, the
# Dockerfile and the units held against their own programs, every Python and system resolved.
#     packaging/check.sh VENV      VENV: the environment of `make install`, whose heavy libraries are shared
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=$(cd "${1:?name the environment of make install}" && pwd)
export HF_HUB_OFFLINE=1

if ! command -v systemd-analyze >/dev/null; then
  if [ "$(uname)" = Linux ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update --quiet >/dev/null
    apt-get install --yes --quiet systemd >/dev/null
  else
    echo "systemd-analyze is missing: install the package systemd, or run this on a Linux that has it" >&2
    exit 1
  fi
fi

tools=$venv-release
if [ ! -x "$tools/bin/python" ] || [ pyproject.toml -nt "$tools/.made" ]; then
  python3 -m venv "$tools"
  "$tools/bin/python" -m pip install --quiet --upgrade "pip>=25.1"
  "$tools/bin/python" -m pip install --quiet --no-compile --constraint constraints.txt --group release
  touch "$tools/.made"
fi

echo "== packages"
rm -rf dist
"$tools/bin/python" -m build --outdir dist . >dist.log 2>&1 || { cat dist.log >&2; exit 1; }
rm dist.log
"$tools/bin/python" -m twine check --strict dist/*
"$venv/bin/python" packaging/contents.py dist

echo "== the program from the wheel"
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
python=$("$venv/bin/python" -c 'import sys; print(sys._base_executable)')
"$python" -m venv "$fresh/venv"
shared=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
site=$("$fresh/venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
"$fresh/venv/bin/python" -m pip install --quiet --no-deps dist/*.whl
echo "$shared" >"$site/shared.pth" # the libraries; what is installed here comes before them
mkdir -p "$fresh/work/docs"
printf '# Walrus\n\nThe walrus sleeps on the ice.\n' >"$fresh/work/docs/walrus.md"
(
  cd "$fresh/work"
  where=$("$fresh/venv/bin/python" -c 'import embedingest; print(embedingest.__file__)')
  case $where in "$fresh"/*) ;; *) echo "not the wheel: $where" >&2; exit 1 ;; esac
  "$fresh/venv/bin/embedingest" --version
  "$fresh/venv/bin/embedingest" ingest docs --model hashing
  "$fresh/venv/bin/embedingest" search walrus | grep -q "docs/walrus.md"
  "$fresh/venv/bin/embedingest" ingest docs --model hashing --json | grep -q '"unchanged": 1'
)

echo "== the image and the units"
"$tools/bin/hadolint" packaging/docker/Dockerfile
"$venv/bin/python" -m pytest --quiet tests/test_packaging.py

echo "== every Python and system"
"$tools/bin/python" packaging/resolve.py
