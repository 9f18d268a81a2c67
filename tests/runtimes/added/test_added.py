"""`lapwing runtime add`: interpreters kept in the data directory serve beside the machine's."""
import json
import pathlib
import shutil
import subprocess

import pytest
from conftest import lapwing
from interpreters import pythons

SEE = """
import os, sys
def handler(event, context):
    return [list(sys.version_info[:2]), sys.prefix, sys.executable, os.environ["AWS_EXECUTION_ENV"]]
"""


def copied_python(version, target):
    """A prefix of its own made of an installed Python: its executable and its library."""
    script = ("import sys, sysconfig, json; print(json.dumps([sys.base_prefix, "
              "sysconfig.get_path('stdlib'), sysconfig.get_path('include')]))")
    path = pythons()[version]
    prefix, library, include = json.loads(
        subprocess.run([path, "-c", script], capture_output=True, check=True, text=True).stdout)
    x = "python{}.{}".format(*version)
    skip = shutil.ignore_patterns("test", "tests", "__pycache__", "site-packages", "config-*",
                                  "idlelib", "tkinter", "ensurepip", "dist-packages")
    shutil.copytree(library, target / "lib" / x, symlinks=True, ignore=skip)
    (target / "bin").mkdir()
    shutil.copy(f"{prefix}/bin/{x}", target / "bin" / x)
    (target / "include" / x).mkdir(parents=True)
    for shared in pathlib.Path(prefix, "lib").glob(f"lib{x}.so*"):
        shutil.copy(shared, target / "lib")
    header = f"{include}/patchlevel.h"
    try:
        shutil.copy(header, target / "include" / x)
    except FileNotFoundError:
        pass  # Debian without the development package
    return target


@pytest.fixture(scope="module")
def version():
    return max(pythons())


def test_serves_from_the_next_start(started, tmp_path, version):
    name = "python{}.{}".format(*version)
    data = tmp_path / "data"
    tree = copied_python(version, tmp_path / "tree")
    added = lapwing("runtime", "add", name, "--from", tree, "--data-dir", data)
    assert added.returncode == 0, added.stderr
    assert "restarted" in added.stdout
    shutil.rmtree(tree)  # a copy is kept

    client = started(data)
    function = client.deploy({"app.py": SEE}, name, "app.handler")
    said, answer, log = client.invoke(function, {})
    assert "FunctionError" not in answer, (said, log)
    assert said == [list(version), "/var/lang", "/var/lang/bin/" + name, "AWS_Lambda_" + name]
    listed = lapwing("runtime", "list", "--data-dir", data).stdout
    assert [line.split()[0] for line in listed.splitlines() if "added" in line] == [name]
    doctor = lapwing("doctor", "--data-dir", data)
    assert "added" in doctor.stdout and str(data) in doctor.stdout
    client.server.stop()

    # Taken away, it is the machine's that serves again.
    removed = lapwing("runtime", "remove", name, "--data-dir", data)
    assert removed.returncode == 0, removed.stderr
    client = started(data)
    said, _, _ = client.invoke(function, {})
    assert said[0] == list(version)
    assert not any((data / "added" / "trees").iterdir())


def test_several_versions_side_by_side(started, tmp_path):
    some = sorted(pythons())[-2:]
    if len(some) < 2:
        pytest.skip("one Python only")
    data = tmp_path / "data"
    for version in some:
        name = "python{}.{}".format(*version)
        tree = copied_python(version, tmp_path / name)
        added = lapwing("runtime", "add", name, "--from", tree, "--data-dir", data)
        assert added.returncode == 0, added.stderr
    client = started(data)
    for version in some:
        name = "python{}.{}".format(*version)
        function = client.deploy({"app.py": SEE}, name, "app.handler")
        assert client.invoke(function, {})[0][:2] == [list(version), "/var/lang"]


@pytest.mark.parametrize("arguments, message", [
    (["python3.1", "--from", "/usr"], "no Python 3.1 below its bin/"),
    (["cobol1", "--from", "/usr"], "no runtime that can be added"),
    (["python3.12", "--from", "/nowhere"], "is no directory"),
])
def test_refusals(tmp_path, arguments, message):
    refused = lapwing("runtime", "add", *arguments, "--data-dir", tmp_path)
    assert refused.returncode == 1
    assert message in refused.stderr
    removed = lapwing("runtime", "remove", "python3.12", "--data-dir", tmp_path)
    assert removed.returncode == 1 and "was never added" in removed.stderr
