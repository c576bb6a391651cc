"""Writes requirements.txt beside a requirements.in: the same packages, each with the hash of the wheel that pip takes for the image.

requirements.in names every package with its version, dependencies too: nothing is resolved when an image is built.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ABIS = ("cp311", "abi3", "none")
PLATFORMS = tuple(f"manylinux{version}_x86_64" for version in ("_2_34", "_2_28", "_2_17", "2014"))


def wheels(requirements):
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report.json")
        choice = [word for abi in ABIS for word in ("--abi", abi)] + [word for name in PLATFORMS for word in ("--platform", name)]
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps",
                        "--only-binary", ":all:", "--python-version", "3.11", "--implementation", "cp", *choice,
                        "--target", folder, "--report", report, "--requirement", requirements], check=True)
        return [(item["metadata"]["name"], item["metadata"]["version"], item["download_info"]["archive_info"]["hashes"]["sha256"])
                for item in json.loads(report.read_text())["install"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("requirements", type=pathlib.Path, help="a requirements.in")
    flags = parser.parse_args()
    lines = [f"{name}=={version} --hash=sha256:{digest}\n"
             for name, version, digest in sorted(wheels(flags.requirements), key=lambda wheel: wheel[0].lower())]
    flags.requirements.with_suffix(".txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
