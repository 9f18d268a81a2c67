"""A JVM that was started ahead is the function it becomes, as one started for it would be."""
import contextlib
import os
import pathlib
import re
import signal
import time
import urllib.request

import pytest
from conftest import Client, Server, lapwing
from functions import package
from java_functions import JDKS, VERSIONS, compiled, jar, waiting
from waiting import eventually

READY_SECONDS = 60
WAITING_JIFFIES_MAX = 20  # in a second, of 100

if not JDKS:
    pytest.skip("no JDK on this machine", allow_module_level=True)

PROBE = """
package shop;
import com.amazonaws.services.lambda.runtime.*;
import java.io.*;
import java.lang.management.ManagementFactory;
import java.nio.file.*;
import java.util.*;
import java.util.stream.*;

public class Probe implements RequestHandler<Map<String, Object>, Object> {
  static final List<Object> LOADED = List.of(UUID.randomUUID().toString(), new Random().nextLong(),
      Math.random(), new java.security.SecureRandom().nextLong());
  static int depth;

  static void deeper() { ++depth; deeper(); }

  static List<String> lines(String file, String pattern) throws IOException {
    try (Stream<String> all = Files.lines(Paths.get(file))) {
      return all.filter(l -> l.matches(pattern)).collect(Collectors.toList());
    }
  }

  static List<String> links(String directory) {
    List<String> found = new ArrayList<>();
    for (String name : new File(directory).list()) {
      try {
        found.add(Files.readSymbolicLink(Paths.get(directory, name)).toString()
            .replaceAll("[0-9]+\\\\]", "]"));
      } catch (IOException gone) {
        // what listed them
      }
    }
    Collections.sort(found);
    return found;
  }

  // What a process inherits, not what Java hands over.
  static String child(String... command) throws IOException {
    Process child = new ProcessBuilder(command).redirectErrorStream(true).start();
    return new String(child.getInputStream().readAllBytes()).trim();
  }

  static Map<String, Object> see() throws Exception {
    Map<String, Object> seen = new TreeMap<>();
    Map<String, String> properties = new TreeMap<>();
    System.getProperties().forEach((k, v) -> properties.put("" + k, "" + v));
    seen.put("properties", properties);
    seen.put("variables", new TreeMap<>(System.getenv()));
    seen.put("inherited", child("/usr/bin/env"));
    seen.put("options", ManagementFactory.getRuntimeMXBean().getInputArguments());
    seen.put("heap", ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getMax());
    seen.put("threads", Thread.getAllStackTraces().keySet().stream()
        .map(t -> t.getName() + t.isDaemon() + t.getPriority()).sorted()
        .collect(Collectors.toList()));
    List<String> stack = new ArrayList<>();
    for (StackTraceElement e : new Throwable().getStackTrace()) stack.add(e.toString());
    seen.put("stack", stack);
    seen.put("loader", "" + Thread.currentThread().getContextClassLoader().getClass());
    seen.put("open", links("/proc/self/fd"));
    seen.put("tmp", List.of(new File("/tmp").list()));
    seen.put("tmp_mb", new File("/tmp").getTotalSpace() >> 20);
    seen.put("security", List.of(java.security.Security.getProperty("jdk.tls.disabledAlgorithms"),
        java.security.Security.getProperty("networkaddress.cache.negative.ttl"),
        "" + Arrays.asList(java.security.Security.getProviders())));
    seen.put("place", List.of("" + Locale.getDefault(), TimeZone.getDefault().getID(),
        "" + java.nio.charset.Charset.defaultCharset(), new File("x").getAbsolutePath(),
        "" + Files.exists(Paths.get("shop"))));
    seen.put("signals", lines("/proc/self/status", "(Sig(Ign|Blk|Cgt)|NoNewPrivs|CapEff):.*"));
    seen.put("limits", lines("/proc/self/limits", ".*"));
    seen.put("name", lines("/proc/self/comm", ".*"));
    return seen;
  }

  @Override
  public Object handleRequest(Map<String, Object> event, Context context) {
    switch (String.valueOf(event.get("do"))) {
      case "see":
        try { return see(); } catch (Exception e) { throw new RuntimeException(e); }
      case "raise": throw new IllegalArgumentException("on purpose", new RuntimeException("below"));
      case "error": throw new AssertionError("worse");
      case "exit": System.exit(3);
      case "halt": Runtime.getRuntime().halt(4);
      case "memory":
        List<byte[]> held = new ArrayList<>();
        while (true) held.add(new byte[1 << 20]);
      case "stack": deeper();
      case "depth":
        depth = 0;
        try { deeper(); } catch (StackOverflowError e) { return depth; }
      case "hook":
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("the hook")));
        System.exit(5);
      case "zone": return TimeZone.getDefault().getID();
      case "heap": return Runtime.getRuntime().maxMemory() >> 20;
      case "property": return String.valueOf(System.getProperty((String) event.get("name")));
    }
    return Map.of("mine", String.valueOf(System.getenv("MINE")), "loaded", LOADED,
        "name", context.getFunctionName());
  }
}
"""
UNUSUAL = """
package shop;
public class Unusual {
  static { if (System.getenv("FAIL") != null) throw new IllegalStateException("no init"); }
  public Unusual() { if (System.getenv("LEAVE") != null) System.exit(9); }
  public String handle(Object event) { return lib.Words.say(); }
}
"""
WORDS = "package lib; public class Words { public static String say() { return \"layered\"; } }"
WRAPPER = "#!/bin/sh\nexport JAVA_TOOL_OPTIONS=-Dsaid=wrapped\nexec \"$@\"\n"


@pytest.fixture(scope="module")
def serve(java_client, tmp_path_factory):
    """serve(...) -> Client of a server with AWS's client and the archives of its classes."""
    servers = []

    def start(*arguments):
        data = tmp_path_factory.mktemp("data")
        added = lapwing("runtime", "add", "java-client", "--from", java_client, "--data-dir", data)
        assert added.returncode == 0, added.stderr
        servers.append(Server(data, *arguments).start())
        trees = data / "added" / "trees"
        assert eventually(lambda: all(list(trees.glob(f"*/lib/java-{v}.*.jsa")) for v in VERSIONS), READY_SECONDS)
        return Client(servers[-1])
    yield start
    for server in servers:
        server.stop()
        print(server.log())


@pytest.fixture(scope="module")
def ahead(serve):
    return serve()


@pytest.fixture(scope="module")
def plain(serve):
    return serve("--set", "starts.standby=false")


@pytest.fixture(scope="module")
def probe(java_client, tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("probe"), {"shop/Probe.java": PROBE})


def metric(client, name):
    with urllib.request.urlopen(client.server.endpoint + "/_lapwing/metrics") as answer:
        text = answer.read().decode()
    return int(re.search(rf"^lapwing_{name} (\d+)$", text, re.M).group(1))


def start(client, code, version="17", handler="shop.Probe", memory_mb=512, from_standby=True,
          event=None, **settings):
    """(name, answer, whole answer, log) of the first invocation of a new function."""
    kinds = ["starts_standby_total", "starts_booted_total"]
    before = [metric(client, kind) for kind in kinds]
    name = client.deploy(code, "java" + version, handler, MemorySize=memory_mb, **settings)
    if from_standby:
        assert eventually(lambda: waiting(client.server, memory_mb, version), READY_SECONDS)
    said, answer, log = client.invoke(name, event or {})
    # One that fails to initialise is started twice.
    grown = [metric(client, kind) > was for kind, was in zip(kinds, before)]
    assert grown == [from_standby, not from_standby], log
    return name, said, answer, log


# As recorded there for Java 17 and newer, but for the descriptor of its log; the endpoint is ours.
SET_BY_AWS = {
    "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AWS_XRAY_CONTEXT_MISSING", "AWS_XRAY_DAEMON_ADDRESS", "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT", "LANG", "LD_LIBRARY_PATH", "PATH", "TZ", "_AWS_XRAY_DAEMON_ADDRESS",
    "_AWS_XRAY_DAEMON_PORT", "_HANDLER"}


def variables(**values):
    return {"Environment": {"Variables": values}}


@pytest.mark.parametrize("version", VERSIONS)
def test_sees_what_one_started_for_it_sees(ahead, plain, probe, version):
    settings = {"version": version, "event": {"do": "see"}, "handler": "shop.Probe::handleRequest",
                "EphemeralStorage": {"Size": 1024},
                **variables(MINE="all mine", PATH="/var/lang/bin:/usr/bin:/bin", EMPTY="",
                            UNICODE="zwölf € \U0001d11e")}
    _, mine, _, _ = start(ahead, probe, **settings)
    _, other, _, _ = start(plain, probe, from_standby=False, **settings)
    assert mine["tmp"] == [] and mine["tmp_mb"] > 900
    own = re.compile("AWS_LAMBDA_(FUNCTION_NAME|LOG_.*_NAME)|AWS_(ACCESS|SECRET|SESSION).*")
    inherited = dict(line.split("=", 1) for line in mine.pop("inherited").splitlines())
    assert inherited.keys() == mine["variables"].keys()
    # Which of these bytes Java can read is for the locale to say.
    assert {k: v for k, v in inherited.items() if k != "UNICODE"}.items() <= \
        mine["variables"].items()
    assert inherited["MINE"] == "all mine" and inherited["PATH"] == "/var/lang/bin:/usr/bin:/bin"
    assert not [key for key in inherited if "LAPWING" in key]
    old = {"AWS_ACCESS_KEY", "AWS_SECRET_KEY"} if int(version) <= 11 else set()
    assert inherited.keys() - {"MINE", "EMPTY", "UNICODE"} == SET_BY_AWS | old
    del other["inherited"]
    for seen in (mine, other):
        assert seen["properties"].pop("com.amazonaws.xray.traceHeader").startswith("Root=1-")
        seen["variables"] = {k: v for k, v in seen["variables"].items() if not own.match(k)}
    for key in mine:
        assert mine[key] == other[key], key


def test_functions_find_themselves(ahead, probe):
    seen = []
    for number in range(4):
        name, said, _, _ = start(ahead, probe, **variables(MINE=f"of {number}"))
        assert (said["mine"], said["name"]) == (f"of {number}", name)
        seen += map(str, said["loaded"])
    assert len(set(seen)) == 16, "processes of their own have random numbers of their own"


@pytest.mark.parametrize("memory_mb", [256, 1024, 3008])
def test_heap_by_memory(ahead, plain, probe, memory_mb):
    heaps = {start(client, probe, memory_mb=memory_mb, event={"do": "heap"},
                   from_standby=client is ahead)[1] for client in (ahead, plain)}
    [heap] = heaps
    most = max(0.85 * memory_mb, memory_mb - 240)  # as AWS's start script has it
    assert 0.9 * most < heap <= most + 1


def test_stack_of_the_main_thread(ahead, plain, probe):
    depths = []
    for client in (ahead, plain):
        name = start(client, probe, from_standby=client is ahead)[0]
        # The deepest is compiled code all through.
        depths.append(max(client.invoke(name, {"do": "depth"})[0] for _ in range(5)))
    assert max(depths) < 1.2 * min(depths)


@pytest.mark.parametrize("key, value, event, expected", [
    ("JAVA_TOOL_OPTIONS", "-Dsaid=tool", {"do": "property", "name": "said"}, "tool"),
    ("JDK_JAVA_OPTIONS", "-Dsaid=launcher", {"do": "property", "name": "said"}, "launcher"),
    ("AWS_LAMBDA_EXEC_WRAPPER", "/var/task/wrapper", {"do": "property", "name": "said"}, "wrapped"),
    ("TZ", "Asia/Tokyo", {"do": "zone"}, "Asia/Tokyo"),
    ("LC_ALL", "C", {"do": "property", "name": "sun.jnu.encoding"}, "ANSI_X3.4-1968"),
    ("LD_LIBRARY_PATH", "/opt/mine", {"do": "property", "name": "java.library.path"}, "/opt/mine"),
])
def test_what_a_jvm_reads_while_it_starts(ahead, plain, probe, key, value, event, expected):
    code = package({**probe, "wrapper": WRAPPER})
    for client in (ahead, plain):
        said = start(client, code, event=event, from_standby=False, **variables(**{key: value}))[1]
        # Java adds the system's directories.
        assert said.split(":/usr/java")[0] == expected


@pytest.mark.parametrize("what", ["raise", "error", "exit", "halt", "memory", "stack", "hook"])
def test_ends_alike(ahead, plain, probe, what):
    told = []
    for client in (ahead, plain):
        name, said, answer, log = start(client, probe, memory_mb=256, event={"do": what},
                                        from_standby=client is ahead)
        assert answer["FunctionError"] == "Unhandled"
        rid = answer["ResponseMetadata"]["RequestId"]
        if "stackTrace" in said and what == "stack":
            said["stackTrace"] = said["stackTrace"][:5]
        lines = [line for line in log.splitlines()
                 if line and not re.match("REPORT|INIT_REPORT|\tat shop.Probe.deeper", line)]
        told.append((str(said).replace(rid, "RID"), "\n".join(lines).replace(rid, "RID")
                     if what != "stack" else ""))
        assert client.invoke(name, {})[0]["name"] == name
    assert told[0] == told[1]


@pytest.mark.parametrize("handler, settings", [
    ("shop.Absent::x", {}),
    ("shop.Unusual::absent", {}),
    ("shop.Unusual::handle", variables(FAIL="1")),
    ("shop.Unusual::handle", variables(LEAVE="1")),
    ("nonsense:", {}),
])
def test_cannot_load_alike(ahead, plain, java_client, tmp_path, handler, settings):
    code = compiled(tmp_path, {"shop/Unusual.java": UNUSUAL, "lib/Words.java": WORDS})
    told = []
    for client in (ahead, plain):
        _, said, answer, _ = start(client, code, handler=handler, from_standby=client is ahead,
                                   event=1, **settings)
        assert answer["FunctionError"] == "Unhandled"
        told.append(str(said).replace(answer["ResponseMetadata"]["RequestId"], "RID"))
    assert told[0] == told[1]


@pytest.mark.parametrize("version", VERSIONS)
def test_code_and_layers_that_came_later(ahead, java_client, tmp_path, version):
    library = jar(compiled(tmp_path / "lib", {"lib/Words.java": WORDS}))
    (tmp_path / "words.jar").write_bytes(library)
    uses = compiled(tmp_path / "uses", {"shop/Unusual.java": UNUSUAL}, [tmp_path / "words.jar"])
    layer = ahead.lam.publish_layer_version(
        LayerName="words-" + version, Content={"ZipFile": package({"java/lib/words.jar": library})})
    for code, settings in (({**uses, "lib/words.jar": library}, {}),
                           (jar({**uses, "lib/unused": b""}),
                            {"Layers": [layer["LayerVersionArn"]]})):
        assert start(ahead, code, version, "shop.Unusual::handle", event=1,
                     **settings)[1] == "layered"


def test_one_that_died_while_it_waited_is_not_missed(ahead, probe):
    name = ahead.deploy(probe, "java17", "shop.Probe", MemorySize=640)
    assert eventually(lambda: waiting(ahead.server, 640), READY_SECONDS)
    for pid in waiting(ahead.server, 640):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert ahead.invoke(name, {})[0]["name"] == name


def test_waiting_costs_next_to_nothing(ahead, probe):
    ahead.deploy(probe, "java17", "shop.Probe", MemorySize=10240)
    assert eventually(lambda: waiting(ahead.server, 10240), READY_SECONDS)
    [pid, *_] = waiting(ahead.server, 10240)

    def used():
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before, since = used(), time.monotonic()
    while time.monotonic() < since + 1:
        time.sleep(0.1)
    assert used() - before < WAITING_JIFFIES_MAX
    rollup = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    assert int(re.search(r"^Pss: +(\d+) kB$", rollup, re.M).group(1)) < 100 << 10
