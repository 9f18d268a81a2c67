"""tools/bring_sdks, which ./run calls: with clients of registries that answer, or do not."""
import os
import shutil
import subprocess

import pytest
from conftest import ROOT, lapwing
from serving import binary

SECONDS = 120
LISTS = ["runtimes/python/requirements-sdk.txt", "runtimes/node/package-sdk.json",
         "runtimes/ruby/gems-sdk.txt"]
NPM = """#!/bin/sh
echo called >>"$CALLS"
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/@aws-sdk/client-sts/dist-types"
echo '{ "version": "3.1.2" }' >"$2/node_modules/@aws-sdk/client-sts/package.json"
"""
FAILS = "#!/bin/sh\necho called >>\"$CALLS\"\nexit 1\n"


@pytest.fixture
def bring(tmp_path):
    """bring(npm's script, ...) -> what one run in a tree of its own printed, and calls of npm."""
    tree = tmp_path / "tree"
    for name in ["tools/bring_sdks", *LISTS]:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tree / name)
    clients, calls = tmp_path / "clients", tmp_path / "calls"
    clients.mkdir()
    calls.write_text("")

    def run(npm, **environment):
        for name, script in {"npm": npm, "gem": FAILS, "apt-get": FAILS}.items():
            (clients / name).write_text(script)
            (clients / name).chmod(0o755)
        path = f"{clients}:{os.environ['PATH']}"
        done = subprocess.run(
            [tree / "tools/bring_sdks", binary(), "--data-dir", tmp_path / "data"],
            env={"PATH": path, "HOME": str(tmp_path), "CALLS": str(calls), "PIP_NO_INDEX": "1",
                 "PIP_FIND_LINKS": str(tmp_path), "PIP_CONFIG_FILE": os.devnull, **environment},
            capture_output=True, text=True, timeout=SECONDS)
        assert (done.returncode, done.stdout) == (0, "")
        said, count = done.stderr.splitlines(), len(calls.read_text().splitlines())
        calls.write_text("")
        return said, count

    run.data, run.tree = tmp_path / "data", tree
    return run


def added(data):
    said = lapwing("runtime", "list", "--data-dir", data).stdout
    return [line.split()[0] for line in said.splitlines() if line.startswith("sdk-")]


def test_without_registries_it_says_so_and_goes_on(bring):
    said, _ = bring(FAILS)
    cannot = [line for line in said if "cannot be had here" in line]
    assert [line.split()[4] for line in cannot] == ["python", "node", "ruby"], said
    assert added(bring.data) == []
    # Not tried at every start.
    assert bring(NPM) == ([], 0)
    # A day later it is.
    failed = bring.tree / "build/sdk/node.failed"
    os.utime(failed, (failed.stat().st_mtime - 2 * 86400,) * 2)
    said, calls = bring(NPM)
    assert calls == 1 and any(line.startswith("sdk-node client-sts 3.1.2") for line in said), said
    assert added(bring.data) == ["sdk-node"]


def test_brought_once_for_every_data_directory(bring):
    bring(NPM, LAPWING_SDKS="node")
    tree = (bring.data / "added/sdk-node").resolve()
    assert not (tree / "node_modules/@aws-sdk/client-sts/dist-types").exists()
    assert bring(NPM, LAPWING_SDKS="node") == ([], 0)
    # Another list is another SDK; a new data directory has it from what is there.
    with open(bring.tree / "runtimes/node/package-sdk.json", "a") as file:
        file.write("\n")
    assert bring(NPM, LAPWING_SDKS="node")[1] == 1
    shutil.rmtree(bring.data)
    said, calls = bring(NPM, LAPWING_SDKS="node")
    assert calls == 0 and said[-1].startswith("sdk-node "), said


def test_what_an_operator_added_stays(bring, tmp_path):
    own = tmp_path / "own/node_modules/@aws-sdk/client-s3"
    own.mkdir(parents=True)
    (own / "package.json").write_text('{ "version": "3.9.9" }\n')
    assert lapwing("runtime", "add", "sdk-node", "--from", tmp_path / "own", "--data-dir",
                   bring.data).returncode == 0
    before = (bring.data / "added/sdk-node").resolve()
    bring(NPM, LAPWING_SDKS="node")
    assert (bring.data / "added/sdk-node").resolve() == before


def test_nothing_where_nothing_is_wanted(bring):
    assert bring(NPM, LAPWING_SDKS="") == ([], 0)
    assert not bring.data.exists()
