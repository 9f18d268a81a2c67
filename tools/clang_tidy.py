#!/usr/bin/env python3
"""Runs the blocking clang-tidy profile (.clang-tidy) over the files that wait: those with a
co_await, where a mistake costs most and reads worst. Other files: name them.

    clang_tidy.py [BUILD_DIR] [FILE...]
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def waiting_files():
    for path in sorted((ROOT / "src").rglob("*.cpp")):
        if not path.name.endswith(("_test.cpp", "_bench.cpp")) and "co_await" in path.read_text():
            yield path


def check(build, path):
    done = subprocess.run(["clang-tidy-19", "-p", str(build), "--quiet", str(path)], cwd=ROOT,
                          capture_output=True, text=True)
    return path, done.returncode, done.stdout


def main() -> int:
    build = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build/release"
    files = [pathlib.Path(f) for f in sys.argv[2:]] or list(waiting_files())
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, code, output in pool.map(lambda f: check(build, f), files):
            if code != 0 or "warning:" in output:
                failed += 1
                print(output)
    print(f"clang-tidy: {len(files)} files, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
