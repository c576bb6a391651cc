#!/usr/bin/env bash
# Installs the Debian packages named in a file, one a line. Says nothing when all are there. A second
# word on a line is a command that makes the package unnecessary, wherever it comes from: Debian's runc
# would replace the containerd of a Docker that the machine uses.
set -euo pipefail

list=$1
missing=()
while read -r package command; do
  [[ -z $command ]] || ! command -v "$command" > /dev/null || continue
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done < "$list"

if ((${#missing[@]})); then
  echo "installing ${#missing[@]} packages: ${missing[*]}"
  as_root=()
  [[ $(id -u) -eq 0 ]] || as_root=(sudo)
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  if ! { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
  fi
  rm -f "$log"
fi

command -v go > /dev/null || { echo "Go 1.24 or newer is needed for the local cluster: https://go.dev/dl" >&2; exit 1; }
