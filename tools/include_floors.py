#!/usr/bin/env python3
"""Holds the tree to its floors.

A folder under src/ may include only folders of lower floors and itself; same-floor
includes are forbidden but for the edges named here. Third-party headers may be included
only in the files named in CONTAINED. Run with no arguments; exits 1 and says what to do
for every violation.
"""
import fnmatch
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SRC = ROOT / "src"

FLOOR = {
    "base": 0,
    "os": 1, "text": 1, "crypto": 1,
    "net": 2, "policy": 2, "patterns": 2, "schedule": 2, "expressions": 2,
    "http": 3, "store": 3, "background": 3,
    "aws": 4, "ports": 4, "sandbox": 4, "images": 4, "gen": 4,
    "runtime": 5, "resources": 5, "journal": 5,
    "engine": 6, "hosting": 6, "delivery": 6, "mappings": 6,
    "services": 7, "cluster": 7,
    "console": 8,
    "server": 9,
}
# Same-floor edges that are meant.
EDGES = {("ports", "aws"), ("http", "net"), ("runtime", "sandbox"), ("aws", "gen"), ("gen", "aws"),
         # Of their tests alone: the clock that is moved by hand.
         ("delivery", "hosting"), ("mappings", "hosting")}

# header pattern -> the only files that may include it (globs below src/)
CONTAINED = [
    (r"boost/", []),
    (r"openssl/", ["crypto/*.cpp", "net/tls*.cpp"]),
    (r"sqlite3\.h", ["store/sqlite/*.cpp", "store/sqlite/*_internal.hpp"]),
    (r"libpq", ["store/postgres/*.cpp"]),
    (r"archive(_entry)?\.h|zlib\.h|zstd\.h",
     ["services/lambda/package*.cpp", "services/lambda/zip*.cpp", "text/gzip.cpp",
      "crypto/crc32.cpp", "images/decompress.cpp",
      "images/testing/compress.cpp"]),
    (r"seccomp\.h", ["os/*.cpp", "sandbox/*.cpp"]),
    (r"sys/mount\.h|linux/", ["os/*", "sandbox/*.cpp"]),
    (r"pcre2", ["text/pattern.cpp"]),
    (r"toml\+\+", ["server/config*.cpp", "server/config_value.hpp"]),
    (r"CLI/", ["server/main.cpp", "server/cli*.cpp"]),
    (r"yaml-cpp", []),
    (r"nghttp2", ["http/h2_session.cpp"]),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')


def folder_of(path: str) -> str:
    return path.split("/", 1)[0]


def check_own(relative: str, target: str, problems: list, where: str) -> None:
    mine, theirs = folder_of(relative), folder_of(target)
    if theirs not in FLOOR:
        return
    if mine == theirs:
        if mine == "services":
            a, b = relative.split("/")[1], target.split("/")[1]
            if a != b:
                problems.append(f"{where}: services/{a} includes services/{b}: siblings meet "
                                f"only through ports/")
        return
    if FLOOR[theirs] > FLOOR[mine] or (
            FLOOR[theirs] == FLOOR[mine] and (mine, theirs) not in EDGES):
        problems.append(f"{where}: {mine} (floor {FLOOR[mine]}) includes {theirs} "
                        f"(floor {FLOOR[theirs]}): move the shared part down, or turn the "
                        f"dependency round with an interface")


def check_foreign(relative: str, target: str, problems: list, where: str) -> None:
    for pattern, allowed in CONTAINED:
        if re.match(pattern, target):
            if not any(fnmatch.fnmatch(relative, glob) for glob in allowed):
                problems.append(f"{where}: <{target}> may be included only in "
                                f"{', '.join(allowed) or 'no file yet'}")
            return


def main() -> int:
    problems = []
    count = 0
    for path in sorted(SRC.rglob("*")):
        if path.suffix not in (".hpp", ".cpp", ".h"):
            continue
        relative = str(path.relative_to(SRC))
        if folder_of(relative) not in FLOOR:
            problems.append(f"src/{relative}: folder is not in the table of floors")
            continue
        count += 1
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            where = f"src/{relative}:{number}"
            if match.group(1) == '"':
                check_own(relative, match.group(2), problems, where)
            else:
                check_foreign(relative, match.group(2), problems, where)
    for problem in problems:
        print(problem)
    print(f"include floors: {count} files, {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
