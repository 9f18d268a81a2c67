"""Java functions, built here by javac, run by AWS's own runtime interface client."""
import time

import boto3
import pytest
from conftest import Client, Server, lapwing
from java_functions import JDKS, VERSIONS, compiled, jar

ARCHIVE_SECONDS = 120
LOG_SECONDS = 20

if not JDKS:
    pytest.skip("no JDK on this machine", allow_module_level=True)

HANDLERS = """
package shop;
import com.amazonaws.services.lambda.runtime.*;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

public class Handlers implements RequestHandler<Map<String, Object>, Map<String, Object>> {
  public static class Order { public String id; public int amount; }
  public static class Receipt {
    private final String text;
    public Receipt(String text) { this.text = text; }
    public String getText() { return text; }
  }
  public static class Odd extends RuntimeException {
    public Odd(String text, Throwable cause) { super(text, cause); }
  }

  @Override
  public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
    Map<String, Object> said = new TreeMap<>();
    String what = String.valueOf(event.get("do"));
    switch (what) {
      case "raise": throw new Odd("on purpose \\u00fc", new IllegalStateException("below"));
      case "exit": System.exit(3);
      case "memory":
        List<byte[]> held = new ArrayList<>();
        while (true) held.add(new byte[1 << 20]);
      case "loaded":
        try (java.util.stream.Stream<String> lines =
            java.nio.file.Files.lines(java.nio.file.Paths.get("/tmp/loaded"))) {
          said.put("loaded", lines.filter(l -> l.contains("api.client.AWSLambda "))
              .findFirst().orElse(""));
        } catch (java.io.IOException e) { throw new java.io.UncheckedIOException(e); }
        break;
      case "log":
        System.out.println("plain line");
        context.getLogger().log("two\\nlines");
        break;
      case "see":
        said.put("id", context.getAwsRequestId());
        said.put("name", context.getFunctionName());
        said.put("left", context.getRemainingTimeInMillis());
        said.put("arn", context.getInvokedFunctionArn());
        said.put("memory", context.getMemoryLimitInMB());
        said.put("heap", Runtime.getRuntime().maxMemory() >> 20);
        said.put("java", System.getProperty("java.specification.version"));
        said.put("env", System.getenv("AWS_EXECUTION_ENV"));
        said.put("charset", java.nio.charset.Charset.defaultCharset().name());
        said.put("gc", java.lang.management.ManagementFactory.getGarbageCollectorMXBeans()
            .get(0).getName());
        break;
    }
    said.put("ok", event);
    return said;
  }

  public Receipt pojo(Order order, Context context) {
    return new Receipt(order.id + " x " + order.amount);
  }

  public void stream(InputStream in, OutputStream out, Context context) throws IOException {
    out.write("{\\"raw\\":".getBytes(StandardCharsets.UTF_8));
    in.transferTo(out);
    out.write('}');
  }

  public static String broken(String text) { return text; }
}
"""
STREAM = """
package shop;
import com.amazonaws.services.lambda.runtime.*;
import java.io.*;
public class Raw implements RequestStreamHandler {
  public void handleRequest(InputStream in, OutputStream out, Context context) throws IOException {
    out.write('[');
    in.transferTo(out);
    out.write(']');
  }
}
"""
LIBRARY = "package lib; public class Words { public static String say() { return \"from a jar\"; } }"
USES = """
package shop;
public class Uses {
  static { if (System.getenv("FAIL_INIT") != null) throw new RuntimeException("no init"); }
  public String handle(Object event) { return lib.Words.say(); }
}
"""


@pytest.fixture(scope="module")
def client(java_client, tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    added = lapwing("runtime", "add", "java-client", "--from", java_client, "--data-dir", data)
    assert added.returncode == 0, added.stderr
    server = Server(data).start()
    try:
        yield Client(server)
    finally:
        server.stop()
        print(server.log())


@pytest.fixture(scope="module")
def classes(java_client, tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("java"),
                    {"shop/Handlers.java": HANDLERS, "shop/Raw.java": STREAM})


@pytest.fixture(scope="module")
def handlers(client, classes):
    return client.deploy(classes, "java17", "shop.Handlers::handleRequest")


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_function_sees(client, classes, version):
    name = client.deploy(classes, "java" + version, "shop.Handlers", Timeout=20)
    said, answer, log = client.invoke(name, {"do": "see"})
    assert "FunctionError" not in answer, (said, log)
    assert said["id"] == answer["ResponseMetadata"]["RequestId"]
    assert 0 < said["left"] <= 20000
    assert said["arn"].endswith(":function:" + name)
    assert (said["name"], said["memory"], said["java"]) == (name, 512, version)
    assert said["env"] == "AWS_Lambda_java" + version
    assert 350 < said["heap"] < 450
    assert said["gc"] == "Copy"  # -XX:+UseSerialGC
    assert said["charset"] == "UTF-8"
    again, _, _ = client.invoke(name, {"n": 2})
    assert again == {"ok": {"n": 2}}


@pytest.mark.parametrize("handler, event, expected", [
    ("shop.Handlers::pojo", {"id": "a", "amount": 3}, {"text": "a x 3"}),
    ("shop.Handlers::stream", {"n": 1}, {"raw": {"n": 1}}),
    ("shop.Raw", {"n": 1}, [{"n": 1}]),
    ("shop.Raw::handleRequest", "ü", ["ü"]),
])
def test_handler_forms(client, classes, handler, event, expected):
    name = client.deploy(classes, "java17", handler)
    assert client.invoke(name, event)[0] == expected


def test_jars_in_lib_and_a_jar_as_package(client, java_client, tmp_path):
    library = jar(compiled(tmp_path / "lib", {"lib/Words.java": LIBRARY}))
    (tmp_path / "words.jar").write_bytes(library)
    uses = compiled(tmp_path / "uses", {"shop/Uses.java": USES}, [tmp_path / "words.jar"])
    zipped = client.deploy({**uses, "lib/words.jar": library}, "java17", "shop.Uses::handle")
    assert client.invoke(zipped, 1)[0] == "from a jar"
    both = {**uses, **compiled(tmp_path / "all", {"lib/Words.java": LIBRARY})}
    assert client.invoke(client.deploy(jar(both), "java17", "shop.Uses::handle"), 1)[0] == \
        "from a jar"


def test_log(client, handlers):
    _, answer, log = client.invoke(handlers, {"do": "log"})
    assert "plain line\n" in log and "two\nlines" in log
    rid = answer["ResponseMetadata"]["RequestId"]
    assert log.index("START RequestId: " + rid) < log.index("plain line")


def test_exception(client, handlers):
    said, answer, log = client.invoke(handlers, {"do": "raise"})
    assert answer["FunctionError"] == "Unhandled"
    assert (said["errorType"], said["errorMessage"]) == (
        "shop.Handlers$Odd", "on purpose ü")
    assert said["stackTrace"][0].startswith("shop.Handlers.handleRequest(Handlers.java:")
    assert "on purpose ü: shop.Handlers$Odd" in log
    assert client.invoke(handlers, {"n": 1})[0] == {"ok": {"n": 1}}


def test_exit_and_memory(client, handlers):
    said, answer, _ = client.invoke(handlers, {"do": "exit"})
    rid = answer["ResponseMetadata"]["RequestId"]
    assert said == {"errorType": "Runtime.ExitError", "errorMessage":
                    f"RequestId: {rid} Error: Runtime exited with error: exit status 3"}
    said, _, log = client.invoke(handlers, {"do": "memory"})
    assert said["errorType"] == "java.lang.OutOfMemoryError", (said, log)
    assert client.invoke(handlers, {"n": 1})[0] == {"ok": {"n": 1}}


@pytest.mark.parametrize("handler, kind, message", [
    ("shop.Absent::x", "java.lang.ClassNotFoundException", "Class not found: shop.Absent"),
    ("shop.Handlers::absent", "java.lang.NoSuchMethodException", "absent"),
])
def test_cannot_load(client, classes, handler, kind, message):
    said, answer, _ = client.invoke(client.deploy(classes, "java17", handler), 1)
    assert answer["FunctionError"] == "Unhandled"
    assert message in said["errorMessage"]
    assert said.get("errorType", kind) == kind


def test_failing_static_initialiser(client, java_client, tmp_path):
    uses = compiled(tmp_path, {"shop/Uses.java": USES, "lib/Words.java": LIBRARY})
    name = client.deploy(uses, "java17", "shop.Uses::handle",
                         Environment={"Variables": {"FAIL_INIT": "1"}})
    said, answer, _ = client.invoke(name, 1)
    assert answer["FunctionError"] == "Unhandled"
    assert "no init" in str(said) or "shop.Uses" in said["errorMessage"]


def test_tool_options_win_over_the_defaults(client, classes):
    name = client.deploy(classes, "java17", "shop.Handlers", Environment={"Variables": {
        "JAVA_TOOL_OPTIONS": "-Xmx100m"}})
    said, _, _ = client.invoke(name, {"do": "see"})
    assert 90 < said["heap"] <= 100


@pytest.mark.parametrize("version", VERSIONS)
def test_archive_of_classes(client, classes, version):
    trees = client.server.data_dir / "added" / "trees"
    deadline = time.monotonic() + ARCHIVE_SECONDS
    while not list(trees.glob(f"*/lib/java-{version}.*.jsa")):
        assert time.monotonic() < deadline, client.server.log()
        time.sleep(0.1)
    name = client.deploy(classes, "java" + version, "shop.Handlers", Environment={"Variables": {
        "JAVA_TOOL_OPTIONS": "-Xlog:class+load:file=/tmp/loaded"}})
    said, _, log = client.invoke(name, {"do": "loaded"})
    assert said["loaded"].endswith("source: shared objects file (top)"), (said, log)


COMMANDS = ("runtimes/java/client/fetch.sh DIR", "lapwing runtime add java-client --from DIR")


def test_without_the_client(started, tmp_path, classes):
    """Refused when it is deployed, not with every call; said once, with what to type."""
    client = started(tmp_path / "data")
    python = client.deploy({"app.py": "def handler(event, context): return 1"}, "python3.11",
                           "app.handler")
    for attempt in (
            lambda: client.deploy(classes, "java17", "shop.Handlers"),
            lambda: client.lam.update_function_configuration(FunctionName=python,
                                                             Runtime="java17")):
        with pytest.raises(client.lam.exceptions.ClientError) as refused:
            attempt()
        for command in COMMANDS:
            assert command in str(refused.value)
    assert [f["Runtime"] for f in client.lam.list_functions()["Functions"]] == ["python3.11"]
    assert client.invoke(python, {})[0] == 1
    doctor = lapwing("doctor", "--data-dir", tmp_path / "other").stdout
    for command in COMMANDS:
        assert doctor.count(command) == 1, doctor
    assert "java11, java17, java21, java25: " in doctor


def test_functions_that_outlive_the_client(started, java_client, tmp_path, classes):
    data = tmp_path / "data"
    assert lapwing("runtime", "add", "java-client", "--from", java_client, "--data-dir",
                   data).returncode == 0
    client = started(data)
    name = client.deploy(classes, "java17", "shop.Handlers")
    client.server.stop()
    assert lapwing("runtime", "remove", "java-client", "--data-dir", data).returncode == 0
    client = started(data)
    with pytest.raises(client.lam.exceptions.ClientError) as refused:
        client.invoke(name, 1)
    assert refused.value.response["Error"]["Code"] == "InvalidRuntimeException"
    logs = boto3.client("logs", endpoint_url=client.server.endpoint, region_name="us-east-1",
                        aws_access_key_id="test", aws_secret_access_key="test")
    deadline = time.monotonic() + LOG_SECONDS
    lines = []
    while not lines and time.monotonic() < deadline:
        lines = [e["message"] for e in logs.filter_log_events(
            logGroupName="/aws/lambda/" + name, filterPattern="RUNTIME")["events"]]
    assert lines and lines[0].startswith("RUNTIME\tStatus: not served\tReason: "), lines
    for command in COMMANDS:
        assert command in str(refused.value) and command in lines[0]
