"""Functions that are container images: a real registry, images made by umoci and pushed by
skopeo, deployed by boto3 and the AWS CLI, and what goes wrong on the way."""
import json
import os
import pathlib
import subprocess
import tarfile
import threading

import pytest
from api import Api
from holdings import nothing_held
from images import Layer, Layout, busybox_layer, python_layers
from registry import Front, Registry, TokenService, certificate, is_blob, own_address
from serving import Cli, ROLE, SOON, Server, binary
from waiting import eventually

HANDLER = '''
import os, platform
print("loading", os.environ["COLOUR"])
def handler(event, context):
    print("handling", event)
    return {"event": event, "name": context.function_name, "version": context.function_version,
            "colour": os.environ["COLOUR"], "root": sorted(os.listdir("/")),
            "task": os.environ["LAMBDA_TASK_ROOT"], "uid": os.getuid(), "cwd": os.getcwd()}
'''
# What a function of an image finds around itself.
LOOK = '''
import errno, os, stat
def attempt(what):
    try:
        what()
        return "done"
    except OSError as error:
        return errno.errorcode[error.errno]
def handler(event, context):
    mode = lambda path: oct(stat.S_IMODE(os.lstat(path).st_mode))
    return {
        "write": attempt(lambda: open("/app/new", "w")), "tmp": attempt(lambda: open("/tmp/new", "w")),
        "suid": mode("/usr/bin/suid"), "private": attempt(lambda: open("/private")),
        "dev": sorted(os.listdir("/dev")), "acpi": os.listdir("/proc/acpi") if os.path.isdir("/proc/acpi") else [],
        "hosts": open("/etc/hosts").read(), "resolv": open("/etc/resolv.conf").read(),
        "passwd": os.path.exists("/etc/passwd"), "node": os.path.exists("/dev/sda"),
        "outside": attempt(lambda: open("/leads/out/passwd")), "user": os.getuid(),
        "memory": [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20,
                   int(open("/sys/fs/cgroup/memory.max").read()) >> 20,
                   int(open("/proc/meminfo").readline().split()[1]) >> 10],
        "owners": [os.stat(path).st_uid for path in ("/", "/app", "/tmp")]}
'''
EXTENSION = r"""#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension
wget -q -S -O /dev/null --header "Lambda-Extension-Name: watcher" \
  --post-data '{"events":["INVOKE"]}' $api/register 2>/tmp/extension
id=$(while read key value; do
  case "$key" in [Ll]ambda-[Ee]xtension-[Ii]dentifier:) echo "$value";; esac
done </tmp/extension)
id=$(echo $id)
while true; do
  wget -q -O - --header "Lambda-Extension-Identifier: $id" $api/event/next >/dev/null
  echo "the extension saw an invocation"
done
"""


@pytest.fixture(scope="module")
def shelf(tmp_path_factory):
    """The layout with every image of these tests."""
    one = Layout(tmp_path_factory.mktemp("images") / "layout")
    shell = dict(entry_point=["/var/task/bootstrap"], directory="/var/task",
                 environment={"PATH": "/bin", "GREETING": "hello"})
    one.image("shell", [busybox_layer()], command=["first"], **shell)
    one.image("shell2", [Layer().add("var/task/note", "new")], based_on="shell", command=["second"])
    layers, packages = python_layers(HANDLER)
    about = dict(entry_point=["python", "-m", "awslambdaric"], command=["app.handler"],
                 directory="/app")
    variables = {"PYTHONPATH": packages, "PATH": "/usr/local/bin:/usr/bin", "COLOUR": "blue"}
    one.image("python", layers, environment=variables, **about)
    hostile = (Layer().add("app/app.py", LOOK).add("usr/bin/suid", "x", 0o4755)
               .add("private", "x", 0o600).add("dev/sda", kind=tarfile.BLKTYPE)
               .link("etc/resolv.conf", "/etc/passwd").link("tmp", "/app").link("leads", "/")
               .link("out", "/etc").add("mnt/evil", "x"))
    one.image("look", [hostile], based_on="python")
    one.image("extended", [Layer().add("opt/extensions/watcher", EXTENSION, 0o755)],
              based_on="shell")
    return one


@pytest.fixture(scope="module")
def registry(tmp_path_factory, shelf):
    one = Registry(tmp_path_factory.mktemp("registry"))
    for tag in ("shell", "shell2", "python", "look", "extended"):
        shelf.push(tag, f"{one.host}/team/app:{tag}")
    yield one
    one.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory, shelf):
    one = Server(tmp_path_factory.mktemp("running") / "data",
                 "--set", f"images.layouts={shelf.directory}").start()
    yield one
    one.stop()


@pytest.fixture
def front(registry):
    one = Front(registry.host)
    yield one
    one.close()


@pytest.fixture
def api(running):
    return Api(running.address)


def client(server, service="lambda"):
    import boto3
    return boto3.client(service, endpoint_url=server.endpoint, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test")


def create(api, name, image, **settings):
    return api.call("POST", "/2015-03-31/functions", {
        "FunctionName": name, "PackageType": "Image", "Role": ROLE, "Timeout": 30,
        "Code": {"ImageUri": image}, **settings})


def deploy(api, name, image, **settings):
    made = create(api, name, image, **settings)
    assert made.status == 201, made.body
    api.active(name)
    return made.json()


def message(answer):
    said = answer.json()
    return said.get("message") or said.get("Message")


def about(api, name):
    return api.get(name).json()["Configuration"]


def settled(api, name):
    """The configuration once nothing is under way."""
    def look():
        now = about(api, name)
        done = now["State"] != "Pending" and now.get("LastUpdateStatus") != "InProgress"
        return now if done else None
    return eventually(look)


def images_of(server):
    return sorted(os.listdir(os.path.join(server.data_dir, "images")))


def test_life_of_an_image_function(running, registry, shelf):
    lam, logs = client(running), client(running, "logs")
    image = f"{registry.host}/team/app:python"
    made = lam.create_function(FunctionName="life", PackageType="Image", Role=ROLE, Timeout=30,
                               Code={"ImageUri": image}, MemorySize=256)
    assert made["PackageType"] == "Image" and made["State"] == "Pending"
    assert made["CodeSize"] == 0 and made["CodeSha256"] == shelf.digest("python")
    assert not {"Runtime", "Handler", "Layers", "ImageConfigResponse"} & set(made)
    lam.get_waiter("function_active_v2").wait(FunctionName="life", WaiterConfig=SOON)
    answer = lam.invoke(FunctionName="life", Payload=b'{"n": 1}')
    said = json.load(answer["Payload"])
    assert "FunctionError" not in answer, said
    assert said["event"] == {"n": 1} and said["colour"] == "blue" and said["cwd"] == "/app"
    assert (said["name"], said["version"], said["uid"]) == ("life", "$LATEST", 993)
    assert said["task"] == "/var/task" and "app" in said["root"]

    code = lam.get_function(FunctionName="life")["Code"]
    assert code == {"RepositoryType": "ECR", "ImageUri": image,
                    "ResolvedImageUri": f"{registry.host}/team/app@sha256:{made['CodeSha256']}"}

    def messages():
        events = logs.filter_log_events(logGroupName="/aws/lambda/life")["events"]
        return [event["message"].rstrip("\n") for event in events]
    assert eventually(lambda: any("REPORT" in line for line in messages()))
    assert {"INIT_START", "loading blue", "handling {'n': 1}"} <= set(messages())

    first = lam.publish_version(FunctionName="life", CodeSha256=made["CodeSha256"])
    assert first["Version"] == "1" and first["PackageType"] == "Image"
    lam.update_function_configuration(FunctionName="life",
                                      Environment={"Variables": {"COLOUR": "red"}})
    lam.get_waiter("function_updated_v2").wait(FunctionName="life", WaiterConfig=SOON)
    colour = lambda **which: json.load(  # noqa: E731
        lam.invoke(FunctionName="life", Payload=b"{}", **which)["Payload"])["colour"]
    assert colour() == "red" and colour(Qualifier="1") == "blue"

    changed = lam.update_function_code(FunctionName="life", Publish=True,
                                       ImageUri=f"{registry.host}/team/app:shell")
    assert changed["Version"] == "2" and changed["CodeSha256"] == shelf.digest("shell")
    lam.get_waiter("function_updated_v2").wait(FunctionName="life", WaiterConfig=SOON)
    now = json.load(lam.invoke(FunctionName="life", Payload=b"7")["Payload"])
    assert now == {"event": 7, "argument": "first", "greeting": "hello", "cwd": "/var/task"}
    assert colour(Qualifier="1") == "blue"
    assert [v["CodeSha256"] for v in lam.list_versions_by_function(FunctionName="life")["Versions"]] \
        == [shelf.digest("shell"), shelf.digest("python"), shelf.digest("shell")]

    lam.delete_function(FunctionName="life")
    # Environments hold their image until they have ended; each deletion sweeps what is left.
    api = Api(running.address)

    def swept():
        create(api, "after", f"{registry.host}/team/app:shell2")
        settled(api, "after")
        api.delete("after")
        return shelf.digest("python") not in images_of(running)
    assert eventually(swept), images_of(running)


def test_the_command_line(running, registry, tmp_path):
    aws = Cli(running.endpoint)
    aws("lambda", "create-function", "--function-name", "cli", "--package-type", "Image",
        "--role", ROLE, "--code", f"ImageUri={registry.host}/team/app:shell",
        "--image-config", json.dumps({"Command": ["from the cli"], "WorkingDirectory": "/tmp"}))
    aws("lambda", "wait", "function-active-v2", "--function-name", "cli")
    event, answer = tmp_path / "event", tmp_path / "answer"
    event.write_text("5")
    aws("lambda", "invoke", "--function-name", "cli", "--payload", f"fileb://{event}", answer)
    assert json.loads(answer.read_text()) == {"event": 5, "argument": "from the cli",
                                              "greeting": "hello", "cwd": "/tmp"}
    shown = aws("lambda", "get-function-configuration", "--function-name", "cli")
    assert shown["ImageConfigResponse"] == {
        "ImageConfig": {"Command": ["from the cli"], "WorkingDirectory": "/tmp"}}
    aws("lambda", "update-function-configuration", "--function-name", "cli", "--image-config", "{}")
    aws("lambda", "wait", "function-updated", "--function-name", "cli")
    aws("lambda", "invoke", "--function-name", "cli", "--payload", f"fileb://{event}", answer)
    assert json.loads(answer.read_text())["argument"] == "first"
    aws("lambda", "delete-function", "--function-name", "cli")


def test_layouts_and_archives(api, shelf, tmp_path):
    deploy(api, "layout", f"oci:{shelf.directory}:shell")
    assert api.invoke("layout", 1).json()["argument"] == "first"
    archive = shelf.directory / "one.tar"
    subprocess.run(["skopeo", "copy", "--quiet", f"oci:{shelf.directory}:shell2",
                    f"oci-archive:{archive}:v2"], check=True)
    deploy(api, "archive", f"oci-archive:{archive}:v2")
    assert api.invoke("archive", 1).json()["argument"] == "second"
    refused = create(api, "elsewhere", f"oci:{tmp_path}:shell")
    assert refused.status == 403 and "images.layouts" in message(refused)


def test_what_surrounds_a_function(api, registry):
    deploy(api, "look", f"{registry.host}/team/app:look", MemorySize=256)
    seen = api.invoke("look").json()
    assert seen["write"] == "EROFS" and seen["tmp"] == "done" and seen["private"] == "EACCES"
    assert seen["suid"] == "0o755" and seen["user"] == 993
    assert seen["dev"] == ["fd", "full", "null", "random", "stderr", "stdin", "stdout",
                           "urandom", "zero"]
    assert seen["acpi"] == [] and not seen["node"]
    assert "sandbox.localdomain" in seen["hosts"] and "nameserver" in seen["resolv"]
    assert not seen["passwd"] and seen["outside"] == "ENOENT"
    assert seen["memory"] == [256] * 3 and seen["owners"] == [0, 0, 993]


def test_extensions_of_an_image(running, api, registry):
    deploy(api, "extended", f"{registry.host}/team/app:extended")
    assert api.invoke("extended", 3).json()["event"] == 3
    logs = client(running, "logs")

    def said():
        events = logs.filter_log_events(logGroupName="/aws/lambda/extended")["events"]
        return "".join(event["message"] for event in events)
    assert eventually(lambda: "the extension saw an invocation" in said()), said()
    assert "EXTENSION\tName: watcher\tState: Ready" in said()


@pytest.mark.parametrize("config, kind, text", [
    ({"EntryPoint": ["/nothing"]}, "Runtime.InvalidEntrypoint",
     "fork/exec /nothing: no such file or directory"),
    ({"EntryPoint": ["nothing", "else"]}, "Runtime.InvalidEntrypoint",
     "Couldn't find valid bootstrap(s): [nothing else]"),
    ({"EntryPoint": ["/bin"]}, "Runtime.InvalidEntrypoint", "fork/exec /bin: permission denied"),
    ({"WorkingDirectory": "/nowhere"}, "Runtime.InvalidWorkingDir",
     "the working directory doesn't exist: /nowhere"),
    ({"WorkingDirectory": "app"}, "Runtime.InvalidWorkingDir",
     "the working directory 'app' is invalid, it needs to be an absolute path"),
    ({"EntryPoint": ["sh", "-c"], "Command": ["exit 3"]}, "Runtime.ExitError",
     "Runtime exited with error: exit status 3"),
])
def test_programs_that_cannot_run(running, api, registry, config, kind, text):
    name = "bad-" + str(abs(hash(text)) % 10**8)
    deploy(api, name, f"{registry.host}/team/app:shell", ImageConfig=config)
    answer = api.invoke(name)
    assert answer.headers["X-Amz-Function-Error"] == "Unhandled"
    assert answer.json()["errorType"] == kind
    assert answer.json()["errorMessage"].endswith(f" Error: {text}")
    if kind == "Runtime.ExitError":
        return
    logs = client(running, "logs")
    lines = [event["message"] for event in
             logs.filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]]
    assert any(line.startswith(f"IMAGE\tLaunch error: {text}\tEntrypoint: [") for line in lines)


def test_requests_that_make_no_sense(api, registry, shelf):
    image = f"{registry.host}/team/app:shell"
    not_wanted = "Please don't provide Handler or Runtime or Layer when the intended function " \
                 "PackageType is Image."
    for more in ({"Runtime": "python3.11"}, {"Handler": "a.b"},
                 {"Layers": ["arn:aws:lambda:us-east-1:000000000000:layer:l:1"]}):
        refused = create(api, "none", image, **more)
        assert (refused.status, message(refused)) == (400, not_wanted), more
    for code, text in (
            ({}, "Please provide ImageUri when creating a function with packageType Image."),
            ({"ImageUri": "app:latest"},
             "Source image app:latest is not valid. Provide a valid source image."),
            ({"ImageUri": f"{registry.host}/team/app:none"},
             f"Source image {registry.host}/team/app:none does not exist. Provide a valid source "
             "image.")):
        refused = create(api, "none", "", Code=code)
        assert (refused.status, message(refused)) == (400, text)
    # Neither metadata services nor anything else link-local is asked.
    assert create(api, "none", "169.254.169.254/latest/meta-data:v1").status == 403
    big = create(api, "none", image, ImageConfig={"Command": ["x" * 9000, "y" * 9000]})
    assert big.status == 400 and "ImageConfig must be smaller" in message(big)
    assert api.get("none").status == 404

    deploy(api, "kind", image)
    for body in ({"ZipFile": ""}, {}):
        refused = api.call("PUT", "/2015-03-31/functions/kind/code", body)
        assert message(refused) == \
            "Please provide ImageUri when updating a function with packageType Image."
    refused = api.update_configuration("kind", Handler="a.b")
    assert message(refused) == not_wanted
    api.deploy("zipped", "def handler(e, c):\n    return 1\n")
    refused = api.call("PUT", "/2015-03-31/functions/zipped/code", {"ImageUri": image})
    assert message(refused) == \
        "Please don't provide ImageUri when updating a function with packageType Zip."
    dry = api.call("PUT", "/2015-03-31/functions/kind/code",
                   {"ImageUri": f"{registry.host}/team/app:shell2", "DryRun": True})
    assert dry.json()["CodeSha256"] == shelf.digest("shell2")
    assert about(api, "kind")["CodeSha256"] == shelf.digest("shell")


def test_pulls_that_fail(tmp_path, front, shelf):
    """In the background: the function says why, and what served before serves on."""
    # One that has none of the images yet.
    server = Server(tmp_path / "data", "--set", f"images.layouts={shelf.directory}").start()
    api = Api(server.address)
    image = f"{front.host}/team/app:shell2"
    tricks = [
        (lambda handler, path: is_blob(path) and not handler.say(403), "ImageAccessDenied",
         "The function does not have permission to access the specified image."),
        (lambda handler, path: is_blob(path) and not handler.say(404), "ImageDeleted",
         "The function is trying to use a deleted image."),
        (lambda handler, path: is_blob(path) and not handler.hand_on(lambda body: body[::-1]),
         "InvalidImage", "damaged"),
        (lambda handler, path: is_blob(path) and not handler.say(302, Location=path),
         "InvalidImage", "redirects more than 5 times"),
        (lambda handler, path: is_blob(path)
         and not handler.say(307, Location="http://example.com/blob"), "InvalidImage",
         "leads to plain HTTP"),
    ]
    deploy(api, "steady", f"oci:{shelf.directory}:shell")
    for number, (trick, code, text) in enumerate(tricks):
        front.trick = trick
        assert create(api, f"failing{number}", image).status == 201
        failed = settled(api, f"failing{number}")
        assert (failed["State"], failed["StateReasonCode"]) == ("Failed", code)
        assert text in failed["StateReason"]
        assert api.invoke(f"failing{number}").status == 409
        assert api.delete(f"failing{number}").status == 204
    changed = api.call("PUT", "/2015-03-31/functions/steady/code", {"ImageUri": image})
    assert changed.status == 200, changed.body
    failed = settled(api, "steady")
    assert (failed["LastUpdateStatus"], failed["LastUpdateStatusReasonCode"]) == \
        ("Failed", "InvalidImage")
    assert api.invoke("steady", 1).json()["argument"] == "first"
    front.trick = None
    api.call("PUT", "/2015-03-31/functions/steady/code", {"ImageUri": image})
    assert settled(api, "steady")["LastUpdateStatus"] == "Successful"
    assert api.invoke("steady", 1).json()["argument"] == "second"
    server.stop()


def test_a_registry_that_stumbles(api, front, shelf):
    """Cut connections and refusals that pass are tried again."""
    counts = {}

    def trick(handler, path):
        counts[path] = counts.get(path, 0) + 1
        if counts[path] > 1:
            return False
        if not is_blob(path):
            return not handler.say(503)
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        handler.wfile.write(b"a part")
        handler.close_connection = True
        return True

    front.trick = trick
    deploy(api, "stumbling", f"{front.host}/team/app:extended")
    assert api.invoke("stumbling", 2).json()["event"] == 2
    assert max(counts.values()) > 1


def test_indexes_of_several_machines(api, front, shelf):
    """A manifest list is followed to this machine's image."""
    digest = shelf.digest("shell")
    size = len((shelf.directory / "blobs/sha256" / digest).read_bytes())
    entry = {"mediaType": "application/vnd.oci.image.manifest.v1+json",
             "digest": f"sha256:{digest}", "size": size}
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
             "manifests": [{**entry, "platform": {"os": "linux", "architecture": "s390x"},
                            "digest": "sha256:" + "0" * 64},
                           {**entry, "platform": {"os": "linux", "architecture": machine}}]}
    front.trick = lambda handler, path: path.endswith("/manifests/many") and not handler.say(
        200, json.dumps(index).encode(), Content_Type=index["mediaType"])
    made = deploy(api, "indexed", f"{front.host}/team/app:many")
    assert made["CodeSha256"] == digest
    index["manifests"].pop()
    refused = create(api, "foreign", f"{front.host}/team/app:many")
    assert refused.status == 400 and message(refused) == (
        "The image manifest, config or layer media type for the source image "
        f"{front.host}/team/app:many is not supported.")


def test_tokens_and_credentials(tmp_path, shelf):
    """A registry that wants tokens: for anybody, and for whom the credentials file names."""
    tokens = TokenService(tmp_path / "tokens")
    guarded = Registry(tmp_path / "registry", tokens.auth())
    try:
        for name in ("public/app", "private/app"):
            shelf.push("shell", f"{guarded.host}/{name}:v1", "--dest-creds", "alice:secret")
        login = tmp_path / "config.json"
        login.write_text('{"auths":{}}')
        server = Server(tmp_path / "data", "--set", f"images.credentials_file={login}",
                        "--set", f"images.mirrors=*.dkr.ecr.*.amazonaws.com={guarded.host}").start()
        try:
            api = Api(server.address)
            deploy(api, "public",
                   "123456789012.dkr.ecr.eu-west-1.amazonaws.com/public/app:v1")
            assert api.invoke("public", 1).json()["event"] == 1
            refused = create(api, "private", f"{guarded.host}/private/app:v1")
            assert refused.status == 403 and message(refused) == (
                "Lambda does not have permission to access the ECR image. Check the ECR "
                "permissions.")
            # "alice:secret"; read again for each image.
            login.write_text(json.dumps(
                {"auths": {guarded.host: {"auth": "YWxpY2U6c2VjcmV0"}}}))
            deploy(api, "private", f"{guarded.host}/private/app:v1")
            assert api.invoke("private", 1).json()["event"] == 1
        finally:
            server.stop()
    finally:
        guarded.close()
        tokens.close()
    assert (["repository:public/app:pull"], None) in tokens.asked
    assert (["repository:private/app:pull"], "alice:secret") in tokens.asked


def test_credentials_stay_with_their_registry(tmp_path, registry, front, shelf):
    """A redirect to another host carries none along."""
    elsewhere = Front(registry.host)
    login = tmp_path / "config.json"
    login.write_text(json.dumps({"auths": {front.host: {"auth": "YWxpY2U6c2VjcmV0"}}}))

    def trick(handler, path):
        if handler.headers.get("Authorization") != "Basic YWxpY2U6c2VjcmV0":
            return not handler.say(401, WWW_Authenticate='Basic realm="r"')
        return is_blob(path) and not handler.say(307, Location=f"http://{elsewhere.host}{path}")

    front.trick = trick
    server = Server(tmp_path / "data", "--set", f"images.credentials_file={login}").start()
    try:
        api = Api(server.address)
        deploy(api, "moved", f"{front.host}/team/app:shell")
        assert api.invoke("moved", 1).json()["event"] == 1
    finally:
        server.stop()
        elsewhere.close()
    assert elsewhere.seen and all("Authorization" not in headers for _, headers in elsewhere.seen)


def test_tls(tmp_path, shelf):
    """Beyond loopback TLS is spoken, and only with whom the server trusts; plain HTTP where the
    registry is named for it."""
    address = own_address()
    if not address or address.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    files = certificate(tmp_path / "tls", address)
    secure = Registry(tmp_path / "secure", address=address, tls=files)
    plain = Registry(tmp_path / "plain", address=address)
    try:
        shelf.push("shell", f"{secure.host}/app:v1")
        shelf.push("shell", f"{plain.host}/app:v1")
        for settings, who, status in (
                ([], secure, 500), (["--set", f"images.ca_file={files[0]}"], secure, 201),
                ([], plain, 500), (["--set", f"images.insecure={plain.host}"], plain, 201)):
            server = Server(tmp_path / f"data{status}{who.host}", *settings).start()
            try:
                api = Api(server.address)
                made = create(api, "secured", f"{who.host}/app:v1")
                assert made.status == status, (settings, made.body)
                if status == 201:
                    api.active("secured")
                    assert api.invoke("secured", 6).json()["event"] == 6
            finally:
                server.stop()
    finally:
        secure.close()
        plain.close()


def test_killed_while_pulling(tmp_path, front, shelf):
    """Nothing half-made shows, and the next run takes the pull up again."""
    reached, go_on = threading.Event(), threading.Event()

    def stall(handler, path):
        if not is_blob(path):
            return False
        reached.set()
        go_on.wait(60)
        return False

    front.trick = stall
    server = Server(tmp_path / "data").start()
    api = Api(server.address)
    assert create(api, "cut", f"{front.host}/team/app:shell").status == 201
    assert reached.wait(30)
    begun = images_of(server)
    assert len(begun) == 1 and begun[0].startswith(".making-")
    server.kill()
    go_on.set()
    front.trick = None
    server.start()
    api = Api(server.address)
    api.active("cut")
    assert api.invoke("cut", 4).json()["event"] == 4
    assert images_of(server) == [shelf.digest("shell")]
    # A registry that does not answer holds up neither other requests nor the end of the server.
    reached.clear()
    go_on.clear()
    front.trick = stall
    assert create(api, "slow", f"{front.host}/team/app:shell2").status == 201
    assert reached.wait(30)
    assert api.invoke("cut", 5).json()["event"] == 5
    assert server.stop() < 10
    go_on.set()
    assert eventually(lambda: nothing_held(server.data_dir))


def test_an_image_lost_from_the_disk(tmp_path, registry, shelf):
    """A data directory restored without it: it is pulled again."""
    import shutil
    server = Server(tmp_path / "data").start()
    deploy(Api(server.address), "lost", f"{registry.host}/team/app:shell")
    server.stop()
    shutil.rmtree(pathlib.Path(server.data_dir) / "images")
    server.start()
    api = Api(server.address)
    assert eventually(lambda: api.invoke("lost", 1).status == 200)
    assert images_of(server) == [shelf.digest("shell")]
    server.stop()


def test_runtime_from_an_image(tmp_path, shelf):
    """`lapwing runtime add` takes an interpreter out of a layout."""
    version = subprocess.run(["/usr/bin/python3", "-c",
                              "import sys; print('%d.%d' % sys.version_info[:2])"],
                             capture_output=True, text=True, check=True).stdout.strip()
    data_dir = tmp_path / "data"
    run = lambda *words: subprocess.run(  # noqa: E731
        [binary(), "runtime", *words, "--data-dir", str(data_dir)], capture_output=True, text=True)
    added = run("add", f"python{version}", "--from", f"oci:{shelf.directory}:python")
    assert added.returncode == 0, added.stderr
    assert f"python{version}" in run("list").stdout
    refused = run("add", "ruby3.3", "--from", f"oci:{shelf.directory}:python")
    assert refused.returncode == 1 and "Ruby" in refused.stderr
    assert not [name for name in os.listdir(data_dir / "added") if name.startswith(".")]
    server = Server(data_dir).start()
    api = Api(server.address)
    api.deploy("added", "import sys\ndef handler(e, c):\n    return sys.prefix\n",
               f"python{version}")
    assert api.invoke("added").json() == "/var/lang"
    server.stop()
