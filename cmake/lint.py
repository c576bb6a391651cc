"""clang-tidy, incremental.

A source is looked at again only when it, a header of the project, its compile command or .clang-tidy changed; the results
are kept in the user's cache directory, so that a second checkout is as quick as the first.

Nearly all the time goes into the headers of the libraries, so the sources of a folder are looked at as one translation unit
that includes them all. Two of them may use one name in their unnamed namespaces: those are kept apart.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
BATCHES = BUILD / "lint"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "disagg-operator" / "lint"
TIDY = "clang-tidy-16"

INCLUDE = re.compile(rb'^#include "([^"]+)"', re.MULTILINE)
UNNAMED = re.compile(r"^namespace \{\n(.*?)^\}  // namespace$", re.MULTILINE | re.DOTALL)
DECLARED = re.compile(r"^(?:(?:class|struct|enum class) (\w+)|(?!using|namespace)(?:\w[^\n=;({]*[\s*&])?(\w+)[({=;\[ ])", re.MULTILINE)
FINDING = re.compile(r"^([^\s:][^:\n]*):\d+:\d+: (?:warning|error): .*\[([\w.,-]+)\]$", re.MULTILINE)


def tracked(*patterns):
    out = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, check=True, capture_output=True, text=True)
    return [line for line in out.stdout.splitlines() if (ROOT / line).exists()]


def closure(path, seen):
    """Every project file that a source includes, itself first."""
    if path in seen or not (ROOT / path).exists():
        return seen
    seen.add(path)
    for name in INCLUDE.findall((ROOT / path).read_bytes()):
        closure(name.decode(), seen)
    return seen


def cache_entry(source, command):
    digest = hashlib.sha256(command.replace(str(ROOT), "").encode())
    for name in sorted(closure(source, set()) | {".clang-tidy"}):
        digest.update(name.encode() + b"\0" + (ROOT / name).read_bytes())
    return CACHE / digest.hexdigest()


def private_names(source):
    """What the unnamed namespaces of a source declare, as far as a glance at the start of its lines tells."""
    text = (ROOT / source).read_text()
    return {a or b for block in UNNAMED.findall(text) for a, b in DECLARED.findall(block)}


def flags(source, command):
    """The compile command without what names the source and the object."""
    return re.sub(r" -o \S+ -c \S+", "", command)


def make_batches(commands):
    """Sources of one folder and with one set of flags, apart from each other where they share a private name."""
    folders = collections.defaultdict(list)
    for source, command in commands.items():
        batches = folders[os.path.dirname(source), flags(source, command)]
        names = private_names(source)
        for batch in batches:
            if not names & batch["names"]:
                break
        else:
            batch = {"sources": [], "names": set()}
            batches.append(batch)
        batch["sources"].append(source)
        batch["names"] |= names
    batches = [batch["sources"] for of_folder in folders.values() for batch in of_folder]
    return sorted(batches, key=len, reverse=True)  # the longest first, or the last to start would be waited for


def run_tidy(sources, commands):
    """What clang-tidy says about the sources as one translation unit; "" when it finds nothing."""
    if len(sources) == 1:
        database, unit = BUILD, ROOT / sources[0]
    else:
        database = BATCHES / hashlib.sha256("\n".join(sources).encode()).hexdigest()[:16]
        database.mkdir(parents=True, exist_ok=True)
        unit = database / "unit.cc"
        unit.write_text("".join(f'#include "{s}"  // NOLINT(bugprone-suspicious-include): on purpose\n' for s in sources))
        command = f"{flags(sources[0], commands[sources[0]])} -c {unit}"
        entry = {"directory": str(BUILD), "file": str(unit), "command": command}
        (database / "compile_commands.json").write_text(json.dumps([entry]))
    run = subprocess.run([TIDY, "--quiet", "-p", str(database), str(unit)], cwd=ROOT, capture_output=True, text=True)
    if run.returncode == 0:
        return ""
    return (run.stdout if FINDING.search(run.stdout) else run.stdout + run.stderr).replace(f"{ROOT}/", "")


def look_at(sources, commands):
    """Pairs of a list of sources and what is wrong with them."""
    output = run_tidy(sources, commands)
    broken = {path for path, check in FINDING.findall(output) if check == "clang-diagnostic-error"}
    if len(sources) == 1 or not broken:
        return [(sources, output)]
    # A name that make_batches has not seen clashes, or the source does not compile: each of those by itself.
    apart = [source for source in sources if source in broken] or sources
    together = [source for source in sources if source not in apart]
    looked = [pair for source in apart for pair in look_at([source], commands)]
    return looked + (look_at(together, commands) if together else [])


def check_tidy(jobs):
    CACHE.mkdir(parents=True, exist_ok=True)
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    commands = {os.path.relpath(entry["file"], ROOT): entry["command"] for entry in entries}
    sources = [source for source in tracked("operator/**/*.cc", "controllers/**/*.cc") if source in commands]
    results = {source: cache_entry(source, commands[source]) for source in sources}
    stale = {source: commands[source] for source in sources if not results[source].exists()}
    said = set()
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for looked in pool.map(lambda batch: look_at(batch, commands), make_batches(stale)):
            for batch, output in looked:
                found = {path for path, _ in FINDING.findall(output)}
                for source in batch:
                    if not output or (found and not found & closure(source, set())):
                        results[source].touch()
                if output and output not in said:
                    print(output, flush=True)
                said.add(output)
    return not said - {""}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    if shutil.which(TIDY) is None:
        sys.exit(f"{TIDY} was not found: run `make deps`, or install the Debian package {TIDY}")
    if not (BUILD / "compile_commands.json").exists():
        sys.exit("build/compile_commands.json was not found: run `cmake --preset release`")
    sys.exit(0 if check_tidy(arguments.jobs) else 1)


main()
