#!/usr/bin/env bash
# Writes an image for tests on a real node: pinned Python packages on a minimal Debian. Usage: live.sh FOLDER NAME:TAG OUTPUT
# FOLDER holds requirements.txt, with a hash for each package. Mirrors are those that apt and pip of this machine use.
# An archive is built once per user and content of its inputs, and kept beside the other programs of the local cluster.
set -euo pipefail
umask 022
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
folder=$(realpath "$1") name=$2 output=$3

release=bookworm
packages=python3,ca-certificates
site=usr/local/lib/python3.11/dist-packages  # of the Python of that release
export SOURCE_DATE_EPOCH=0
cache=${XDG_CACHE_HOME:-$HOME/.cache}/disagg-operator/images

[[ $(id -u) -eq 0 ]] || { echo "$output: needs root, to install Debian into a folder" >&2; exit 1; }

# One content, one key; the architecture decides which wheels fit.
key_of() { { uname -m; cat "$@"; } | sha256sum | cut -c1-16; }

# The apt sources of this machine that have the release.
sources() {
  grep -lrE --include=sources.list --include='*.list' --include='*.sources' \
    "^[^#]*[[:space:]]$release(-updates|-security)?([[:space:]]|\$)" /etc/apt ||
    { echo "no file of /etc/apt names the release $release, on which the image is built: add a mirror of it" >&2; return 1; }
}

build_base() {  # a Debian with Python, as a tar; its versions are those of the mirror on the day it is built
  local mirrors
  mirrors=$(sources)
  mmdebstrap --quiet --variant=minbase --include="$packages" "$release" "$1" $mirrors
}

# A wheel of another system or Python never fits, whatever Python runs pip here.
install_packages() {
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile --no-deps --only-binary :all: \
    --require-hashes --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
    --platform "manylinux_2_34_$(uname -m)" --platform "manylinux_2_28_$(uname -m)" --platform "manylinux_2_17_$(uname -m)" \
    --platform "manylinux2014_$(uname -m)" --target "$1" --requirement "$folder/requirements.txt"
}

# Once for all starts: pods have a read-only root. By content, since times of files are not kept.
compile_sources() { chroot "$1" python3 -m compileall -q -f -j 1 --invalidation-mode unchecked-hash /usr/lib/python3 /usr/lib/python3.11 "/$site" || true; }

build_image() {
  local part=$1 work
  work=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  [[ -e $base ]] || { echo "building Debian $release with $packages"; build_base "$work/base.tar"; mv "$work/base.tar" "$base"; }
  echo "building $name"
  mkdir -p "$work/root" "$work/packages/$(dirname "$site")"
  tar -C "$work/root" -xf "$base"
  # The runtime brings devices; nobody reads the others.
  rm -rf "$work"/root/dev/* "$work"/root/usr/share/{doc,man,locale}/*
  install_packages "$work/root/$site"
  compile_sources "$work/root"
  # A layer of its own: images share the Debian below it.
  mv "$work/root/$site" "$work/packages/$site"
  python3 "$here/oci.py" --output "$part" --name "$name" --root "$work/root" --root "$work/packages" --user 1000:1000 \
    --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env PYTHONDONTWRITEBYTECODE=1 --uncompressed
}

mkdir -p "$cache" "$(dirname "$output")"
base=$cache/debian-$(echo "$release $packages" | key_of - "$here/live.sh").tar
archive=$cache/$(basename "$folder")-$(echo "$name" | key_of - "$here/live.sh" "$here/oci.py" "$folder/requirements.txt").tar
exec 9> "$cache/lock"  # whoever comes second finds the work done
flock 9
[[ -e $archive ]] || build_image "$archive"
ln -sf "$archive" "$output"
echo "$output: $name, $(du -hL "$output" | cut -f1)"
