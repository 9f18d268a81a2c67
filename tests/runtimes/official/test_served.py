"""AWS's own runtime clients inside Lapwing's sandbox, over its Runtime API by TCP.

A wrapper script (AWS_LAMBDA_EXEC_WRAPPER) puts the client in place of our bootstrap.
"""

import base64
import json
import pathlib
import shutil
import sys
import zipfile

import pytest
from test_official import OFFICIAL, install

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))

from serving import Cli, serving  # noqa: E402

PYTHON_APP = """
import sys
def handler(event, context):
    client = sys.modules["awslambdaric"].__file__.startswith("/var/task/")  # not our own
    print("client", client)
    if event.get("fail"):
        raise ValueError(event["fail"])
    return {"got": event, "id": context.aws_request_id, "client": client}
"""
NODE_APP = """
exports.handler = async (event, context) => {
  const client = process.argv.some((argument) => argument.includes('aws-lambda-ric'));
  console.log('client', client);
  if (event.fail) throw new RangeError(event.fail);
  return { got: event, id: context.awsRequestId, client };
};
"""
PYTHON_WRAPPER = '#!/bin/sh\nexec "$1" -m awslambdaric "$_HANDLER"\n'
NODE_WRAPPER = ('#!/bin/sh\n'
                'exec "$1" /var/task/node_modules/aws-lambda-ric/bin/index.mjs "$_HANDLER"\n')


@pytest.fixture(scope="module")
def cli(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("data")) as endpoint:
        yield Cli(endpoint)


def pack(folder, target):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, path.relative_to(folder))


def exercise(cli, name, runtime, tmp_path, error_type):
    cli.deploy(name, tmp_path / "function.zip", runtime, "app.handler", memory=256,
               variables={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"})
    event, response = tmp_path / "event.json", tmp_path / "response.json"
    large = {"text": "ü" * 1_000_000}
    for body in ({"n": 1}, large, {"n": 2}):
        event.write_text(json.dumps(body))
        about = cli.invoke(name, event, response)
        answer = json.loads(response.read_bytes())
        log = base64.b64decode(about["LogResult"]).decode(errors="replace")
        assert "FunctionError" not in about, str(answer) + log
        assert answer["got"] == body and answer["client"] is True
        assert "START RequestId: " + answer["id"] in log
    event.write_text('{"fail": "on purpose"}')
    about = cli.invoke(name, event, response)
    assert about["FunctionError"] == "Unhandled"
    error = json.loads(response.read_bytes())
    assert (error["errorType"], error["errorMessage"]) == (error_type, "on purpose")


def test_python(cli, tmp_path):
    install("python", "python3")
    package = tmp_path / "package"
    site = next((OFFICIAL / "python" / "lib").glob("python3*/site-packages"))
    package.mkdir()
    for part in ("awslambdaric", "simplejson", "snapshot_restore_py.py"):
        source = site / part
        (shutil.copytree if source.is_dir() else shutil.copy)(source, package / part)
    for library in site.glob("runtime_client*.so"):
        shutil.copy(library, package)
    (package / "app.py").write_text(PYTHON_APP)
    (package / "wrapper").write_text(PYTHON_WRAPPER)
    (package / "wrapper").chmod(0o755)
    pack(package, tmp_path / "function.zip")
    version = site.parent.name
    exercise(cli, "official-python", version, tmp_path, "ValueError")


def pack_node(package, app, target):
    install("node", "npm", "node", "cmake", "make", "autoreconf")
    source = OFFICIAL / "node/node_modules/aws-lambda-ric"
    for part in ("bin", "dist", "package.json"):
        copy = package / "node_modules/aws-lambda-ric" / part
        copy.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (source / part).is_dir() else shutil.copy)(source / part, copy)
    (package / "app.js").write_text(app)
    (package / "wrapper").write_text(NODE_WRAPPER)
    (package / "wrapper").chmod(0o755)
    pack(package, target)


def test_node(cli, tmp_path):
    pack_node(tmp_path / "package", NODE_APP, tmp_path / "function.zip")
    exercise(cli, "official-node", "nodejs20.x", tmp_path, "RangeError")
