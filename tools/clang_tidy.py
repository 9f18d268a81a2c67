#!/usr/bin/env python3
"""Runs the blocking clang-tidy profile (.clang-tidy) over the files that wait: those with a
co_await, where a mistake costs most and reads worst. Other files: name them.

    clang_tidy.py [BUILD_DIR] [FILE...]

The analyzer takes four times as long as all else together: it looks at the files named, otherwise
at those that differ from main, or from the commit before.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys

from compiling import ROOT, Compiling, base_of_changes, changed_files


def waiting_files():
    for path in sorted((ROOT / "src").rglob("*.cpp")):
        if not path.name.endswith(("_test.cpp", "_bench.cpp")) and "co_await" in path.read_text():
            yield path


def check(compiling, path, analyze):
    checks = [] if analyze else ["--checks=-clang-analyzer-*"]
    done = subprocess.run(["clang-tidy-19", "--quiet", *checks, str(path), "--", *compiling.flags],
                          cwd=compiling.directory, capture_output=True, text=True)
    return done.returncode, done.stdout + (done.stderr if "error:" in done.stderr else "")


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT / "build/release"
    compiling = Compiling(build, "lapwing_base")
    named = [pathlib.Path(name).resolve() for name in sys.argv[2:]]
    files = named or list(waiting_files())
    analyzed = set(named or (ROOT / name for name in changed_files(base_of_changes())))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for code, output in pool.map(lambda f: check(compiling, f, f in analyzed), files):
            if code != 0 or "warning:" in output or "error:" in output:
                failed += 1
                print(output)
    print(f"clang-tidy: {len(files)} files, {len(analyzed.intersection(files))} of them analyzed, "
          f"{failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
