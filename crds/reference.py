#!/usr/bin/env python3
"""Writes the tables of README.md from the CRDs; with --check only says whether they are up to date (exit 1: not).

A table stands between `<!-- fields PLURAL PATH -->` and `<!-- end -->` and has the fields below PATH. What has a table of
its own is not repeated in another.
"""

import pathlib
import re
import sys

import yaml

FOLDER = pathlib.Path(__file__).parent
HEAD = "| Field | Type | Default | Meaning |\n|---|---|---|---|\n"
# Shapes that occur more than once have one table, under the name on the right.
ELSEWHERE = {"prefill", "decode", "aggregated", "env", "wholeNodeEnv", "envFrom", "tolerations", "conditions", "podTemplate"}
NAMES = {"spec.decode": "<role>", "spec.engine.env[]": "env[]", "spec.engine.envFrom[]": "envFrom[]",
         "spec.tolerations[]": "tolerations[]", "spec.decode.podTemplate": "podTemplate", "status.conditions[]": "conditions[]"}


def type_of(schema):
    if schema.get("x-kubernetes-int-or-string"):
        return "quantity"
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    kind = schema["type"]
    if kind == "integer" and "maximum" in schema:
        return f"integer {schema['minimum']}..{schema['maximum']}"
    if kind == "array":
        item = schema["items"]
        of = "object" if item.get("type") == "object" else type_of(item)
        return f"list of {of}, at most {schema['maxItems']}"
    if kind == "object" and "additionalProperties" in schema:
        of = "string" if schema["additionalProperties"].get("type") == "string" else "argument"
        return f"map of {of}, at most {schema['maxProperties']}"
    return "time" if schema.get("format") == "date-time" else kind


def split_default(description):
    """("Port of the Service.", "8000") from "Port of the Service. Default 8000."."""
    text = " ".join(description.split())
    found = re.search(r"(?:^|(?<=\. ))Default:? (.*?)(?:\.(?= )|\.?$)", text)
    if not found:
        return text, ""
    return " ".join((text[:found.start()] + text[found.end():]).split()), found.group(1)


def rows(schema, path):
    for name, field in schema.get("properties", {}).items():
        meaning, default = split_default(field["description"])
        if name in schema.get("required", []):
            default = "required"
        meaning = meaning.replace("|", "\\|").replace("<", "\\<")
        yield f"| `{path}.{name}` | {type_of(field)} | {default} | {meaning} |\n"
        if name in ELSEWHERE:
            continue
        yield from rows(field, f"{path}.{name}")
        if field.get("type") == "array":
            yield from rows(field["items"], f"{path}.{name}[]")


def table(plural, path):
    crd = yaml.safe_load((FOLDER / f"disagg.dev_{plural}.yaml").read_text())
    schema = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    for step in path.split("."):
        schema = schema["properties"][step.removesuffix("[]")]
        if step.endswith("[]"):
            schema = schema["items"]
    return HEAD + "".join(rows(schema, NAMES.get(path, path)))


def main():
    readme = FOLDER / "README.md"
    old = readme.read_text()
    new = re.sub(r"(<!-- fields (\S+) (\S+) -->\n).*?(<!-- end -->)",
                 lambda match: match[1] + "\n" + table(match[2], match[3]) + "\n" + match[4], old, flags=re.S)
    if "--check" not in sys.argv[1:]:
        readme.write_text(new)
    elif new != old:
        sys.exit("crds/README.md is not what the CRDs say; run crds/reference.py")


if __name__ == "__main__":
    main()
