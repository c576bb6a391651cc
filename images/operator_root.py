"""Lays out the root file system of the operator's image: programs, the shared libraries that they need, and nothing else.

No shell, no package manager, no CA certificates: the operator trusts the CA that its ServiceAccount or kubeconfig names, and
no other. `make image` packs the folder; the Dockerfile copies the same one.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess

# Without it the order in which a name is looked up is the C library's own affair.
NSSWITCH = "hosts: files dns\n"
LIBRARY = re.compile(r"^\s*(?:(\S+) => )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)
MISSING = re.compile(r"^\s*(\S+) => not found$", re.MULTILINE)


class Unusable(ValueError):
    """A program that no image can be made of."""


def shared_libraries(program):
    """What the loader finds for a program: (the loader, the paths of the libraries)."""
    done = subprocess.run(["ldd", str(program)], capture_output=True, text=True)
    if done.returncode:
        raise Unusable(f"{program}: {(done.stderr or done.stdout).strip()}; build it for this machine first, with `make build`")
    if missing := MISSING.findall(done.stdout):
        raise Unusable(f"{program}: needs {', '.join(missing)}, which this machine does not have; install them with `make deps`")
    loaders, libraries = [], []
    for wanted, path in LIBRARY.findall(done.stdout):
        (libraries if wanted else loaders).append(pathlib.Path(path))
    if len(loaders) != 1:
        raise Unusable(f"{program}: ldd names {len(loaders)} loaders, want one:\n{done.stdout}")
    return loaders[0], libraries


def lay_out(root, programs):
    """Fills the folder `root` anew; each program lies at its top, stripped."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "nsswitch.conf").write_text(NSSWITCH)
    for program in programs:
        loader, libraries = shared_libraries(program)
        subprocess.run(["strip", "-o", str(root / program.name), str(program)], check=True)
        _copy(loader, root / loader.relative_to("/"))
        # Beside the C library: there the loader looks, wherever this machine keeps them.
        home = next(path.parent for path in libraries if path.name.startswith("libc.so."))
        for library in libraries:
            _copy(library, root / home.relative_to("/") / library.name)


def _copy(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)  # what a link leads to, with its mode


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", type=pathlib.Path, help="the folder to fill; what it held is gone")
    parser.add_argument("program", type=pathlib.Path, nargs="+")
    flags = parser.parse_args()
    os.umask(0o022)  # the image's user is neither owner nor group of its files
    try:
        lay_out(flags.root, flags.program)
    except (Unusable, OSError, subprocess.CalledProcessError) as error:
        parser.exit(1, f"{error}\n")


if __name__ == "__main__":
    main()
