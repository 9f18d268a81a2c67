"""Every example: built by its own build.sh, run on its own event, the answer given to check.py.

Here each runs straight from its package under our bootstraps, against the mock Runtime API. It
asks for what the example needs (npm, go, cargo) and skips, saying so, where that is missing.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "runtimes" / "testing"))

from interpreters import nodes, pythons  # noqa: E402
from mock_runtime_api import Environment  # noqa: E402

EXAMPLES = ROOT / "examples"
NAMES = sorted(p.parent.name for p in EXAMPLES.glob("*/example.json"))
TOOLS = {"sharp": "npm", "parquet-go": "go", "extension": "go", "csv-rust": "cargo"}
BUILD_SECONDS = 900


def needs(name):
    tool = TOOLS.get(name)
    if tool and not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")


@pytest.fixture(scope="session")
def built():
    """built(name) -> the example's build folder, made once a session."""
    done = {}

    def build(name):
        if name not in done:
            needs(name)
            run = subprocess.run([str(EXAMPLES / name / "build.sh")], capture_output=True,
                                 text=True, timeout=BUILD_SECONDS)
            done[name] = run
        assert done[name].returncode == 0, done[name].stdout + done[name].stderr
        return EXAMPLES / name / "build"

    return build


def unpack(package, folder):
    with zipfile.ZipFile(package) as archive:
        for entry in archive.infolist():
            path = archive.extract(entry, folder)
            os.chmod(path, (entry.external_attr >> 16) & 0o777 or 0o755)


def command(runtime, task_root):
    """How the sandbox would start it, outside the sandbox."""
    if runtime.startswith("python"):
        version = tuple(int(n) for n in runtime[len("python"):].split("."))
        bootstrap = ROOT / "runtimes/python/runtime/bootstrap.py"
        if version not in pythons():
            pytest.skip(f"{runtime} is not installed")
        return [pythons()[version], "-S", str(bootstrap)], "fd"
    if runtime.startswith("nodejs"):
        if not nodes():
            pytest.skip("no Node.js is installed")
        newest = nodes()[max(nodes())]
        return [newest, str(ROOT / "runtimes/node/runtime/bootstrap.cjs")], "fd"
    return [str(task_root / "bootstrap")], "tcp"


@pytest.mark.parametrize("name", NAMES)
def test_example(name, built, tmp_path):
    folder = built(name)
    settings = json.loads((EXAMPLES / name / "example.json").read_text())
    runtime = (folder / "runtime").read_text().strip()
    task_root = tmp_path / "task"
    unpack(folder / "function.zip", task_root)
    argv, over = command(runtime, task_root)
    with Environment(argv, task_root, settings["handler"], over, runtime=runtime) as env:
        for _ in range(2):  # the second one finds the environment as the first left it
            answer = env.invoke(raw=(folder / "event.json").read_bytes())
            assert answer.kind == "response", (answer.body, answer.printed)
            (tmp_path / "response.json").write_bytes(answer.body)
            check = subprocess.run([sys.executable, str(EXAMPLES / name / "check.py"),
                                    str(tmp_path / "response.json")],
                                   capture_output=True, text=True)
            assert check.returncode == 0, check.stderr
