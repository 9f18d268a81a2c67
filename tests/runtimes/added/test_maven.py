"""A Maven project's own jar, as `mvn package` leaves it: deployed as a function and as a layer. And
the shaded one, with its dependencies in it."""
import shutil
import subprocess
import zipfile

import pytest
from conftest import lapwing
from functions import ROLE, package
from java_functions import JDKS, major

BUILD_SECONDS = 600

if not JDKS or not shutil.which("mvn"):
    pytest.skip("no JDK or no Maven on this machine", allow_module_level=True)

POM = """<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>shop</groupId>
  <artifactId>orders</artifactId>
  <version>1.0</version>
  <packaging>jar</packaging>
  <properties>
    <maven.compiler.source>11</maven.compiler.source>
    <maven.compiler.target>11</maven.compiler.target>
    <project.build.sourceEncoding>UTF-8</project.build.sourceEncoding>
  </properties>
  <dependencies>
    <dependency>
      <groupId>com.amazonaws</groupId>
      <artifactId>aws-lambda-java-core</artifactId>
      <version>1.4.0</version>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-shade-plugin</artifactId>
        <version>3.5.0</version>
        <executions>
          <execution>
            <phase>package</phase>
            <goals><goal>shade</goal></goals>
            <configuration>
              <shadedArtifactAttached>true</shadedArtifactAttached>
              <createDependencyReducedPom>false</createDependencyReducedPom>
            </configuration>
          </execution>
        </executions>
      </plugin>
    </plugins>
  </build>
</project>
"""
HANDLER = """package shop;

import com.amazonaws.services.lambda.runtime.Context;
import com.amazonaws.services.lambda.runtime.RequestHandler;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Map;

public class Orders implements RequestHandler<Map<String, Object>, String> {
  @Override
  public String handleRequest(Map<String, Object> event, Context context) {
    try (BufferedReader in = new BufferedReader(new InputStreamReader(
        Orders.class.getResourceAsStream("/orders.txt")))) {
      return in.readLine();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
"""
LOOK = """
import os
def handler(event, context):
    return sorted(os.path.relpath(os.path.join(folder, name), "/opt")
                  for folder, _, names in os.walk("/opt") for name in names)
"""


@pytest.fixture(scope="module")
def jars(tmp_path_factory):
    """(the project's own jar, the shaded one)"""
    project = tmp_path_factory.mktemp("maven")
    for name, text in (("pom.xml", POM), ("src/main/java/shop/Orders.java", HANDLER),
                       ("src/main/resources/orders.txt", "from the jar\n")):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    run = subprocess.run(["mvn", "-q", "-B", "package"], cwd=project, capture_output=True,
                         text=True, timeout=BUILD_SECONDS)
    if run.returncode != 0 and "Could not transfer" in run.stdout + run.stderr:
        pytest.skip("Maven's plugins cannot be had here: " + run.stdout[-300:])
    assert run.returncode == 0, run.stdout
    return project / "target/orders-1.0.jar", project / "target/orders-1.0-shaded.jar"


@pytest.fixture
def java(java_client, tmp_path, started):
    added = lapwing("runtime", "add", "java-client", "--from", java_client, "--data-dir", tmp_path)
    assert added.returncode == 0, added.stderr
    return started(tmp_path)


def test_the_projects_own_jar(jars, java):
    own, shaded = jars
    with zipfile.ZipFile(own) as archive:
        odd = [info.filename for info in archive.infolist()
               if info.filename.endswith("/") and info.external_attr >> 16 == 0xffff]
    assert odd, "what the test is about: directories without a mode"
    runtime = "java" + major(JDKS[0])
    for jar in (own, shaded):
        name = java.deploy(jar.read_bytes(), runtime, "shop.Orders::handleRequest")
        said, answer, log = java.invoke(name, {})
        assert "FunctionError" not in answer, log
        assert said == "from the jar"


def test_the_jar_as_a_layer(jars, java):
    own = jars[0]
    arn = java.lam.publish_layer_version(
        LayerName="orders", Content={"ZipFile": own.read_bytes()})["LayerVersionArn"]
    name = java.deploy(package({"app.py": LOOK}), "python3.11", "app.handler", Layers=[arn])
    said, answer, log = java.invoke(name, {})
    assert "FunctionError" not in answer, log
    with zipfile.ZipFile(own) as archive:
        assert said == sorted(n for n in archive.namelist() if not n.endswith("/"))
    assert "META-INF/maven/shop/orders/pom.xml" in said
    assert java.lam.get_function(FunctionName=name)["Configuration"]["Role"] == ROLE
