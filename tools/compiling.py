"""How sources of this tree are compiled, from a configured build directory. Standard library only."""
import json
import pathlib
import shlex
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Compiling:
    """`target` is one whose flags all others of its kind share; "lapwing_base_test" also has
    GoogleTest. `launcher` ends with the compiler."""

    def __init__(self, build, target):
        for entry in json.loads((pathlib.Path(build) / "compile_commands.json").read_text()):
            if f"/{target}.dir/" in entry["command"]:
                break
        else:
            raise SystemExit(f"{build} has no {target}: configure it with its tests")
        self.directory = entry["directory"]
        words = shlex.split(entry["command"])
        words = words[:words.index("-o")]
        at = next(i for i, word in enumerate(words) if word.startswith("-D"))
        self.launcher, flags = words[:at], iter(words[at:])
        self.flags = []
        for word in flags:
            if word in ("-MT", "-MF"):
                next(flags)
            elif word != "-MD":
                self.flags.append(word)


def base_of_changes(given=None):
    """What is given; else where this branch left main; on main itself, the commit before, where
    the clone has it."""
    if given:
        return given

    def git(*arguments):
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True,
                              text=True).stdout.strip()
    left = git("merge-base", "HEAD", "main")
    if left and left != git("rev-parse", "HEAD"):
        return left
    return "HEAD~1" if git("rev-parse", "--verify", "--quiet", "HEAD~1") else "HEAD"


def changed_files(base):
    """What differs from `base`, and what git does not know yet."""
    differs = subprocess.run(["git", "diff", "--name-only", base, "--"], cwd=ROOT,
                             capture_output=True, text=True)
    if differs.returncode != 0:
        raise SystemExit(f"no changes since {base}: {differs.stderr.strip()}")
    return differs.stdout.split() + subprocess.run(["git", "ls-files", "-o", "--exclude-standard"], cwd=ROOT,
                                  capture_output=True, text=True, check=True).stdout.split()
