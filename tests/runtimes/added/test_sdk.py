"""`lapwing runtime add sdk-*`: functions import the AWS SDK without packaging it."""
import json
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import pytest
from conftest import ROOT, Client, Server, lapwing
from functions import package
from interpreters import pythons, rubies

FETCH_SECONDS = 300
COMPILE_SECONDS = 180
ASKS = """
import boto3
def handler(event, context):
    who = boto3.client("sts").get_caller_identity()
    names = [f["FunctionName"] for f in boto3.client("lambda").list_functions()["Functions"]]
    return {"account": who["Account"], "arn": who["Arn"], "listed": context.function_name in names,
            "file": boto3.__file__, "cached": boto3.session.__spec__.cached,
            "version": boto3.__version__}
"""
ASKS_NODE = """
const handler = async (event, context) => {
  const who = await new STSClient({}).send(new GetCallerIdentityCommand({}));
  const all = await new LambdaClient({}).send(new ListFunctionsCommand({}));
  return { account: who.Account, arn: who.Arn,
    listed: all.Functions.some((f) => f.FunctionName === context.functionName) };
};
"""
AS_ESM = """
import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
""" + ASKS_NODE + "export { handler };\n"
AS_COMMONJS = """
const { STSClient, GetCallerIdentityCommand } = require('@aws-sdk/client-sts');
const { LambdaClient, ListFunctionsCommand } = require('@aws-sdk/client-lambda');
""" + ASKS_NODE + "exports.handler = handler;\n"
RUBY = """
require 'aws-sdk-toy'
def handler(event:, context:)
  { toy: Aws::TOY, core: Aws::CORE, from: $LOADED_FEATURES.grep(/aws-sdk-toy.rb/) }
end
"""
LAYER_GEM = "module Aws; TOY = 'of the layer'; CORE = 'none'; end\n"


def fetched(command, want):
    """Packages from a registry; skips where that cannot be reached."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS)
    if run.returncode != 0 or not want.exists():
        pytest.skip(f"{command[0]}: the SDK cannot be had here: {run.stderr[-300:]}")


def add(name, tree, data):
    added = lapwing("runtime", "add", name, "--from", tree, "--data-dir", data)
    assert added.returncode == 0, added.stderr
    assert "restarted" in added.stdout
    return added.stdout


def gem(home, name, version, source):
    """A gem as `gem install` leaves it."""
    library = home / "gems" / f"{name}-{version}" / "lib"
    library.mkdir(parents=True)
    (library / f"{name}.rb").write_text(source)
    (home / "specifications").mkdir(exist_ok=True)
    (home / "specifications" / f"{name}-{version}.gemspec").write_text(
        f"# stub: {name} {version} ruby lib\n\n"
        f"Gem::Specification.new do |s|\n  s.name = '{name}'\n  s.version = '{version}'\n"
        "  s.summary = 's'\n  s.authors = ['a']\n  s.require_paths = ['lib']\nend\n")


@pytest.fixture(scope="module")
def python_sdk(tmp_path_factory):
    """The boto3 of the tests' own environment, with what it needs."""
    tree = tmp_path_factory.mktemp("sdk-python")
    pins = [line.strip() for line in (ROOT / "tests/requirements.txt").read_text().splitlines()
            if line.startswith(("boto3==", "botocore=="))]
    fetched([sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target",
             str(tree), *pins], tree / "boto3")
    return tree


@pytest.fixture(scope="module")
def node_sdk():
    tree = ROOT / "build" / "node"
    if not (tree / "node_modules" / "@aws-sdk" / "client-sts").exists():
        pytest.skip("no SDK for JavaScript in build/node (tests/prepare.sh)")
    return tree


@pytest.fixture(scope="module")
def python_client(python_sdk, tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    assert "boto3 1." in add("sdk-python", python_sdk, data)
    server = Server(data).start()
    yield Client(server), data
    server.stop()


def compiled(data, version):
    """Waits for the byte code of that version of Python."""
    tree = (data / "added" / "sdk-python").resolve()
    deadline = time.monotonic() + COMPILE_SECONDS
    mark = tree / ".compiled-{}.{}".format(*version)
    while not mark.exists():
        assert time.monotonic() < deadline, "no byte code of the SDK"
        threading.Event().wait(0.05)
    return tree


VERSIONS = [v for v in pythons() if v >= (3, 10)]


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_python_calls_back(python_client, version):
    client, data = python_client
    tree = compiled(data, version)
    name = client.deploy({"app.py": ASKS}, "python{}.{}".format(*version), "app.handler")
    said, answer, log = client.invoke(name, {})
    assert "FunctionError" not in answer, (said, log)
    assert said["account"] == "000000000000" and ":assumed-role/lambda-ex/" in said["arn"]
    assert said["listed"]
    assert said["file"] == "/var/runtime/sdk/boto3/__init__.py"
    # Imported from byte code: it is there, beside its source, and as old as that says.
    cached = tree / pathlib.Path(said["cached"]).relative_to("/var/runtime/sdk")
    assert cached.exists() and cached.stat().st_mode & 0o444 == 0o444
    source = tree / "boto3" / "session.py"
    assert int.from_bytes(cached.read_bytes()[8:12], "little") == int(source.stat().st_mtime)


def test_the_package_and_layers_come_first(python_client):
    client, _ = python_client
    seen = "import boto3\ndef handler(event, context):\n    return boto3.__file__\n"
    own = client.deploy({"app.py": seen, "boto3.py": ""}, "python3.12", "app.handler")
    assert client.invoke(own, {})[0] == "/var/task/boto3.py"
    layer = client.lam.publish_layer_version(
        LayerName="boto", Content={"ZipFile": package({"python/boto3.py": ""})})
    layered = client.deploy({"app.py": seen}, "python3.12", "app.handler",
                            Layers=[layer["LayerVersionArn"]])
    assert client.invoke(layered, {})[0] == "/opt/python/boto3.py"


@pytest.mark.parametrize("source", ["app.mjs", "app.js"])
def test_node_calls_back(started, node_sdk, tmp_path, source):
    data = tmp_path / "data"
    assert "client-" in add("sdk-node", node_sdk, data)
    client = started(data)
    code = {"app.mjs": AS_ESM, "app.js": AS_COMMONJS}[source]
    name = client.deploy({source: code}, "nodejs20.x", "app.handler")
    said, answer, log = client.invoke(name, {})
    assert "FunctionError" not in answer, (said, log)
    assert said["account"] == "000000000000" and said["listed"]


@pytest.mark.parametrize("source", ["app.mjs", "app.js"])
def test_layers_come_before_the_sdk_of_node(started, node_sdk, tmp_path, source):
    data = tmp_path / "data"
    add("sdk-node", node_sdk, data)
    client = started(data)
    folder = "node_modules/@aws-sdk/client-sts/"
    files = {folder + "package.json": '{"main": "index.js"}', folder + "index.js": "exports.who = 1"}
    seen = {"app.mjs": "import * as sts from '@aws-sdk/client-sts';\n"
                       "export const handler = async () => sts.who ?? 'sdk';",
            "app.js": "const sts = require('@aws-sdk/client-sts');\n"
                      "exports.handler = async () => sts.who ?? 'sdk';"}[source]
    for place, expected in [("nodejs/", 1), ("nodejs/node20/", 1), ("elsewhere/", "sdk")]:
        layer = client.lam.publish_layer_version(
            LayerName="sts", Content={"ZipFile": package(
                {place + name: text for name, text in files.items()})})
        name = client.deploy({source: seen}, "nodejs20.x", "app.handler",
                             Layers=[layer["LayerVersionArn"]])
        assert client.invoke(name, {})[0] == expected, place
    name = client.deploy({source: seen, **files}, "nodejs20.x", "app.handler")
    assert client.invoke(name, {})[0] == 1


@pytest.mark.skipif(not rubies(), reason="no Ruby on this machine")
def test_ruby_finds_gems(started, tmp_path):
    home = tmp_path / "gems"
    gem(home, "aws-sdk-core", "3.9.9", "module Aws; CORE = '3.9.9'; end\n")
    gem(home, "aws-sdk-toy", "1.2.0", "require 'aws-sdk-core'\nmodule Aws; TOY = '1.2.0'; end\n")
    data = tmp_path / "data"
    assert "aws-sdk-core 3.9.9" in add("sdk-ruby", home, data)
    client = started(data)
    name = client.deploy({"app.rb": RUBY}, "ruby3.3", "app.handler")
    said, answer, log = client.invoke(name, {})
    assert "FunctionError" not in answer, (said, log)
    assert said == {"toy": "1.2.0", "core": "3.9.9",
                    "from": ["/var/runtime/sdk/gems/aws-sdk-toy-1.2.0/lib/aws-sdk-toy.rb"]}
    # As installed by Bundler beside the function, or put into a layer.
    layer = client.lam.publish_layer_version(
        LayerName="toy", Content={"ZipFile": package({"ruby/lib/aws-sdk-toy.rb": LAYER_GEM})})
    name = client.deploy({"app.rb": RUBY}, "ruby3.3", "app.handler",
                         Layers=[layer["LayerVersionArn"]])
    assert client.invoke(name, {})[0]["toy"] == "of the layer"


def test_the_doctor_and_the_list_say_what_there_is(tmp_path):
    home = tmp_path / "gems"
    gem(home, "aws-sdk-core", "3.9.9", "")
    data = tmp_path / "data"
    add("sdk-ruby", home, data)
    said = lapwing("doctor", "--data-dir", data).stdout
    lines = {line.split()[0]: line for line in said.splitlines() if line.startswith("  sdk-")}
    assert "aws-sdk-core 3.9.9" in lines["sdk-ruby"] and str(data) in lines["sdk-ruby"]
    assert "runtime add sdk-python" in lines["sdk-python"] and "none" in lines["sdk-node"]
    assert "sdk-ruby" in lapwing("runtime", "list", "--data-dir", data).stdout
    shutil.rmtree(home)
    assert lapwing("runtime", "remove", "sdk-ruby", "--data-dir", data).returncode == 0


@pytest.mark.parametrize("name", ["sdk-python", "sdk-node", "sdk-ruby"])
def test_refuses_what_is_no_sdk(tmp_path, name):
    (tmp_path / "tree").mkdir()
    refused = lapwing("runtime", "add", name, "--from", tmp_path / "tree", "--data-dir",
                      tmp_path / "data")
    assert refused.returncode == 1 and "makes such a directory" in refused.stderr
    assert not (tmp_path / "data" / "added").exists()


def test_removed_it_is_gone(started, python_sdk, tmp_path):
    data = tmp_path / "data"
    add("sdk-python", python_sdk, data)
    assert lapwing("runtime", "remove", "sdk-python", "--data-dir", data).returncode == 0
    client = started(data)
    name = client.deploy({"app.py": "import boto3\ndef handler(e, c): pass\n"}, "python3.12",
                         "app.handler")
    said, _, _ = client.invoke(name, {})
    assert "No module named 'boto3'" in json.dumps(said)
