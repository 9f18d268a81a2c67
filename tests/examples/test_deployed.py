"""Every example deployed with the AWS CLI to a running Lapwing, invoked, its answer checked."""

import base64
import json
import pathlib
import subprocess
import sys

import pytest
from test_examples import EXAMPLES, NAMES, built  # noqa: F401

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from serving import Cli, serving  # noqa: E402


@pytest.fixture(scope="module")
def cli(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("data")) as endpoint:
        yield Cli(endpoint)


@pytest.mark.parametrize("name", NAMES)
def test_deployed(name, cli, built, tmp_path):  # noqa: F811
    folder = built(name)
    settings = json.loads((EXAMPLES / name / "example.json").read_text())
    cli.deploy("example-" + name, folder / "function.zip", (folder / "runtime").read_text().strip(),
               settings["handler"], settings["memory"], settings["timeout"])
    response = tmp_path / "response.json"
    for _ in range(2):  # the second one finds the environment as the first left it
        about = cli.invoke("example-" + name, folder / "event.json", response)
        log = base64.b64decode(about.get("LogResult", "")).decode(errors="replace")
        assert "FunctionError" not in about, response.read_text() + log
        assert about["StatusCode"] == 200
        assert "REPORT RequestId: " in log
        check = subprocess.run([sys.executable, str(EXAMPLES / name / "check.py"), str(response)],
                               capture_output=True, text=True)
        assert check.returncode == 0, check.stderr
    cli("lambda", "delete-function", "--function-name", "example-" + name)
