"""What a newcomer types and reads: the commands of the binary, the server's first lines, its page."""
import os
import pathlib
import re
import subprocess
import urllib.error
import urllib.request

import boto3
import pytest
from serving import Server, binary

INTERFACE = re.compile(r"NAT by interface (lw[0-9a-f]{8})")
COMMANDS = ("serve", "doctor", "runtime", "clock", "events", "config")


def lapwing(*arguments, status=0, **options):
    run = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True,
                         timeout=60, **options)
    assert run.returncode == status, run.stdout + run.stderr
    return run.stdout if status == 0 else run.stderr


def everything(folder):
    return {path: path.lstat().st_size for path in folder.rglob("*")}


def test_the_doctor_makes_nothing(tmp_path):
    for more in ((), ("--plan", "provided.al2023")):
        said = lapwing("doctor", "--data-dir", tmp_path / "no" / "data", *more)
        assert said and list(tmp_path.iterdir()) == []
    assert f"{tmp_path}/no/data/roots" in said
    (tmp_path / "file").write_text("")
    assert "not a directory" in lapwing("doctor", "--data-dir", tmp_path / "file", status=1)


def test_the_doctor_names_the_servers_interface(tmp_path):
    data = tmp_path / "data"
    assert not INTERFACE.search(lapwing("doctor", "--data-dir", data))  # nobody knows it yet
    server = Server(data).start()
    try:
        own = INTERFACE.search(server.log())
        if not own:
            pytest.skip("no way out of this machine: " + server.log())
        running = INTERFACE.search(lapwing("doctor", "--data-dir", data))
    finally:
        server.stop()
    kept = everything(data)
    stopped = lapwing("doctor", "--data-dir", data)
    assert running.group(1) == own.group(1) == INTERFACE.search(stopped).group(1)
    assert re.search(r"NAT by interface .*?(?=[;\n])", stopped).group() in server.log()
    assert everything(data) == kept


def test_the_page_of_settings_is_what_is_declared():
    """`lapwing config --markdown > docs/settings.md` brings it up to date."""
    page = pathlib.Path(__file__).parents[2] / "docs" / "settings.md"
    assert lapwing("config", "--markdown") == page.read_text()


def test_the_printed_configuration_is_one(tmp_path):
    """With the values that a key takes, and what the machine makes of 0 and ""."""
    home = {**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": ""}
    printed = lapwing("config", env=home)
    paragraphs = {re.search(r"^([a-z._]+) = ", one, re.M).group(1): one.splitlines()
                  for one in printed.split("\n\n") if re.search(r"^[a-z._]+ = ", one, re.M)}
    assert "# one of: weight, quota" in paragraphs["sandbox.cpu"]
    assert "# 0 to 256" in paragraphs["server.loops"]
    loops = max(1, os.cpu_count() // 2)
    assert f"# 0 means {loops} on this machine" in paragraphs["server.loops"]
    assert f'# "" means "{tmp_path}/.local/share/lapwing" on this machine' in paragraphs["data_dir"]
    for key in ("engine.memory_mb_max", "engine.memory_reserve_mb", "disk.reserve_mb", "logs.mb",
                "sqs.mb", "logs.function_mb", "server.workers", "sandbox.processes_max"):
        assert any(re.fullmatch(r"# 0 means [1-9]\d* on this machine", line)
                   for line in paragraphs[key]), paragraphs[key]
    # The example of credentials with its signs of a comment taken away, and everything set.
    start = printed.index("# [[credentials]]")
    file = tmp_path / "all.toml"
    file.write_text(printed[:start] + re.sub("^# ", "", printed[start:], flags=re.M))
    server = Server(tmp_path / "data", "--config", file).start()
    server.stop()


@pytest.mark.parametrize("asked, said", [
    ((), COMMANDS), (("serve",), ("lapwing serve", "--insecure")), (("doctor",), ("--plan",)),
    (("runtime",), ("add", "list", "remove")),
    (("runtime", "add"), ("lapwing runtime add", "--from", "sdk-python", "sdk-node", "sdk-ruby",
                          "java-client", "fetch.sh"))], ids=" ".join)
def test_help(asked, said):
    text = lapwing("help", *asked)
    for word in said:
        assert word in text, text
    assert "no command 'nothing'" in lapwing("help", *asked, "nothing", status=2)


def test_the_start_says_which_sdks_are_missing(tmp_path):
    data = tmp_path / "data"
    server = Server(data).start()
    server.stop()
    hint = [line for line in server.log().splitlines() if "AWS SDK" in line]
    assert len(hint) == 1 and f"--data-dir {data}" in hint[0], server.log()
    assert "Python" in hint[0] and "lapwing runtime add sdk-python" in hint[0]
    (tmp_path / "sdk" / "boto3").mkdir(parents=True)
    (tmp_path / "sdk" / "botocore").mkdir()
    for name in ("boto3", "botocore"):
        (tmp_path / "sdk" / name / "__init__.py").write_text("")
    lapwing("runtime", "add", "sdk-python", "--from", tmp_path / "sdk", "--data-dir", data)
    server.start()
    server.stop()
    assert "sdk-python" not in server.log()


def test_a_first_start_warns_of_nothing(tmp_path):
    """Where nobody has asked for more than the machine has."""
    shell = f'ulimit -n 4096 && exec "{binary()}" "$@"'
    server = Server(tmp_path / "data")
    server.arguments = ["/bin/sh", "-c", shell, *server.arguments]
    server.start()
    server.stop()
    assert "fewer at once than set" not in server.log(), server.log()
    assert '"level":"warn"' not in server.log(), server.log()


def test_the_address_in_a_browser(server):
    with urllib.request.urlopen(server.endpoint + "/", timeout=20) as answer:
        text = answer.read().decode()
        assert answer.headers["Content-Type"].startswith("text/plain")
    assert "This is Lapwing" in text and f"{server.endpoint}/_lapwing/health" in text
    for sign_of_an_sdk in ({"User-Agent": "aws-cli/2.9.19"}, {"amz-sdk-invocation-id": "1"},
                           {"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}):
        asked = urllib.request.Request(server.endpoint + "/", headers=sign_of_an_sdk)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(asked, timeout=20)
        assert refused.value.code == 501 and b"s3 ListBuckets" in refused.value.read()


@pytest.mark.parametrize("arguments, said", [
    (("serve", "--nothing"), "`lapwing help serve` says more"),
    (("clock", "advance"), "`lapwing help clock advance` says more"),
    (("serve", "--listen", "lapwing.test:4566"), "'lapwing.test' is no address"),
    (("serve", "--listen", "0.0.0.0:4566"), "--insecure"),
], ids=" ".join)
def test_wrong_arguments_say_what_to_do(arguments, said):
    text = lapwing(*arguments, status=2)
    assert said in text, text


def test_the_doctor_says_whether_a_server_could_serve(tmp_path):
    data = tmp_path / "data"
    text = lapwing("doctor", "--data-dir", data, "--listen", "127.0.0.1:0")
    assert f"data in {data}: can be used" in text
    assert "listening on 127.0.0.1:0: can be done" in text
    server = Server(data).start()
    try:
        address = "{}:{}".format(*server.address)
        text = lapwing("doctor", "--data-dir", data, "--listen", address)
        assert f"data in {data}: a server is running there" in text
        assert f"listening on {address}: NO: {address} is in use by another program" in text
    finally:
        server.stop()
    # The system's own files, which root cannot write to either.
    text = subprocess.run([binary(), "doctor", "--data-dir", "/proc/lapwing"], capture_output=True,
                          text=True, timeout=60)
    assert text.returncode == 1 and "cannot use /proc/lapwing" in text.stdout + text.stderr


def test_a_second_server_says_what_it_waits_for(tmp_path):
    first = Server(tmp_path / "data").start()
    try:
        second = subprocess.Popen(Server(tmp_path / "data").arguments, stderr=subprocess.PIPE)
        try:
            line = second.stderr.readline().decode()
            assert "another Lapwing has" in line and "waiting for it" in line
            assert second.poll() is None, "it says so at once"
            assert second.wait(30) == 1
            assert b"another Lapwing is running" in second.stderr.read()
        finally:
            second.kill()
            second.wait()
    finally:
        first.stop()


def test_data_without_its_key_does_not_start(tmp_path):
    data = tmp_path / "data"
    server = Server(data).start()
    server.stop()
    key = (data / "server.key").read_bytes()
    (data / "server.key").unlink()
    run = subprocess.run(server.arguments, capture_output=True, text=True, timeout=60)
    assert run.returncode == 1 and f"{data}/server.key is missing" in run.stderr, run.stderr
    assert "Bring it from where the data comes from" in run.stderr
    assert not (data / "server.key").exists()
    (data / "server.key").write_bytes(key)
    server.start()
    server.stop()


def test_who_can_sign_in_is_said(tmp_path):
    data = tmp_path / "data"
    server = Server(data, "--auth", "verify").start()
    server.stop()
    assert "no client can sign in" in server.log() and "--config FILE" in server.log()
    plain = Server(data).start()
    try:
        iam = boto3.client("iam", endpoint_url=plain.endpoint, region_name="us-east-1",
                           aws_access_key_id="test", aws_secret_access_key="test")
        iam.create_user(UserName="ann")
        iam.create_access_key(UserName="ann")
    finally:
        plain.stop()
    server.start()
    server.stop()
    assert "no client can sign in" not in server.log(), server.log()
    assert "1 access key of IAM's users can sign in" in server.log()
