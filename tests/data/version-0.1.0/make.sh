#!/usr/bin/env bash
# How this folder was made: by version 0.1.0 (commit d351212), on PYTHONPATH, in /srv/then, which nobody has otherwise.
# The documents, the settings and what the program of then made of them stay as they are;
# tests/test_earlier_version.py opens them with the program of today.
set -uo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir /srv/then && cd /srv/then
cp "$here/then.yaml" .

mkdir docs
printf '# The mill\n\nThe wheel turns by day and rests by night.\n\n## The gate\n\nLift the gate by the breadth of a hand, and wait for the water.\n' > docs/mill.md
printf 'A plain text about the sea.\n' > docs/sea.txt
printf 'From: ann@example.org\nTo: bo@example.org\nSubject: The count\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="part"\n\n--part\nContent-Type: text/plain\n\nThe count of sacks is attached.\n--part\nContent-Type: text/csv\nContent-Disposition: attachment; filename="sacks.csv"\n\nmiller,sacks\nAnn,3\nBo,2\n--part--\n' > docs/count.eml
printf '%%PDF-1.7\nnot really\n' > docs/broken.pdf
touch --date=@1700000000 docs/*

python -m embedingest ingest docs --model hashing --max-tokens 16 --state state --db state/lancedb
python -m embedingest config show then.yaml --json > then.json

rm -rf "$here"/{docs,state,then.json}
cp --archive docs state then.json "$here"
rm -rf /srv/then
