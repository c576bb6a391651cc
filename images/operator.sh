#!/usr/bin/env bash
# Writes the operator's image as an OCI archive and states its size. Usage: operator.sh PROGRAM NAME:TAG OUTPUT
set -euo pipefail
umask 022  # also of a caller whose files nobody else may read
here=$(dirname "${BASH_SOURCE[0]}")
program=$1 name=$2 output=$3

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
python3 "$here/operator_root.py" "$root" "$program"
python3 "$here/oci.py" --output "$output" --name "$name" --root "$root" --user 65532:65532 --entrypoint /disagg-operator \
  --label org.opencontainers.image.title=disagg-operator --label "org.opencontainers.image.version=${name##*:}"
echo "$output: $name, $(du -h "$output" | cut -f1), unpacked $(du -sh "$root" | cut -f1)"
