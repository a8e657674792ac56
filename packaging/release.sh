#!/usr/bin/env bash
# Cuts the release whose number embedingest/version.py has: everything is checked, the packages are built into dist/, and the
# commit gets its tag. Publishing is a line of its own that this prints, so that nothing goes out by mistake.
#     packaging/release.sh [VENV]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
venv=${1:-.venv}
version=$("$venv/bin/python" -c 'from embedingest import __version__; print(__version__)')

fail() {
  echo "$1" >&2
  exit 1
}
[ -z "$(git status --porcelain)" ] || fail "there are changes that no commit has: commit them, or put them aside"
grep -q "^## $version - [0-9]\{4\}-[0-9][0-9]-[0-9][0-9]\$" CHANGELOG.md || fail "CHANGELOG.md has no heading '## $version - YEAR-MONTH-DAY': cut it"
! git rev-parse --quiet --verify "refs/tags/v$version" >/dev/null || fail "there is a tag v$version already: raise embedingest/version.py"

make ci VENV="$venv"
git tag --annotate "v$version" --message "embedingest $version"
echo "v$version is tagged, and its packages lie in dist/. To publish:"
echo "    git push origin v$version && $venv-release/bin/python -m twine upload dist/*"
