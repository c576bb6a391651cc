"""clang-tidy, incremental.

A translation unit is looked at again only when it, a header of the project, its compile command or .clang-tidy changed;
the results are kept in the user's cache directory, so that a second checkout is as quick as the first.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "disagg-operator" / "lint"
INCLUDE = re.compile(rb'^#include "([^"]+)"', re.MULTILINE)


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [line for line in out.stdout.splitlines() if (ROOT / line).exists()]


def closure(path, seen):
    """Every project file that a source includes, itself first."""
    if path in seen or not (ROOT / path).exists():
        return
    seen.add(path)
    for name in INCLUDE.findall((ROOT / path).read_bytes()):
        closure(name.decode(), seen)


def key_of(source, command):
    files = set()
    closure(source, files)
    digest = hashlib.sha256(command.replace(str(ROOT), "").encode())
    for name in sorted(files | {".clang-tidy"}):
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return digest.hexdigest()


def tidy(source, command):
    done = CACHE / key_of(source, command)
    if done.exists():
        return source, None
    run = subprocess.run(["clang-tidy-16", "--quiet", "-p", "build", source], cwd=ROOT, capture_output=True, text=True)
    if run.returncode == 0:
        done.touch()
        return source, None
    return source, run.stdout


def check_tidy(jobs):
    CACHE.mkdir(parents=True, exist_ok=True)
    commands = {
        os.path.relpath(entry["file"], ROOT): entry["command"]
        for entry in json.loads((ROOT / "build" / "compile_commands.json").read_text())
    }
    sources = [s for s in tracked("operator/**/*.cc", "controllers/**/*.cc") if s in commands]
    ok = True
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for source, complaint in pool.map(lambda s: tidy(s, commands[s]), sources):
            if complaint:
                ok = False
                print(complaint)
    return ok


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    sys.exit(0 if check_tidy(arguments.jobs) else 1)


main()
