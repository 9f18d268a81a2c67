"""The extension example: its layer beside another example's function, published with the CLI; what
it says when the environment ends is right."""
import json
import pathlib
import re
import sys
import time

import pytest
from test_examples import built  # noqa: F401

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from serving import Cli, serving  # noqa: E402

BILL = re.compile(r"bill: (\d+) invocations, (\d+) ms billed, ([\d.]+) GB-s, at most (\d+) MB used")


@pytest.fixture(scope="module")
def cli(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("data")) as endpoint:
        yield Cli(endpoint)


def messages(cli, name):
    found = cli("logs", "filter-log-events", "--log-group-name", "/aws/lambda/" + name)
    return [event["message"] for event in found["events"]]


def test_bill(cli, built, tmp_path):  # noqa: F811
    layer = cli("lambda", "publish-layer-version", "--layer-name", "bill", "--zip-file",
                f"fileb://{built('extension') / 'layer.zip'}")
    folder = built("hello")
    settings = json.loads((folder.parent / "example.json").read_text())
    cli.deploy("billed", folder / "function.zip", (folder / "runtime").read_text().strip(),
               settings["handler"], settings["memory"], settings["timeout"])
    cli("lambda", "update-function-configuration", "--function-name", "billed", "--layers",
        layer["LayerVersionArn"])
    cli("lambda", "wait", "function-updated-v2", "--function-name", "billed")
    for _ in range(3):
        about = cli.invoke("billed", folder / "event.json", tmp_path / "response.json")
        assert "FunctionError" not in about, (tmp_path / "response.json").read_text()
    cli("lambda", "delete-function", "--function-name", "billed")
    until = time.monotonic() + 30
    while not (bills := [m for m in map(BILL.match, messages(cli, "billed")) if m]):
        assert time.monotonic() < until, messages(cli, "billed")
        time.sleep(0.05)  # between two looks at the log
    count, billed, gb_s, _ = bills[0].groups()
    reports = [m for m in messages(cli, "billed") if m.startswith("REPORT")]
    charged = sum(int(re.search(r"Billed Duration: (\d+) ms", m).group(1)) for m in reports)
    assert (int(count), int(billed)) == (3, charged)
    assert float(gb_s) == pytest.approx(charged / 1000 * settings["memory"] / 1024, abs=1e-6)
