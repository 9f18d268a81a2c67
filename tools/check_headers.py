#!/usr/bin/env python3
"""Every header below src/ includes what it needs.

    check_headers.py [BUILD_DIR]

What is ours is checked by the compiler, with the precompiled header of the tests, which holds the
C++ library, fmt and GoogleTest: those are looked for by name (OWNERS). A header that another one
includes needs no compilation of its own: it is put before that one, which would bring it anyway. So
headers go into few sources, each a row in which every header includes the one before it, directly
or through others. Standard library only.
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

from compiling import ROOT, Compiling

SRC = ROOT / "src"
INCLUDE = re.compile(r'^#include ([<"])([^">]+)[">]', re.M)
COMMENT = re.compile(r"//[^\n]*")

# Names of namespace std, and the headers of which one must be there, directly or through ours.
NAMES = {
    "array": "array", "atomic": "atomic", "chrono": "chrono", "deque": "deque",
    "coroutine": "coroutine_handle suspend_always suspend_never coroutine_traits",
    "cstdint": "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t uintptr_t",
    "cstddef": "byte", "expected": "expected unexpected", "initializer_list": "initializer_list",
    "map": "map multimap", "mutex": "mutex lock_guard unique_lock scoped_lock once_flag",
    "memory": "unique_ptr shared_ptr weak_ptr make_unique make_shared enable_shared_from_this",
    "shared_mutex": "shared_mutex shared_lock", "optional": "optional nullopt nullopt_t",
    "set": "set multiset", "span": "span as_bytes", "string": "string to_string",
    "string_view": "string_view", "thread": "thread jthread", "tuple": "tuple tie",
    "unordered_map": "unordered_map", "unordered_set": "unordered_set", "utility": "exchange pair",
    "variant": "variant monostate visit get_if holds_alternative", "vector": "vector",
    "list": "list", "queue": "queue priority_queue", "bitset": "bitset",
    "limits": "numeric_limits", "future": "future promise", "stdexcept": "runtime_error",
    "condition_variable": "condition_variable", "concepts": "same_as convertible_to invocable",
    "type_traits": "decay_t remove_cvref_t is_same_v invoke_result_t is_void_v",
}
ALSO = {"pair": "map unordered_map", "exchange": "memory", "to_string": "string_view"}
OWNERS = {name: {header, *ALSO.get(name, "").split()}
          for header, names in NAMES.items() for name in names.split()}


def read_headers():
    """By name, from src/: the text without comments, and what it includes of ours and of others."""
    out = {}
    for path in sorted(SRC.rglob("*.hpp")):
        text = path.read_text()
        found = INCLUDE.findall(text)
        out[str(path.relative_to(SRC))] = (
            COMMENT.sub("", text), [name for mark, name in found if mark == '"'],
            {name for mark, name in found if mark == "<"})
    return out


def closures(headers):
    """Of each header: ours that it brings, and others'."""
    ours, others = {}, {}

    def visit(name):
        if name in ours:
            return
        ours[name], others[name] = set(), set()
        _, own, foreign = headers[name]
        others[name] |= foreign
        for each in own:
            if each in headers:
                visit(each)
                ours[name] |= {each} | ours[each]
                others[name] |= others[each]

    for name in headers:
        visit(name)
    return ours, others


def missing_names(headers, others):
    for name, (text, _, _) in headers.items():
        for used in sorted(set(re.findall(r"\bstd::(\w+)", text))):
            if used in OWNERS and not OWNERS[used] & others[name]:
                yield f"src/{name}: std::{used} without <{sorted(OWNERS[used])[0]}>"
        if "fmt::" in text and not any(each.startswith("fmt/") for each in others[name]):
            yield f"src/{name}: fmt:: without a header of fmt"
        if re.search(r"\b(EXPECT|ASSERT)_[A-Z]+\(|(?<!\w)::testing::", text) and \
                not any(each.startswith("gtest/") for each in others[name]):
            yield f"src/{name}: GoogleTest's macros without <gtest/gtest.h>"


def rows(headers, ours):
    """Each header once, in as few rows as there can be (a matching of headers with those that
    include them)."""
    users = {name: [] for name in headers}
    for name, brought in ours.items():
        for each in brought:
            users[each].append(name)
    before = {}  # in a row: who stands before it

    def place(name, tried):
        for user in users[name]:
            if user in tried:
                continue
            tried.add(user)
            if user not in before or place(before[user], tried):
                before[user] = name
                return True
        return False

    sys.setrecursionlimit(10_000)
    followed = {name for name in sorted(headers, key=lambda name: len(users[name]))
                if place(name, set())}
    for last in sorted(set(headers) - followed):
        row = [last]
        while row[0] in before:
            row.insert(0, before[row[0]])
        yield row


def compile_row(row, compiling, target):
    source = target / (row[-1].replace("/", "__") + ".cpp")
    text = "".join(f'#include "{name}"\n' for name in row)
    if not source.is_file() or source.read_text() != text:
        source.write_text(text)
    done = subprocess.run([*compiling.launcher, *compiling.flags, "-o", f"{source}.o", "-c",
                           str(source)], cwd=compiling.directory, capture_output=True, text=True)
    return done.returncode, done.stderr


def main() -> int:
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/release").resolve()
    headers = read_headers()
    ours, others = closures(headers)
    problems = list(missing_names(headers, others))
    compiling = Compiling(build, "lapwing_base_test")
    target = build / "check_headers"
    target.mkdir(exist_ok=True)
    every = list(rows(headers, ours))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for code, said in pool.map(lambda row: compile_row(row, compiling, target), every):
            if code != 0:
                problems.append(said)
    print("\n".join(problems))
    print(f"{len(headers)} headers in {len(every)} rows, {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
