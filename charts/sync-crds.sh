#!/bin/bash
# Copies crds/ into the chart, which cannot read files outside its folder. With --check it only says what differs (exit 1).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
from=../crds to=disagg-operator/files/crds
if [[ ${1:-} == --check ]]; then
  diff --recursive --brief --exclude=README.md --exclude=reference.py "$from" "$to" || {
    echo "the chart's CRDs differ from crds/; run: make charts" >&2
    exit 1
  }
  exit 0
fi
mkdir -p "$to"
rm -f "$to"/*.yaml
cp "$from"/*.yaml "$to"/
