"""Packages as the world's tools make them: what is in them is what the function sees."""
import calendar
import io
import json
import os
import shutil
import stat
import struct
import subprocess
import sys
import uuid
import zipfile

import pytest
from functions import package

# Says of every path of the event what it is: [kind, mode, time, content or target].
LOOK = """
import os, stat

def look(path):
    try:
        about = os.lstat(path)
    except OSError as error:
        return type(error).__name__
    mode, time = stat.S_IMODE(about.st_mode), int(about.st_mtime)
    if stat.S_ISLNK(about.st_mode):
        return ["link", time, os.readlink(path)]
    if stat.S_ISDIR(about.st_mode):
        return ["directory", mode, time, sorted(os.listdir(path))]
    return ["file", mode, time, open(path).read()]

def read(path):
    try:
        return open(path).read()
    except OSError as error:
        return type(error).__name__

def handler(event, context):
    return {"look": [look(p) for p in event.get("look", [])],
            "read": [read(p) for p in event.get("read", [])]}
"""
NEW_YEAR = (2024, 1, 1, 0, 0, 0)


def entry(name, mode=0o100644, when=NEW_YEAR):
    info = zipfile.ZipInfo(name, date_time=when)
    info.external_attr = mode << 16
    info.create_system = 3
    return info


def zipped(*entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(entry("app.py"), LOOK)
        for info, content in entries:
            archive.writestr(info, content)
    return out.getvalue()


def utc(*when):
    return calendar.timegm((*when, 0, 0, 0)[:9])


@pytest.fixture(scope="module")
def ask(lam):
    def call(name, **event):
        answer = lam.invoke(FunctionName=name, Payload=json.dumps(event))
        body = answer["Payload"].read()
        assert "FunctionError" not in answer, body
        return json.loads(body)
    return call


@pytest.fixture(scope="module")
def layer(lam):
    made = []

    def publish(data):
        name = "packages-" + uuid.uuid4().hex[:12]
        said = lam.publish_layer_version(LayerName=name, Content={"ZipFile": data})
        made.append((name, said["Version"]))
        return said["LayerVersionArn"]
    yield publish
    for name, version in made:
        lam.delete_layer_version(LayerName=name, VersionNumber=version)


def maven_like(*more):
    """With the directories of Maven's archiver, whose mode is -1, and a file of that kind."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("META-INF/", "META-INF/maven/"):
            info = zipfile.ZipInfo(name, NEW_YEAR)
            info.create_system = 3
            info.external_attr = 0xffff0010
            archive.writestr(info, b"")
        info = entry("META-INF/maven/pom.xml")
        info.external_attr = 0xffff0000
        archive.writestr(info, "<project/>")
        for info, content in more:
            archive.writestr(info, content)
    return out.getvalue()


def test_directories_of_unknown_type(deploy, layer, ask):
    name = deploy(maven_like((entry("app.py"), LOOK)), Layers=[layer(maven_like())])
    for root in ("/var/task", "/opt"):
        assert ask(name, look=[root + "/META-INF/maven", root + "/META-INF/maven/pom.xml"])[
            "look"] == [["directory", 0o755, utc(*NEW_YEAR), ["pom.xml"]],
                        ["file", 0o644, utc(*NEW_YEAR), "<project/>"]]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_fat_jar_with_names_twice(deploy, layer, ask):
    """As Gradle makes it of several jars: the last one counts, as everywhere."""
    fat = zipped((entry("META-INF/"), b""), (entry("META-INF/LICENSE"), "of the first, longer"),
                 (entry("META-INF/services/shop.Plugin"), "shop.One"), (entry("META-INF/"), b""),
                 (entry("META-INF/LICENSE"), "of the second"),
                 (entry("META-INF/services/shop.Plugin"), "shop.Two"), (entry("app.py"), LOOK))
    name = deploy(fat, Layers=[layer(fat)])
    for root in ("/var/task", "/opt"):
        assert ask(name, read=[root + "/META-INF/LICENSE",
                               root + "/META-INF/services/shop.Plugin"])["read"] == [
            "of the second", "shop.Two"]


def test_a_virtual_environment_with_its_links(deploy, ask, tmp_path):
    if not shutil.which("zip"):
        pytest.skip("no zip")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", "--symlinks", "venv"],
                   cwd=tmp_path, check=True)
    (tmp_path / "app.py").write_text(LOOK)
    packages = next((tmp_path / "venv/lib").glob("python3*")) / "site-packages"
    (packages / "inside.py").write_text("here")
    subprocess.run(["zip", "-q", "-r", "--symlinks", "all.zip", "app.py", "venv"], cwd=tmp_path,
                   check=True)
    links = [p for p in (tmp_path / "venv").rglob("*") if p.is_symlink()]
    assert any(os.path.isabs(os.readlink(p)) for p in links), "what the test is about"
    name = deploy((tmp_path / "all.zip").read_bytes())
    seen = ask(name, look=["/var/task/{}".format(p.relative_to(tmp_path)) for p in links])["look"]
    assert seen == [["link", int(p.lstat().st_mtime), os.readlink(p)] for p in links]
    through = [packages] + [tmp_path / "venv/lib64" / packages.relative_to(tmp_path / "venv/lib")
                            for p in links if p.name == "lib64"]
    paths = ["/var/task/{}/inside.py".format(p.relative_to(tmp_path)) for p in through]
    assert ask(name, read=paths)["read"] == ["here"] * len(paths)


def test_links_lead_to_what_is_in_the_sandbox(deploy, layer, ask, tmp_path):
    """Absolute ones and ones out of the package: what they name is the sandbox's, never this
    machine's."""
    secret = tmp_path / "secret"
    secret.write_text("of this machine")
    secret.chmod(0o644)
    up = "../" * 40
    links = {"absolute": str(secret), "up": up[:-1] + str(secret), "directory": str(tmp_path),
             "root": "/", "shared": "../../packages/shared", "cache": "/tmp/cache",
             "passwd": "/etc/passwd", "opt": "/opt/note", "magic": "/proc/1/root" + str(secret)}
    entries = [(entry(name, 0o120777), target) for name, target in links.items()]
    name = deploy(zipped(*entries), Layers=[
        layer(zipped(*entries, (entry("note"), "of the layer"))),
        layer(zipped((entry("own"), "of the second")))])
    for root in ("/var/task/", "/opt/"):
        said = ask(name, look=[root + link for link in links],
                   read=[root + path for path in ("absolute", "up", "directory/secret",
                                                  "root" + str(secret), "magic")])
        assert [seen[2] for seen in said["look"]] == list(links.values())
        assert "of this machine" not in said["read"], said["read"]
        own, passwd = ask(name, read=[root + "opt", root + "passwd"])["read"]
        assert own == "of the layer"
        assert passwd == ask(name, read=["/etc/passwd"])["read"][0]
    assert secret.read_text() == "of this machine"


def test_layers_lie_over_links(deploy, layer, ask, tmp_path):
    """What one layer links to is not written through by the next."""
    (tmp_path / "there").write_text("before")
    first = layer(zipped((entry("d", 0o120777), str(tmp_path)),
                         (entry("there", 0o120777), str(tmp_path / "there"))))
    second = layer(zipped((entry("d/"), b""), (entry("d/there"), "after"),
                          (entry("there"), "after")))
    name = deploy(zipped(), Layers=[first, second])
    assert ask(name, read=["/opt/d/there", "/opt/there"])["read"] == ["after", "after"]
    assert (tmp_path / "there").read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["there"]


BOOTSTRAP = """#!/bin/bash
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
while id=$(curl -s -D - -o /dev/null "$api/next" |
    sed -n 's/^lambda-runtime-aws-request-id: *//Ip' | tr -d '\\r'); do
  curl -s -o /dev/null -d "\\"$0\\"" "$api/$id/response"
done
"""


@pytest.mark.parametrize("target", ["bin/real", "/var/task/bin/real", "../../opt/shared"])
def test_a_bootstrap_that_is_a_link(lam, deploy, layer, target):
    shared = layer(zipped((entry("shared", 0o100755), BOOTSTRAP)))
    name = deploy(zipped((entry("bootstrap", 0o120777), target),
                         (entry("bin/real", 0o100755), BOOTSTRAP)),
                  runtime="provided.al2023", handler="none", Layers=[shared])
    assert lam.invoke(FunctionName=name)["Payload"].read() == b'"/var/task/bootstrap"'


def test_a_bootstrap_and_extensions_linked_to_this_machine(lam, deploy, layer, log_of, tmp_path):
    """The program is this machine's, and not there in the sandbox; nothing of it is listed."""
    program = tmp_path / "program"
    program.write_text(BOOTSTRAP)
    program.chmod(0o755)
    name = deploy(zipped((entry("bootstrap", 0o120777), str(program))), runtime="provided.al2023",
                  handler="none")
    answer = lam.invoke(FunctionName=name)
    assert answer.get("FunctionError"), answer["Payload"].read()
    hidden = layer(zipped((entry("extensions", 0o120777), str(tmp_path))))
    name = deploy(zipped(), Layers=[hidden])
    assert b"look" in lam.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()
    assert "program" not in "".join(log_of(name))


def with_field(info, seconds):
    info.extra = struct.pack("<HHBi", 0x5455, 5, 1, seconds)
    return info


def test_modes_and_times(deploy, layer, ask):
    """DOS times are UTC, the extended timestamp goes before them."""
    second = 1700000001
    entries = [(entry("d/", 0o040705, (2021, 2, 3, 4, 5, 6)), b""),
               (entry("d/file", 0o100754, (2022, 2, 3, 4, 5, 6)), "x"),
               (entry("d/link", 0o120777, (2023, 2, 3, 4, 5, 6)), "file"),
               (with_field(entry("exact", 0o100644), second), "y")]
    plain = zipfile.ZipInfo("none", NEW_YEAR)
    plain.create_system, plain.external_attr = 0, 0
    entries.append((plain, "z"))
    name = deploy(zipped(*entries), Layers=[layer(zipped(*entries)),
                                            layer(zipped((entry("other"), "w")))])
    for root in ("/var/task/", "/opt/"):
        said = ask(name, look=[root + path for path in
                               ("d", "d/file", "d/link", "exact", "none")])["look"]
        assert said == [["directory", 0o705, utc(2021, 2, 3, 4, 5, 6), ["file", "link"]],
                        ["file", 0o754, utc(2022, 2, 3, 4, 5, 6), "x"],
                        ["link", utc(2023, 2, 3, 4, 5, 6), "file"],
                        ["file", 0o644, second, "y"],
                        ["file", 0o644, utc(*NEW_YEAR), "z"]], root


@pytest.mark.parametrize("before, after", [(b"", b"\r\n"), (b"", b"\0" * 4096),
                                           (b"#!/bin/sh\nexec unzip\n", b""),
                                           (b"stub", b"signature")])
def test_bytes_around_the_archive(deploy, ask, before, after):
    name = deploy(before + zipped((entry("note"), "here")) + after)
    assert ask(name, read=["/var/task/note"])["read"] == ["here"]


def test_packages_of_the_usual_kind_still_work(deploy, ask):
    name = deploy(package({"app.py": LOOK, "data/note.txt": "here"}))
    assert ask(name, read=["/var/task/data/note.txt"])["read"] == ["here"]
    assert stat.S_IMODE(0o644) == ask(name, look=["/var/task/data/note.txt"])["look"][0][1]
