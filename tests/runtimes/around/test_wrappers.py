"""AWS_LAMBDA_EXEC_WRAPPER: what runs, and how one that cannot run is told."""
import re

import pytest
from functions import package

APPS = {"python3.12": {"app.py": "import os, sys\ndef handler(e, c):\n"
                                 "    return [os.environ.get('BY_WRAPPER'), sys.orig_argv[1:]]\n"},
        "nodejs20.x": {"app.js": "exports.handler = async () => [process.env.BY_WRAPPER, []];\n"},
        "ruby3.3": {"app.rb": "def handler(event:, context:)\n  [ENV['BY_WRAPPER'], []]\nend\n"}}
WRAPPER = "#!/bin/bash\nexport BY_WRAPPER=\"$0\"\nexec \"$@\"\n"


def deploy(client, runtime, wrapper, files=None, modes=None):
    code = package({**APPS[runtime], **(files or {})}, modes)
    return client.deploy(code, runtime,
                         Environment={"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": wrapper}})


@pytest.mark.parametrize("runtime", APPS)
def test_a_wrapper_starts_the_runtime(either, runtime):
    name = deploy(either, runtime, "/var/task/wrapper", {"wrapper": WRAPPER})
    said, _, log = either.invoke(name)
    assert said[0] == "/var/task/wrapper", log
    if runtime.startswith("python"):  # the bootstrap right after the interpreter, as on AWS
        assert said[1] == ["/var/runtime/bootstrap.py"]


def test_a_wrapper_of_a_layer_without_a_first_line_is_a_script(client):
    layer = client.layer(package({"wrapper": "export BY_WRAPPER=layer\nexec \"$@\"\n"},
                                 {"wrapper": 0o755}))
    name = client.deploy(APPS["python3.12"], "python3.12", Layers=[layer], Environment={
        "Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}})
    assert client.invoke(name)[0][0] == "layer"


@pytest.mark.parametrize("runtime", APPS)
@pytest.mark.parametrize("wrapper, said, status", [
    ("/idontexist.sh", "/idontexist.sh: does not exist", 127),
    ("/var/task/folder", "/var/task/folder: does not exist", 127),
    ("/var/task/plain", "/var/task/plain: is not an executable", 126),
    ("nowhere", "nowhere: does not exist", 127),
    ("script", "script: not found", 127)])
def test_one_that_cannot_run(client, runtime, wrapper, said, status):
    name = deploy(client, runtime, wrapper, {"plain": "exit 0", "folder/x": "", "script": WRAPPER},
                  {"plain": 0o644, "script": 0o755})
    answer, about, log = client.invoke(name)
    assert about["FunctionError"] == "Unhandled"
    assert answer["errorType"] == "Runtime.ExitError"
    assert re.fullmatch(rf"RequestId: [0-9a-f-]+ Error: Runtime exited with error: "
                        rf"exit status {status}", answer["errorMessage"])
    assert said in log.splitlines()


def test_an_empty_one_is_none(client):
    name = deploy(client, "python3.12", "")
    assert client.invoke(name)[0][0] is None


def test_bootstraps_of_ones_own_see_to_it_themselves(client):
    bootstrap = "#!/bin/bash\necho \"wrapper is $AWS_LAMBDA_EXEC_WRAPPER\"; exit 3\n"
    name = client.deploy({"bootstrap": bootstrap}, "provided.al2023", Environment={
        "Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/idontexist.sh"}})
    answer, _, log = client.invoke(name)
    assert "wrapper is /idontexist.sh" in log and "exit status 3" in answer["errorMessage"]
