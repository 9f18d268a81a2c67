#!/usr/bin/env python3
"""Turns data/managed_policies.json of services/iam into a C++ table.

    managed_policies.py IN.json OUT.cpp

The ids are made from the names, so that they stay what they are. Standard library only; the output
depends on the input alone.
"""
import base64
import datetime
import hashlib
import json
import pathlib
import sys

LITERAL_CHARACTERS = 4000  # compilers need not take longer ones


def literal(text: str) -> str:
    parts = [text[i:i + LITERAL_CHARACTERS] for i in range(0, len(text), LITERAL_CHARACTERS)]
    return "\n        ".join(json.dumps(part) for part in parts)


def seconds(time: str) -> int:
    return int(datetime.datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp())


def policy_id(name: str) -> str:
    return "ANPA" + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:17]


def main(source: str, out: str) -> None:
    rows = []
    for policy in sorted(json.loads(pathlib.Path(source).read_text()), key=lambda p: p["name"]):
        document = json.dumps(policy["document"], separators=(",", ":"))
        rows.append(f'    {{"{policy["name"]}", "{policy["path"]}", "{policy_id(policy["name"])}", '
                    f'{int(policy["version"][1:])}, {seconds(policy["created"])}, '
                    f'{seconds(policy["updated"])},\n        {literal(document)}}},')
    text = "\n".join([
        "// Made by codegen/managed_policies.py.",
        '#include "services/iam/managed_policies.hpp"',
        "",
        "namespace lapwing::iam {",
        "namespace {",
        "constexpr AwsPolicy kPolicies[] = {",
        *rows,
        "};",
        "}  // namespace",
        "std::span<const AwsPolicy> aws_policies() { return kPolicies; }",
        "}  // namespace lapwing::iam",
        ""])
    target = pathlib.Path(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
