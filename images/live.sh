#!/usr/bin/env bash
# Writes an image for tests on a real node: pinned Python packages on a minimal Debian. Usage: live.sh FOLDER NAME:TAG OUTPUT
# FOLDER holds requirements.txt, with a hash for each package. Mirrors are those that apt and pip of this machine use.
# An archive is built once per user and content of its inputs, and kept beside the programs of the local cluster.
set -euo pipefail
umask 022
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
folder=$(realpath "$1") name=$2 output=$3

release=bookworm
packages=python3,ca-certificates,libstdc++6  # the wheels with C++ in them need the last
site=usr/local/lib/python3.11/dist-packages  # of the Python of that release
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
cache=${XDG_CACHE_HOME:-$HOME/.cache}/disagg-operator/images
longest_wait=1800  # seconds, for another process that builds
export SOURCE_DATE_EPOCH=0

fail() { echo "$output: $*" >&2; exit 1; }

# One content, one key.
key_of() { cat "$@" | sha256sum | cut -c1-16; }

# The release on each mirror of Debian that apt knows here: the machine itself may run another one.
sources() {
  apt-get indextargets 'Created-By: Packages' 'Origin: Debian' --format '$(REPO_URI) $(LABEL)' | sort -u |
    while read -r mirror label; do
      case $label in
        Debian) printf "deb [signed-by=$keyring] $mirror %s main\n" "$release" "$release-updates" ;;
        Debian-Security) echo "deb [signed-by=$keyring] $mirror $release-security main" ;;
      esac
    done
}

build_base() {  # a Debian with Python, as a tar; its versions are those that the mirror has today
  local work=$1
  sources > "$work/sources.list"
  [[ -s $work/sources.list ]] || fail "apt has no index of a mirror of Debian: name one in its sources and run apt-get update"
  echo "building Debian $release with $packages"
  mmdebstrap --quiet --variant=essential --include="$packages" "$release" "$work/base.tar" "$work/sources.list"
  mv "$work/base.tar" "$base"
}

# A wheel of another system or Python never fits, whatever Python runs pip here.
install_packages() {
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile --no-deps --only-binary :all: \
    --require-hashes --python-version 3.11 --implementation cp --abi cp311 --abi abi3 --abi none \
    --platform manylinux_2_34_x86_64 --platform manylinux_2_28_x86_64 --platform manylinux_2_17_x86_64 \
    --platform manylinux2014_x86_64 --target "$1" --requirement "$folder/requirements.txt"
  rm -rf "$1/bin"  # scripts that name the Python of this machine
}

# Once for all starts, since pods have a read-only root; by content, since times of files are not kept.
compile_sources() {
  chroot "$1" /usr/bin/python3 -m compileall -q -f --invalidation-mode unchecked-hash /usr/lib/python3.11 "/$site"
}

build_image() {
  local work=$1
  [[ -e $base ]] || build_base "$work"
  echo "building $name"
  mkdir -p "$work/root" "$work/packages/$(dirname "$site")"
  tar -C "$work/root" -xf "$base" --exclude='./dev/*'  # the runtime brings devices
  rm -rf "$work"/root/usr/share/{doc,man,locale}/*  # here: a filter while packages are unpacked takes minutes
  install_packages "$work/root/$site"
  compile_sources "$work/root"
  # A layer of its own: images share the Debian below it.
  mv "$work/root/$site" "$work/packages/$site"
  python3 "$here/oci.py" --output "$archive" --name "$name" --root "$work/root" --root "$work/packages" --user 1000:1000 \
    --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --env PYTHONDONTWRITEBYTECODE=1 --uncompressed
}

[[ $(uname -m) == x86_64 ]] || fail "$folder/requirements.txt has the hashes of wheels for x86_64, this machine is $(uname -m)"
mkdir -p "$cache" "$(dirname "$output")"
base=$cache/debian-$(echo "$release $packages" | key_of - "${BASH_SOURCE[0]}").tar
archive=$cache/$(basename "$folder")-$(echo "$name" | key_of - "${BASH_SOURCE[0]}" "$here/oci.py" "$folder/requirements.txt").tar
exec 9> "$cache/lock"  # whoever comes second finds the work done
flock --wait "$longest_wait" 9 || fail "another process has held $cache/lock for $longest_wait s; end it and try again"
if [[ ! -e $archive ]]; then
  [[ $(id -u) -eq 0 ]] || fail "needs root, to install Debian into a folder"
  rm -rf "$cache"/build.*  # of a process that was killed
  work=$(mktemp -d "$cache/build.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  build_image "$work"
fi
ln -sf "$archive" "$output"
echo "$output: $name, $(du -hL "$output" | cut -f1)"
