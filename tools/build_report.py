#!/usr/bin/env python3
"""What compiling costs: seconds of jobs a folder, and the slowest files.

    CCACHE_DISABLE=1 tools/build release && tools/build_report.py [release] [--top 20]

Reads the build tool's own log, so it tells of the newest build of each file; with a warm compiler
cache it tells what the cache costs. A service is to stay within 40 s, a file within 3 s: what is
beyond is marked.
"""
import argparse
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER_SECONDS = 40
FILE_SECONDS = 3
OBJECT = re.compile(r"^src/(.+?)/CMakeFiles/[^/]+\.dir/(.+)\.o$")


def jobs(log):
    """(folder, file, seconds) of each object, the newest of each."""
    seconds = {}
    for line in log.read_text().splitlines()[1:]:
        start, end, _, output, _ = line.split("\t")
        seconds[output] = (int(end) - int(start)) / 1000
    for output, took in seconds.items():
        match = OBJECT.match(output)
        if match:
            folder, file = match.groups()
            generated = re.search(r"generated/gen/([a-z0-9-]+)/", file)
            yield (f"gen/{generated.group(1)}" if generated else folder), file, took


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("preset", nargs="?", default="release")
    parser.add_argument("--top", type=int, default=20)
    arguments = parser.parse_args()
    log = ROOT / "build" / arguments.preset / ".ninja_log"
    if not log.exists():
        sys.exit(f"{log}: build first (tools/build {arguments.preset})")
    folders = collections.Counter()
    files = []
    for folder, file, took in jobs(log):
        folders[folder] += took
        files.append((took, folder, file))
    print(f"{'folder':<28} seconds of jobs")
    for folder, took in folders.most_common():
        mark = "  beyond" if folder.startswith("services/") and took > FOLDER_SECONDS else ""
        print(f"{folder:<28} {took:8.1f}{mark}")
    print(f"\n{'file':<70} seconds")
    for took, folder, file in sorted(files, reverse=True)[:arguments.top]:
        name = f"{folder}: {file.rsplit('/', 1)[-1]}"
        print(f"{name:<70} {took:8.1f}{'  beyond' if took > FILE_SECONDS else ''}")


if __name__ == "__main__":
    main()
