"""A fat jar as real Gradle makes it of a project and its libraries: files that several of them
have are in it as often. The last one counts, as on AWS and for every unpacker."""
import os
import shutil
import subprocess
import zipfile

import pytest
from conftest import lapwing
from functions import package
from java_functions import JDKS, major

BUILD_SECONDS = 300
# Runs on these; what it builds is for JDKS[0].
GRADLES_JDKS = [home for home in JDKS if 11 <= int(major(home)) <= 17]

if not GRADLES_JDKS or not shutil.which("gradle"):
    pytest.skip("no Gradle on this machine, or no JDK of 11 to 17 for it",
                allow_module_level=True)

BUILD = """
apply plugin: 'java'
sourceCompatibility = '11'
targetCompatibility = '11'
dependencies { compile fileTree(dir: 'libs', include: '*.jar') }
jar {
  from { configurations.runtimeClasspath.collect { it.isDirectory() ? it : zipTree(it) } }
}
"""
HANDLER = """package shop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

public class Orders {
  public String handle(Object event) throws IOException {
    try (BufferedReader in = new BufferedReader(new InputStreamReader(
        Orders.class.getResourceAsStream("/META-INF/services/shop.Plugin")))) {
      return in.readLine();
    }
  }
}
"""
LOOK = """
def handler(event, context):
    return [open("/opt/META-INF/" + name).read() for name in ("LICENSE", "services/shop.Plugin")]
"""
# The longer ones first: an unpacker that writes over a file without cutting it would show.
LIBRARIES = {"one": "of the first, which is longer", "two": "of the second"}


@pytest.fixture(scope="module")
def jar(tmp_path_factory):
    project = tmp_path_factory.mktemp("gradle") / "orders"
    for name, text in (("build.gradle", BUILD), ("settings.gradle", "rootProject.name = 'orders'"),
                       ("src/main/java/shop/Orders.java", HANDLER)):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    (project / "libs").mkdir()
    for name, text in LIBRARIES.items():
        with zipfile.ZipFile(project / "libs" / f"{name}.jar", "w") as library:
            for path, content in (("META-INF/LICENSE", text),
                                  ("META-INF/services/shop.Plugin", "shop." + name)):
                info = zipfile.ZipInfo(path)
                info.external_attr = 0o100644 << 16  # which Gradle keeps
                library.writestr(info, content)
    run = subprocess.run(
        ["gradle", "--offline", "--no-daemon", "-q", "jar"], cwd=project, capture_output=True,
        text=True, timeout=BUILD_SECONDS,
        env={**os.environ, "GRADLE_USER_HOME": str(project.parent / "home"),
             "JAVA_HOME": str(GRADLES_JDKS[0])})
    assert run.returncode == 0, run.stdout + run.stderr
    made = project / "build/libs/orders.jar"
    with zipfile.ZipFile(made) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        licences = [archive.read(i).decode() for i in archive.infolist()
                    if i.filename == "META-INF/LICENSE"]
    assert names.count("META-INF/services/shop.Plugin") == 2, "what the test is about"
    return made.read_bytes(), licences[-1]


def test_as_a_layer(jar, started, tmp_path):
    data, licence = jar
    client = started(tmp_path / "data")
    arn = client.lam.publish_layer_version(LayerName="orders",
                                           Content={"ZipFile": data})["LayerVersionArn"]
    name = client.deploy(package({"app.py": LOOK}), "python3.11", "app.handler", Layers=[arn])
    last = next(name for name, text in LIBRARIES.items() if text == licence)
    assert client.invoke(name, {})[0] == [licence, "shop." + last]


def test_as_a_function(jar, java_client, started, tmp_path):
    data, licence = jar
    added = lapwing("runtime", "add", "java-client", "--from", java_client, "--data-dir", tmp_path)
    assert added.returncode == 0, added.stderr
    client = started(tmp_path)
    name = client.deploy(data, "java17", "shop.Orders::handle")
    last = next(name for name, text in LIBRARIES.items() if text == licence)
    assert client.invoke(name, {})[0] == "shop." + last
