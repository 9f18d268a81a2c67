#!/usr/bin/env python3
"""Runs every test and adds up the counts. Called by ./test; standard library only.

    ./test [filter ...]      the steps whose names contain one of these; --list names them
    ./test --changed [BASE]  what the changes since BASE (main, or the commit before) can touch

With the address sanitizer, services are tested where they differ from main, or from the commit
before, or where a filter names them ("asan"): what they are made of always is.

A step is one command with one name. Unit tests write gtest or JUnit XML, from which the
counts come; a step without such a report counts as one test. Everything a step prints goes
to build/test-logs/<step>.log and, when it fails, to the terminal.
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zlib
import xml.etree.ElementTree as ET

from compiling import base_of_changes, changed_files

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
VENV = ROOT / "build" / "venv"
JOBS = str(os.cpu_count() or 2)
STEP_TIMEOUT_S = 1800
ABOVE = ("services_", "server")  # folders above what services share
TAIL_LINES = 60
# What the Python steps of this tree leave: the data directories of many servers. In /tmp, as the
# names of sockets must be short.
LEFT = pathlib.Path(tempfile.gettempdir()) / f"lapwing-tests-{zlib.crc32(str(ROOT).encode()):08x}"
REMOVALS = []
SAYING = threading.Lock()  # lanes end when they end


class Step:
    def __init__(self, name, command, report=None, env=None, needs=None):
        self.name = name
        self.command = command
        self.report = report      # "gtest", "junit" or None
        self.env = env or {}
        self.needs = needs        # a callable that returns why to skip, or None


class Counts:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, passed, failed, skipped):
        self.passed += passed
        self.failed += failed
        self.skipped += skipped


def sources(*suffixes):
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "src", "fuzz", "bench",
                          "tests"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [f for f in out.splitlines() if f.endswith(suffixes) and (ROOT / f).is_file()]


def test_folders():
    """Folders below src/ with a library of their own and tests: "store", "services/logs"."""
    for cmake in sorted((ROOT / "src").rglob("CMakeLists.txt")):
        if any(cmake.parent.rglob("*_test.cpp")):
            yield str(cmake.parent.relative_to(ROOT / "src"))


def style_steps():
    files = sources(".cpp", ".hpp")
    yield Step("style.format", ["clang-format-19", "--dry-run", "--Werror", *files])
    yield Step("style.tidy", ["tools/tidy.py"])
    yield Step("style.floors", ["tools/include_floors.py"])


def unit_steps(preset, only=None):
    for folder in test_folders():
        name = folder.replace("/", "_")
        if only and name not in only:
            continue
        binary = ROOT / "build" / preset / "src" / folder / f"lapwing_{name}_test"
        env = {"ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
               "UBSAN_OPTIONS": "print_stacktrace=1", "LAPWING_TEST_PRESET": preset}
        yield Step(f"unit.{preset}.{name}", [str(binary)], "gtest", env)


def fuzz_corpora():
    return sorted(corpus for corpus in (ROOT / "fuzz" / "corpus").iterdir() if corpus.is_dir())


def fuzz_targets():
    return [f"fuzz_{corpus.name}" for corpus in fuzz_corpora()]


def fuzz_steps():
    for corpus in fuzz_corpora():
        binary = ROOT / "build" / "asan" / "fuzz" / f"fuzz_{corpus.name}"
        yield Step(f"fuzz.{corpus.name}", [str(binary), "-runs=0", str(corpus)])


def python_lanes():
    """Lists of steps that run beside one another; within a list, one after the other. What attacks
    the server and measures what others feel of it comes afterwards, alone."""
    pytest = [str(VENV / "bin" / "python3"), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    env = {"LAPWING_BINARY": str(ROOT / "build/release/lapwing")}

    def step(name, *arguments):
        return Step(f"py.{name}", [*pytest, *map(str, arguments)], "junit", env)

    tests = ROOT / "tests"
    attacks = sorted((tests / "system").glob("test_neighbours_*.py"))
    others = [step(f"{folder}_own", ROOT / folder) for folder in ("codegen", "runtimes")]
    for part in sorted(p for p in tests.iterdir() if p.is_dir() and any(p.rglob("test_*.py"))):
        if part.name not in ("system", "examples"):
            others.append(step(part.name, part))
    system = step("system", tests / "system", *(f"--ignore={attack}" for attack in attacks))
    examples = step("examples", tests / "examples")  # so that both lanes take about as long
    return [[system, examples], others], [[step("neighbours", *attacks)]]


def run(command, log, env=None, timeout=STEP_TIMEOUT_S):
    with open(log, "ab") as out:
        out.write(("$ " + shlex.join(map(str, command))[:400] + "\n").encode())
        out.flush()
        try:
            return subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
                                  stdin=subprocess.DEVNULL, timeout=timeout,
                                  env={**os.environ, **(env or {})}).returncode
        except subprocess.TimeoutExpired:
            out.write(b"\n*** timed out\n")
            return 124
        except FileNotFoundError as error:
            out.write(f"\n*** {error}\n".encode())
            return 127


def discard(directory):
    """Removes it without being waited for: tens of thousands of small files take a while, and pytest
    by itself has the next run wait for them."""
    if not directory.exists():
        return
    gone = directory.with_name(f"{directory.name}.gone-{time.time_ns()}")
    directory.rename(gone)
    idle = ["ionice", "-c3"] if shutil.which("ionice") else []
    REMOVALS.append(subprocess.Popen(
        [*idle, "rm", "-rf", str(gone)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True))


def read_report(path, code):
    """(passed, failed, skipped) of a gtest or JUnit XML file."""
    try:
        root = ET.parse(path).getroot()
    except (OSError, ET.ParseError):
        return (0, 1, 0)
    passed = failed = skipped = 0
    for case in root.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("status") == "notrun" or \
                case.get("result") == "skipped":
            skipped += 1
        else:
            passed += 1
    if code != 0 and failed == 0:
        failed += 1  # died outside a test case
    return (passed, failed, skipped)


def execute(step, counts):
    log = LOGS / f"{step.name}.log"
    log.unlink(missing_ok=True)
    report = LOGS / f"{step.name}.xml"
    report.unlink(missing_ok=True)
    command = list(step.command)
    if step.report == "gtest":
        command.append(f"--gtest_output=xml:{report}")
    elif step.report == "junit":
        discard(LEFT / step.name)
        LEFT.mkdir(mode=0o700, exist_ok=True)
        command += [f"--junitxml={report}", f"--basetemp={LEFT / step.name}"]
    start = time.monotonic()
    code = run(command, log, step.env)
    seconds = time.monotonic() - start
    if step.report:
        result = read_report(report, code)
    else:
        result = (1, 0, 0) if code == 0 else (0, 1, 0)
    verdict = "ok  " if result[1] == 0 else "FAIL"
    said = (f"{verdict} {step.name:<34} {result[0]:>5} passed {result[1]:>3} failed "
            f"{result[2]:>3} skipped {seconds:7.1f} s")
    if result[1] == 0:
        discard(LEFT / step.name)
    else:
        lines = log.read_text(errors="replace").splitlines()
        said = "\n".join([said, *lines[-TAIL_LINES:]])
    with SAYING:
        counts.add(*result)
        print(said, flush=True)
    return result[1] == 0


def build(counts, preset, targets=()):
    log = LOGS / f"build.{preset}.log"
    log.unlink(missing_ok=True)
    start = time.monotonic()
    code = run(["tools/build", preset, *targets], log, timeout=3600)
    print(f"{'ok  ' if code == 0 else 'FAIL'} build.{preset:<28} {time.monotonic() - start:7.1f} s",
          flush=True)
    if code != 0:
        counts.add(0, 1, 0)
        lines = log.read_text(errors="replace").splitlines()
        print("\n".join(lines[-TAIL_LINES:]), flush=True)
    return code == 0


def prepare_venv(counts):
    """The Python clients of the tests (boto3, both AWS CLIs) live in build/venv*."""
    script = ROOT / "tests" / "prepare.sh"
    if not script.is_file():
        if not (VENV / "bin/python3").exists():
            run([sys.executable, "-m", "venv", "--system-site-packages", str(VENV)],
                LOGS / "venv.log")
        return True
    log = LOGS / "prepare.log"
    log.unlink(missing_ok=True)
    start = time.monotonic()
    code = run([str(script)], log)
    print(f"{'ok  ' if code == 0 else 'FAIL'} prepare{'':<27} {time.monotonic() - start:7.1f} s",
          flush=True)
    if code != 0:
        counts.add(0, 1, 0)
        print(log.read_text(errors="replace")[-4000:])
    return code == 0


TSAN_FOLDERS = ("net", "background", "engine")


def uses():
    """Each folder with those it is linked with, from the CMakeLists."""
    out = {}
    for folder in test_folders():
        text = (ROOT / "src" / folder / "CMakeLists.txt").read_text()
        words = set(re.findall(r"[a-z_]+", text.split("DEPS", 1)[1])) if "DEPS" in text else set()
        out[folder.replace("/", "_")] = words
    return out


def asan_folders(filters):
    folders = [folder.replace("/", "_") for folder in test_folders()]
    if any("asan" in each for each in filters):
        return folders
    changed = changed_files(base_of_changes())
    return [name for name in folders
            if not name.startswith(ABOVE) or
            any(each.startswith(f"src/{name.replace('services_', 'services/')}/") for each in changed)]


def changed_steps(base):
    """Whether a step can have been touched by what differs from `base`."""
    names = changed_files(base)
    if any(name.startswith(("cmake/", "CMakeLists.txt", "codegen/", "models/", "test", "tools/"))
           and not name.startswith("tests/") for name in names):
        return lambda step: True
    graph = uses()
    touched = {folder for folder in graph for name in names
               if name.startswith(f"src/{folder.replace('services_', 'services/')}/")}
    own = set(touched)
    growing = True
    while growing:
        more = {folder for folder, deps in graph.items() if deps & touched} - touched
        touched |= more
        growing = bool(more)
    code = any(name.startswith(("src/", "runtimes/", "fuzz/")) for name in names)

    def wanted(step):
        kind, _, rest = step.partition(".")
        if kind == "style" or step == "headers.alone":
            return code or kind == "style"
        if kind == "unit":
            preset, _, folder = rest.partition(".")
            return folder in (touched if preset == "release" else own)
        if kind == "fuzz":
            return code
        return code or any(name.startswith(f"tests/{rest}/") for name in names)
    return wanted


def main() -> int:
    arguments = sys.argv[1:]
    listing = "--list" in arguments
    changed = "--changed" in arguments
    filters = [a for a in arguments if not a.startswith("-")]
    if changed:
        selected = changed_steps(base_of_changes(filters[0] if filters else None))
    else:
        def selected(name):
            return not filters or any(f in name for f in filters)

    LOGS.mkdir(parents=True, exist_ok=True)
    counts = Counts()
    if not listing and subprocess.run(["tools/setup", "build", "run", "test"],
                                      cwd=ROOT).returncode != 0:
        print("0 passed, 1 failed, 0 skipped")
        return 1

    def phase(prepare, steps):
        chosen = [step for step in steps if selected(step.name)]
        if listing:
            print("".join(step.name + "\n" for step in chosen), end="")
        elif chosen and prepare():
            for step in chosen:
                execute(step, counts)

    phase(lambda: True, style_steps())
    phase(lambda: build(counts, "release"), unit_steps("release"))
    phase(lambda: True, [Step("headers.alone", ["tools/check_headers.py", "build/release"]),
                         Step("style.clang_tidy", ["tools/clang_tidy.py", "build/release"])])
    asan = asan_folders(filters)
    asan_targets = [*(f"lapwing_{name}_test" for name in asan), *fuzz_targets()]
    phase(lambda: build(counts, "asan", asan_targets), [*unit_steps("asan", asan), *fuzz_steps()])
    tsan_targets = [f"lapwing_{name}_test" for name in TSAN_FOLDERS]
    phase(lambda: build(counts, "tsan", tsan_targets), unit_steps("tsan", TSAN_FOLDERS))

    def lanes(prepare, sets):
        chosen = [[[step for step in lane if selected(step.name)] for lane in together]
                  for together in sets]
        if listing:
            print("".join(step.name + "\n" for together in chosen for lane in together
                          for step in lane), end="")
        elif any(lane for together in chosen for lane in together) and prepare():
            for together in chosen:
                for removal in REMOVALS:  # what comes next may measure
                    removal.wait()
                threads = [threading.Thread(target=lambda lane=lane: [execute(step, counts)
                                                                      for step in lane])
                           for lane in together]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()

    lanes(lambda: build(counts, "release") and prepare_venv(counts), python_lanes())

    if not listing:
        print(f"{counts.passed} passed, {counts.failed} failed, {counts.skipped} skipped")
    return 1 if counts.failed or (not listing and counts.passed == 0) else 0


if __name__ == "__main__":
    sys.exit(main())
