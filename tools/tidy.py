#!/usr/bin/env python3
"""The style test: what a reviewer would otherwise have to say again and again.

Each rule names itself and teaches by its message. Run with no arguments; exits 1 when
anything is found.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINE_MAX = 100
FILE_LINES_MAX = 600
README_LINES_MAX = 40
CODE = (".cpp", ".hpp")
SCRIPTS = (".py", ".sh", ".mjs", ".js")

HEADER_BANS = re.compile(r"#\s*include\s*<(iostream|regex|filesystem|ranges|functional)>")
LINE_RULES = [
    (re.compile(r"\b(FIXME|XXX|HACK)\b"),
     "leftover marker: fix it, or write TODO(kind): with what is missing and why"),
    (re.compile(r"\bTODO\b(?!\((perf|security|cleanup|feature|test)\))"),
     "a TODO carries a kind: TODO(perf|security|cleanup|feature|test)"),
    (re.compile(r"\bDO[_ ]NOT[_ ]MERGE\b"), "marked as not to be merged"),
]
CPP_RULES = [
    (re.compile(r"\bstd::(cout|cerr|regex)\b"),
     "use the Logger (base/log.hpp), fmt::print in commands, or text/pattern.hpp"),
    (re.compile(r"\b(strcpy|strcat|sprintf|gets|strtok|atoi|atol)\s*\("),
     "unsafe C function: use std::string, fmt or std::from_chars"),
    (re.compile(r"\bthread_local\b"), "no thread-local magic: pass the value"),
    (re.compile(r"\busing namespace\b"), "name what you use; no using namespace"),
    (re.compile(r"\b(sleep_for|usleep|nanosleep)\s*\("),
     "wait for the condition, not for a time"),
]
# Above the store nobody owns threads or waits on real time: background::Runner does, by the server's
# clock. (sandbox/, runtime/ and engine/ wait for processes, which keep real time, on loops.)
SERVICE_TIME = re.compile(r"\bstd::(jthread|thread)\b(?!::)|\bwait_(for|until)\s*\(|steady_clock::now")
SERVICE_FOLDERS = ("src/aws/", "src/ports/", "src/resources/", "src/hosting/", "src/services/",
                   "src/server/")
# Function output, which comes in real time; interpreters that compile ahead.
REAL_TIME = {"src/services/logs/sink.cpp", "src/services/logs/sink.hpp",
             "src/server/maintenance.cpp", "src/server/maintenance.hpp"}
# What is not built says so in one way, whatever the service.
UNSUPPORTED = re.compile(r'"NotImplemented"|\bErrorKind::kUnsupported,')
# Words that present-day English does without, in whatever people read.
PROSE = (".md", ".txt", ".rb", ".cjs", ".go", ".java", ".rs", ".html", ".cmake", "")
NOT_OURS = ("LICENSE", "NOTICE")
OLD_WORDS = re.compile(
    r"\b(whoever|whomever|whosoever|whatsoever|anew|afresh|for ever|one's own|in vain|upon|unto|"
    r"there(?:by|of|in|upon|to|from)|where(?:by|of|in|upon|to|from)|here(?:by|of|in|upon|to|after)|"
    r"hitherto|hence|henceforth|thence|whence|forthwith|whilst|amongst|naught|nought|aught|lest|"
    r"albeit)\b", re.I)
# An allocator's cache is nobody's state: operator new has no parameter to pass it in.
ALLOCATORS = {"src/net/frame_pool.cpp"}


def tracked() -> list:
    out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    return [ROOT / line for line in out.splitlines() if (ROOT / line).is_file()]


def check_lines(path, relative, text, problems):
    is_cpp = path.suffix in CODE
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{relative}:{number}"
        if is_cpp and len(line) > LINE_MAX and "http" not in line and 'R"' not in line:
            problems.append(f"{where}: {len(line)} columns; {LINE_MAX} is the limit")
        for rule, message in LINE_RULES:
            if rule.search(line) and relative != "tools/tidy.py":
                problems.append(f"{where}: {message}")
        if not is_cpp:
            continue
        code = line.split("//", 1)[0]
        for rule, message in CPP_RULES:
            if rule.search(code) and not ("thread_local" in rule.pattern
                                          and relative in ALLOCATORS):
                problems.append(f"{where}: {message}")
        if (SERVICE_TIME.search(code) and relative.startswith(SERVICE_FOLDERS)
                and relative not in REAL_TIME and "/testing/" not in relative
                and not relative.endswith(("_test.cpp", "_bench.cpp"))):
            problems.append(f"{where}: wait by the server's clock: background::Runner")
        if (UNSUPPORTED.search(code) and relative.startswith("src/services/")
                and not relative.endswith("_test.cpp")):
            problems.append(f"{where}: aws::unsupported() and aws::not_implemented() say this for "
                            f"all services")
        if path.suffix == ".hpp" and HEADER_BANS.search(code):
            problems.append(f"{where}: heavy header in a header: include it in the .cpp")


def check_words(path, relative, problems):
    if (path.suffix not in CODE + SCRIPTS + PROSE or relative in NOT_OURS
            or relative == "tools/tidy.py"):
        return
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        if found := OLD_WORDS.search(line):
            problems.append(f"{relative}:{number}: \"{found.group(0)}\": plain present-day English "
                            f"(those who, again, forever, your own, by this, ...)")


def check_file(path, relative, problems):
    if path.suffix not in CODE + SCRIPTS:
        return
    text = path.read_text(errors="replace")
    lines = text.count("\n") + 1
    if lines > FILE_LINES_MAX:
        problems.append(f"{relative}: {lines} lines; over {FILE_LINES_MAX} means more than one "
                        f"subject: split by subject")
    if path.suffix == ".hpp" and "#pragma once" not in text:
        problems.append(f"{relative}: a header starts with #pragma once")
    if re.search(r"[ \t]+$", text, re.M):
        problems.append(f"{relative}: trailing white space")
    check_lines(path, relative, text, problems)


def check_readmes(problems):
    table = (ROOT / "src/README.md").read_text()
    folders = [p for p in (ROOT / "src").iterdir() if p.is_dir() and p.name != "services"]
    services = ROOT / "src/services"
    folders += [p for p in services.iterdir() if p.is_dir()] if services.is_dir() else []
    for folder in folders:
        name = folder.relative_to(ROOT / "src")
        readme = folder / "README.md"
        if not readme.is_file():
            problems.append(f"src/{name}: has no README.md (what it is for, key types, what "
                            f"never belongs here)")
        elif readme.read_text().count("\n") > README_LINES_MAX:
            problems.append(f"src/{name}/README.md: over {README_LINES_MAX} lines")
        if f"`{name}/`" not in table:
            problems.append(f"src/README.md: has no line for `{name}/`")


def main() -> int:
    problems = []
    files = tracked()
    for path in files:
        relative = str(path.relative_to(ROOT))
        if relative.startswith(("models/", "fuzz/corpus/")) or "/data/" in relative:
            continue
        check_file(path, relative, problems)
        check_words(path, relative, problems)
    check_readmes(problems)
    for problem in problems:
        print(problem)
    print(f"tidy: {len(files)} files, {len(problems)} problem(s)")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
