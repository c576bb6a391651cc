"""What the packer promises: equal files give equal bytes, and the archive is what a runtime can unpack."""

import gzip
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest
from unittest import mock

import oci

NAME = "localhost/app:1.0"


class Archive:
    """An archive, read as a runtime reads it: from its index, each blob checked against its hash."""

    def __init__(self, path):
        with tarfile.open(path) as tar:
            self.files = {member.name: tar.extractfile(member).read() for member in tar if member.isreg()}
        self.index = json.loads(self.files["index.json"])
        self.manifest = json.loads(self.blob(self.index["manifests"][0]))
        self.config = json.loads(self.blob(self.manifest["config"]))
        self.layers = [self.layer(descriptor) for descriptor in self.manifest["layers"]]

    def blob(self, descriptor):
        content = self.files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert "sha256:" + hashlib.sha256(content).hexdigest() == descriptor["digest"]
        assert len(content) == descriptor["size"]
        return content

    def layer(self, descriptor):
        content = self.blob(descriptor)
        return gzip.decompress(content) if descriptor["mediaType"].endswith("+gzip") else content


def members(layer):
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        return {member.name: member for member in tar}


class PackerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        environment = mock.patch.dict(os.environ)
        environment.start()
        self.addCleanup(environment.stop)
        os.environ.pop("SOURCE_DATE_EPOCH", None)  # what the caller sets is not the default that is tested

    def tree(self, name, files):
        root = self.folder / name
        for path, text in files:
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return root

    def pack(self, *layers, output="out.tar", config=None, **options):
        oci.write_archive(self.folder / output, NAME, layers, config or oci.Config(), **options)
        return self.folder / output

    def test_equal_files_give_equal_bytes_whatever_their_order_time_and_folder(self):
        files = [("bin/app", "program"), ("etc/app.conf", "a=1"), ("a", "first")]
        one, other = self.tree("one", files), self.tree("other", reversed(files))
        os.utime(one / "a", (1, 1))
        for compress in (True, False):
            with self.subTest(compress=compress):
                packed = [self.pack(oci.folder_entries(root), output=root.name + ".tar", compress=compress).read_bytes()
                          for root in (one, other)]
                self.assertEqual(packed[0], packed[1])

    def test_other_content_gives_other_bytes(self):
        packed = [self.pack(oci.folder_entries(self.tree(text, [("a", text)])), output=text + ".tar").read_bytes()
                  for text in ("one", "two")]
        self.assertNotEqual(packed[0], packed[1])

    def test_the_hash_of_each_layer_in_the_config_is_that_of_its_uncompressed_tar(self):
        layers = [oci.folder_entries(self.tree(name, [(name, name)])) for name in ("low", "high")]
        for compress in (True, False):
            with self.subTest(compress=compress):
                archive = Archive(self.pack(*layers, compress=compress))
                self.assertEqual(archive.config["rootfs"]["diff_ids"],
                                 ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in archive.layers])
                self.assertEqual([list(members(layer)) for layer in archive.layers], [["low"], ["high"]])

    def test_the_config_says_how_a_container_starts(self):
        config = oci.Config(["/app", "serve"], "65532:65532", {"B": "2", "A": "1"}, {"org.opencontainers.image.title": "app"}, "amd64")
        archive = Archive(self.pack(oci.folder_entries(self.tree("root", [("app", "")])), config=config))
        self.assertEqual(archive.config["config"], {
            "Entrypoint": ["/app", "serve"], "User": "65532:65532", "Env": ["A=1", "B=2"],
            "Labels": {"org.opencontainers.image.title": "app"}})
        self.assertEqual((archive.config["architecture"], archive.config["os"]), ("amd64", "linux"))

    def test_containerd_and_docker_find_the_name(self):
        archive = Archive(self.pack(oci.folder_entries(self.tree("root", [("a", "")]))))
        self.assertEqual(archive.index["manifests"][0]["annotations"]["io.containerd.image.name"], NAME)
        docker = json.loads(archive.files["manifest.json"])[0]
        self.assertEqual(docker["RepoTags"], [NAME])
        self.assertEqual([name in archive.files for name in [docker["Config"], *docker["Layers"]]], [True, True])

    def test_links_stay_links_and_special_rights_and_owners_go(self):
        root = self.tree("root", [("usr/bin/tool", "tool")])
        (root / "usr/bin/tool").chmod(0o6755)
        (root / "bin").symlink_to("usr/bin")
        os.link(root / "usr/bin/tool", root / "usr/bin/zzz")
        found = members(Archive(self.pack(oci.folder_entries(root))).layers[0])
        self.assertEqual(found["bin"].linkname, "usr/bin")
        self.assertEqual((found["usr/bin/zzz"].islnk(), found["usr/bin/zzz"].linkname), (True, "usr/bin/tool"))
        self.assertEqual(found["usr/bin/tool"].mode, 0o755)
        self.assertEqual({(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in found.values()}, {(0, 0, "", "", 0)})

    def test_single_files_come_with_the_folders_above_them(self):
        self.tree("host", [("binary", "program")])
        found = members(Archive(self.pack(oci.file_entries({"/opt/app/run": self.folder / "host/binary"}))).layers[0])
        self.assertEqual([(name, member.isdir()) for name, member in found.items()],
                         [("opt", True), ("opt/app", True), ("opt/app/run", False)])

    def test_times_are_those_of_SOURCE_DATE_EPOCH(self):
        with mock.patch.dict(os.environ, SOURCE_DATE_EPOCH="86400"):
            archive = Archive(self.pack(oci.folder_entries(self.tree("root", [("a", "")]))))
        self.assertEqual(archive.config["created"], "1970-01-02T00:00:00Z")
        self.assertEqual(members(archive.layers[0])["a"].mtime, 86400)

    def test_what_cannot_become_an_image_is_refused_with_the_reason_and_leaves_no_file(self):
        root = self.tree("root", [("a", "")])
        os.mkfifo(root / "pipe")
        host = root / "a"
        cases = [
            ("a pipe has no place in an image", lambda: self.pack(oci.folder_entries(root)), "pipe: is neither file"),
            ("a root that is a file", lambda: oci.folder_entries(host), "is no folder"),
            ("a relative path in the image", lambda: oci.file_entries({"a": host}), "no absolute path"),
            ("a path that leaves the image", lambda: oci.file_entries({"/../a": host}), "no absolute path"),
            ("a name without a tag", lambda: oci.write_archive(self.folder / "out.tar", "localhost/app", [], oci.Config()), "TAG"),
            ("a variable without a value", lambda: oci.pairs("--env", ["A"]), "wants KEY=VALUE"),
        ]
        for what, act, reason in cases:
            with self.subTest(what):
                with self.assertRaisesRegex(oci.Unusable, reason):
                    act()
                self.assertEqual([path.name for path in self.folder.iterdir()], ["root"])

    def test_the_command_packs_folders_and_files_and_says_what_is_wrong(self):
        root = self.tree("root", [("a", "")])
        command = [sys.executable, oci.__file__, "--output", self.folder / "out.tar", "--name", NAME,
                   "--root", root, "--file", f"/b={root}/a", "--entrypoint", "/b", "--user", "1000", "--env", "A=1"]
        subprocess.run(command, check=True)
        archive = Archive(self.folder / "out.tar")
        self.assertEqual([list(members(layer)) for layer in archive.layers], [["a"], ["b"]])
        self.assertEqual(archive.config["config"], {"Entrypoint": ["/b"], "User": "1000", "Env": ["A=1"]})
        failed = subprocess.run([*command, "--env", "B"], capture_output=True, text=True)
        self.assertEqual((failed.returncode, failed.stderr), (1, "--env B: wants KEY=VALUE\n"))


if __name__ == "__main__":
    unittest.main()
