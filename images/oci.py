"""Packs files into an OCI image archive, without a container daemon and with nothing but Python.

The archive is what `ctr images import`, `skopeo copy oci-archive:`, `podman load` and `docker load` read. Equal files give equal
bytes: entries are sorted, belong to root, and bear the time SOURCE_DATE_EPOCH (default 0). Set-user-id and set-group-id
bits are dropped, since with the owner gone they would mean something else.
"""

import argparse
import dataclasses
import datetime
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import stat
import tarfile
import tempfile

MEDIA_TYPE = "application/vnd.oci.image."
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
NAME = re.compile(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+:[A-Za-z0-9_][A-Za-z0-9_.-]*")
COPY_BYTES = 1 << 20


class Unusable(ValueError):
    """What the caller asked for cannot become an image."""


@dataclasses.dataclass
class Config:
    """How a container of the image starts."""
    entrypoint: list = dataclasses.field(default_factory=list)
    user: str = ""
    env: dict = dataclasses.field(default_factory=dict)
    labels: dict = dataclasses.field(default_factory=dict)
    architecture: str = MACHINES.get(os.uname().machine, os.uname().machine)


def folder_entries(folder):
    """All that lies below a folder: path in the image -> path on this machine."""
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise Unusable(f"root {folder}: is no folder; name the root of a file system")
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}


def file_entries(files):
    """Single files, given as path in the image -> path on this machine, and the folders that they need."""
    entries = {}
    for inside, path in files.items():
        parts = pathlib.PurePosixPath(inside).parts
        if parts[:1] != ("/",) or ".." in parts or len(parts) < 2:
            raise Unusable(f"file {inside}: is no absolute path of a file; write it like /etc/app.conf")
        name = pathlib.PurePosixPath(*parts[1:])
        for parent in list(name.parents)[:-1]:
            entries.setdefault(parent.as_posix(), None)  # None: a folder of our own
        entries[name.as_posix()] = pathlib.Path(path)
    return entries


def write_archive(output, name, layers, config, compress=True):
    """Writes `output` as a whole or not at all. `layers` are entries, the lowest layer first."""
    if not NAME.fullmatch(name):
        raise Unusable(f"name {name!r}: wants REGISTRY/REPOSITORY:TAG, like localhost/app:1.0")
    output = pathlib.Path(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".pack-") as folder:
        store = _Blobs(pathlib.Path(folder))
        packed = [store.add_layer(entries, compress) for entries in layers]
        image = store.add_json("config.v1+json", _config(config, [diff_id for _, diff_id in packed]))
        manifest = store.add_json("manifest.v1+json", {
            "schemaVersion": 2, "mediaType": MEDIA_TYPE + "manifest.v1+json",
            "config": image, "layers": [descriptor for descriptor, _ in packed]})
        # The first annotation is the name that containerd gives to the image, the second is the standard's tag.
        manifest["annotations"] = {"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name.rpartition(":")[2]}
        part = store.folder / "archive.tar"
        store.write(part, {
            "index.json": {"schemaVersion": 2, "mediaType": MEDIA_TYPE + "index.v1+json", "manifests": [manifest]},
            "oci-layout": {"imageLayoutVersion": "1.0.0"},
            # Read by `docker load` where it knows no OCI archives.
            "manifest.json": [{"Config": _blob_path(image), "RepoTags": [name],
                               "Layers": [_blob_path(descriptor) for descriptor, _ in packed]}]})
        os.replace(part, output)


class _Blobs:
    """The content of an archive by its hash, in a folder until it is written."""

    def __init__(self, folder):
        self.folder = folder
        self.paths = {}

    def add_json(self, kind, value):
        path = self.folder / f"blob-{len(self.paths)}"
        path.write_bytes(_json(value))
        return self._add(kind, path)

    def add_layer(self, entries, compress):
        path = self.folder / f"blob-{len(self.paths)}"
        with open(path, "wb") as file:
            # No name and no time in its header: both would differ from run to run.
            sink = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) if compress else file
            hashing = _HashingSink(sink)
            _write_tar(hashing, entries)
            if compress:
                sink.close()
        return self._add("layer.v1.tar+gzip" if compress else "layer.v1.tar", path), "sha256:" + hashing.hash.hexdigest()

    def _add(self, kind, path):
        digest = "sha256:" + _file_hash(path)
        self.paths[digest] = path
        return {"mediaType": MEDIA_TYPE + kind, "digest": digest, "size": path.stat().st_size}

    def write(self, output, documents):
        with tarfile.open(output, "w", format=tarfile.PAX_FORMAT) as tar:
            for name in ("blobs", "blobs/sha256"):
                tar.addfile(_plain(tarfile.TarInfo(name), tarfile.DIRTYPE, 0o755))
            for digest, path in sorted(self.paths.items()):
                info = _plain(tarfile.TarInfo(_blob_path({"digest": digest})), tarfile.REGTYPE, 0o644)
                info.size = path.stat().st_size
                with open(path, "rb") as file:
                    tar.addfile(info, file)
            for name, value in sorted(documents.items()):
                info = _plain(tarfile.TarInfo(name), tarfile.REGTYPE, 0o644)
                content = _json(value)
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))


class _HashingSink:
    def __init__(self, sink):
        self.sink = sink
        self.hash = hashlib.sha256()

    def write(self, content):
        self.hash.update(content)
        return self.sink.write(content)


def _write_tar(sink, entries):
    with tarfile.open(fileobj=sink, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for name, path in sorted(entries.items()):
            if path is None:
                tar.addfile(_plain(tarfile.TarInfo(name), tarfile.DIRTYPE, 0o755))
                continue
            info = tar.gettarinfo(path, name)  # knows links to files that it has seen
            if info is None or not (info.isreg() or info.isdir() or info.issym() or info.islnk()):
                raise Unusable(f"{path}: is neither file, folder nor link; an image has no use for it, leave it out")
            _plain(info, info.type, info.mode)
            if info.isreg():
                with open(path, "rb") as file:
                    tar.addfile(info, file)
            else:
                tar.addfile(info)


def _plain(info, kind, mode):
    info.type, info.mode, info.mtime = kind, mode & ~(stat.S_ISUID | stat.S_ISGID), _epoch()
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    return info


def _config(config, diff_ids):
    settings = {"Entrypoint": config.entrypoint, "User": config.user, "Labels": config.labels,
                "Env": [f"{name}={value}" for name, value in sorted(config.env.items())]}
    created = datetime.datetime.fromtimestamp(_epoch(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"architecture": config.architecture, "os": "linux", "created": created,
            "config": {name: value for name, value in settings.items() if value},
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": [{"created": created} for _ in diff_ids]}


def _epoch():
    text = os.environ.get("SOURCE_DATE_EPOCH", "0")
    if not text.isdigit():
        raise Unusable(f"SOURCE_DATE_EPOCH={text!r}: is no number of seconds; unset it or write one like 1700000000")
    return int(text)


def _json(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _blob_path(descriptor):
    return "blobs/" + descriptor["digest"].replace(":", "/")


def _file_hash(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while content := file.read(COPY_BYTES):
            digest.update(content)
    return digest.hexdigest()


def pairs(flag, values):
    """The values of a flag that are written as KEY=VALUE."""
    for value in values:
        if not value.partition("=")[0] or "=" not in value:
            raise Unusable(f"{flag} {value}: wants KEY=VALUE")
    return dict(value.split("=", 1) for value in values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True, help="the archive to write")
    parser.add_argument("--name", required=True, help="REGISTRY/REPOSITORY:TAG")
    parser.add_argument("--root", action="append", default=[], metavar="FOLDER", help="a layer: all below FOLDER; repeatable")
    parser.add_argument("--file", action="append", default=[], metavar="INSIDE=PATH", help="a file of the topmost layer; repeatable")
    parser.add_argument("--entrypoint", action="append", default=[], help="a word of the command; repeatable")
    parser.add_argument("--user", default="", help="like 65532:65532")
    parser.add_argument("--env", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--label", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--uncompressed", action="store_true", help="larger, and quicker to write and to import")
    flags = parser.parse_args()
    try:
        layers = [folder_entries(folder) for folder in flags.root]
        if flags.file:
            layers.append(file_entries(pairs("--file", flags.file)))
        config = Config(flags.entrypoint, flags.user, pairs("--env", flags.env), pairs("--label", flags.label))
        write_archive(flags.output, flags.name, layers, config, compress=not flags.uncompressed)
    except (Unusable, OSError) as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
