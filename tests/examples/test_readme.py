"""The README's transcript, typed into a shell: what it shows is what is printed, but for ids, times
and figures. A line of three dots stands for any lines, three dots at a line's end for the rest."""
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from serving import ROOT, serving  # noqa: E402

CLI = "/usr/bin/aws"
SECONDS = 60
CHANGING = [
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+"), "TIME"),
    (re.compile(r"deflated [0-9]+%"), "deflated"),
]


def transcript():
    """[(command, lines shown)]"""
    block = re.search(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(),
                      re.MULTILINE | re.DOTALL).group(1)
    steps = []
    for line in block.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        elif line.startswith("> ") and not steps[-1][1]:
            steps[-1] = (steps[-1][0] + "\n" + line[2:], [])
        else:
            steps[-1][1].append(line)
    return steps


def plain(line):
    for pattern, name in CHANGING:
        line = pattern.sub(name, line)
    return line


def matches(shown, printed):
    if not shown:
        return not printed
    if shown[0] == "...":
        return any(matches(shown[1:], printed[at:]) for at in range(len(printed) + 1))
    if not printed:
        return False
    wanted, got = plain(shown[0]), plain(printed[0])
    same = got.startswith(wanted[:-3]) if wanted.endswith("...") else got == wanted
    return same and matches(shown[1:], printed[1:])


def test_first_minute(tmp_path):
    if not os.path.exists(CLI) or not shutil.which("zip"):
        pytest.skip("AWS CLI 2 or zip is not installed")
    with serving(tmp_path / "data") as endpoint:
        end = "@@@ end of a command"
        lines = ["shopt -s expand_aliases"]
        for command, _ in transcript():
            lines += [command.replace("http://127.0.0.1:4566", endpoint), f"echo; echo '{end}'"]
        work = tmp_path / "work"
        work.mkdir()
        run = subprocess.run(["bash", "-c", "\n".join(lines)], cwd=work, text=True, timeout=SECONDS,
                             env={**os.environ, "AWS_CONFIG_FILE": "/dev/null",
                                  "PATH": "/usr/bin:" + os.environ["PATH"]},
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    outputs = [[line for line in output.splitlines() if line.strip()]
               for output in run.stdout.split(end)]
    assert len(outputs) == len(transcript()) + 1, run.stdout
    for (command, shown), printed in itertools.zip_longest(transcript(), outputs[:-1]):
        assert matches(shown, printed), "\n".join([f"$ {command}", *printed])


def test_a_difference_is_seen():
    assert matches(["a", "...", "z"], ["a", "b", "z"])
    assert not matches(["a", "..."], ["b"])
    assert not matches(["Hello..."], ["Help"])
    assert not matches(["a"], ["a", "b"])
    assert len(transcript()) > 5
