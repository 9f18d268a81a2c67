#!/usr/bin/env python3
"""Turns files into a C++ table, so that the binary carries them.

    embed.py OUT.cpp ROOT FILE|NAME=FILE...

Each FILE lies below ROOT; the table holds its path relative to ROOT and its bytes, sorted
by path. NAME=FILE gives a file that was built elsewhere a name of its own. Standard library
only; the output depends on the content alone.
"""
import pathlib
import sys

LINE_BYTES = 80


def literal(data: bytes) -> str:
    lines = []
    for start in range(0, max(len(data), 1), LINE_BYTES):
        piece = data[start:start + LINE_BYTES]
        lines.append('    "' + "".join(f"\\{byte:03o}" for byte in piece) + '"')
    return "\n".join(lines)


def main(out: str, root: str, files: list) -> None:
    base = pathlib.Path(root)
    rows = []
    named = {}
    for file in files:
        name, equals, path = file.rpartition("=")
        path = pathlib.Path(path)
        named[name if equals else path.relative_to(base).as_posix()] = path
    for name, path in sorted(named.items()):
        data = path.read_bytes()
        rows.append(f'    {{"{name}", std::string_view(\n{literal(data)},\n    {len(data)})}},')
    text = "\n".join([
        "// Made by codegen/embed.py.",
        '#include "server/embedded_files.hpp"',
        "",
        "namespace lapwing::server {",
        "namespace {",
        "constexpr EmbeddedFile kFiles[] = {",
        *rows,
        "};",
        "}  // namespace",
        "std::span<const EmbeddedFile> embedded_runtimes() { return kFiles; }",
        "}  // namespace lapwing::server",
        "",
    ])
    target = pathlib.Path(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
