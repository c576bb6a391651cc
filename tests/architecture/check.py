"""Holds the layers to what ARCHITECTURE.md says of them; fails with the file or symbol that breaks a rule.

usage: check.py SOURCE_DIR NM LIBRARY...
"""

import pathlib
import re
import subprocess
import sys

# Folder -> the project folders it may include from.
MAY_INCLUDE = {
    "operator/base": ["operator/base"],
    "operator/kube": ["operator/base", "operator/kube"],
    "operator/observability": ["operator/base", "operator/observability"],
    "operator/transport": ["operator/base", "operator/kube", "operator/transport", "operator/observability"],
    "operator/runtime": ["operator/base", "operator/kube", "operator/transport", "operator/observability",
                         "operator/runtime"],
    "controllers/api": ["operator/base", "operator/kube", "controllers/api"],
    "controllers/render": ["operator/base", "operator/kube", "controllers/api", "controllers/render"],
    "controllers/engines": ["controllers/api", "controllers/render", "controllers/engines"],
    "controllers/routers": ["operator/kube", "controllers/api", "controllers/render", "controllers/routers"],
    "controllers/planning": ["operator/base", "operator/kube", "controllers/api", "controllers/render",
                             "controllers/planning"],
    "controllers/reconcile": ["operator/base", "operator/kube", "operator/observability", "operator/runtime",
                              "controllers"],
}
PURE = ["operator/base", "operator/kube", "controllers/api", "controllers/render", "controllers/engines",
        "controllers/routers", "controllers/planning"]

# Headers that do I/O, read a clock or make chance; pure folders include none of them.
IMPURE_HEADER = re.compile(
    r"^(boost/|cpprest/|openssl/|spdlog/|fmt/|prometheus/|sys/|netinet/|arpa/|unistd\.h|fcntl\.h|poll\.h|"
    r"iostream|fstream|filesystem|thread|random|ctime|time\.h|future|condition_variable|"
    r"operator/base/(system_clock|cond_var|seed)\.h)")
LIBRARY_HEADER = {
    re.compile(r"^(boost/|openssl/|cpprest/)"): "operator/transport",
    re.compile(r"^(spdlog/|fmt/|prometheus/)"): "operator/observability",
}

# Undefined symbols that a pure library may not have.
IMPURE_SYMBOL = re.compile(
    r"(_clock::now|SSL_|spdlog|boost::|web::http|pplx|std::basic_[io]?fstream|std::filesystem|std::cout|std::cerr|"
    r"std::random_device|\b(socket|connect|open|open64|fopen|fopen64|read|write|recv|send|time|gettimeofday|clock_gettime|"
    r"getenv|rand|random|getrandom|pthread_create|posix_spawn|fork|system)(@|$))")

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


def check_includes(root):
    for folder, allowed in MAY_INCLUDE.items():
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".h", ".cc"):
                continue
            name = path.relative_to(root)
            for include in INCLUDE.findall(path.read_text()):
                ours = include.startswith(("operator/", "controllers/", "tests/"))
                if ours and not any(include.startswith(prefix + "/") for prefix in allowed):
                    yield f"{name}: includes {include}; {folder} may include from {', '.join(allowed)}"
                if folder in PURE and IMPURE_HEADER.match(include) and not IMPURE_HEADER.match(str(name)):
                    yield f"{name}: includes <{include}>; {folder} is pure: no I/O, no clock, no chance"
                for pattern, home in LIBRARY_HEADER.items():
                    if pattern.match(include) and folder != home:
                        yield f"{name}: includes <{include}>, which only {home} may"


def check_words(root):
    for path in sorted((root / "operator").rglob("*")):
        if path.suffix in (".h", ".cc") and "cmd" not in path.parts and "prefill" in path.read_text().lower():
            yield f"{path.relative_to(root)}: the machine does not know the word prefill"


# Engines and routers are known by name to their own folders alone. The enumerators are in types.h.
PROGRAM = re.compile(r"\b(vllm|mocker|sglang|trtllm|dynamo)\b|k(Vllm|Mocker|Dynamo)\b|DYN_|VLLM_")
PROGRAM_HOMES = ("controllers/engines/", "controllers/routers/", "controllers/api/types.h")


def check_programs(root):
    for path in sorted((root / "controllers").rglob("*")):
        name = str(path.relative_to(root))
        if path.suffix not in (".h", ".cc") or name.startswith(PROGRAM_HOMES):
            continue
        code = re.sub(r"//.*", "", path.read_text())
        for word in sorted({match.group() for match in PROGRAM.finditer(code)}):
            yield f"{name}: names {word}; what is particular to an engine or a router is in its folder"


# Words of the kubelet and of the API that planning compares with.
NO_REASONS = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "InternalError", "True"}
CONDITIONS = {"Ready", "FullyAvailable", "RouterReady", "ModelResolved", "Scheduled", "UpdateAvailable", "Stalled",
              "Reconciling"}


def check_reasons(root):
    documented = set(re.findall(r"`([A-Z][A-Za-z]+)`", (root / "docs/operations.md").read_text()))
    for name in ("request_problems", "pod_problems", "container_problems", "status_conditions", "status_facts"):
        path = root / "controllers/planning" / f"{name}.cc"
        reasons = set(re.findall(r'"([A-Z][A-Za-z]{3,})"', path.read_text())) - NO_REASONS - CONDITIONS
        for reason in sorted(reasons - documented - {"Routable"}):
            yield f"{path.relative_to(root)}: the reason {reason} is not in docs/operations.md"


def check_symbols(nm, libraries):
    for library in libraries:
        out = subprocess.run([nm, "--undefined-only", "--demangle", library], check=True, capture_output=True, text=True)
        for line in sorted(set(out.stdout.splitlines())):
            symbol = line.strip().removeprefix("U ").removeprefix("w ")
            if IMPURE_SYMBOL.search(symbol):
                yield f"{pathlib.Path(library).name}: needs {symbol}; a pure library may not"


def main():
    root, nm, libraries = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
    broken = [*check_includes(root), *check_words(root), *check_programs(root), *check_reasons(root), *check_symbols(nm, libraries)]
    print("\n".join(broken) if broken else f"{len(MAY_INCLUDE)} folders and {len(libraries)} libraries keep the rules")
    sys.exit(1 if broken else 0)


main()
