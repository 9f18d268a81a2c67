#!/usr/bin/env python3
"""First calls of small Java functions, with standby environments and without, in turn.

    build/venv/bin/python3 bench/java_starts.py [rounds]

Two servers of the same binary, each function called once, for every JDK of /usr/lib/jvm. The floor
is a JVM that calls the same handler and ends: no sandbox, no runtime client, no JSON. Prints medians
of what the caller waits. Needs AWS's client (runtimes/java/client/fetch.sh build/java-client).
"""
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests/runtimes/added")]

from conftest import Client, Server, lapwing  # noqa: E402
from java_functions import CLIENT, JDKS, compiled, major, waiting  # noqa: E402

MEMORY_MB = 512
PREPARE_SECONDS = 120
FLAGS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"]
SOURCES = {"shop/Hello.java": """
package shop;
import com.amazonaws.services.lambda.runtime.*;
import java.util.*;
public class Hello implements RequestHandler<Map<String, Object>, Map<String, Object>> {
  public Map<String, Object> handleRequest(Map<String, Object> event, Context context) {
    return Map.of("message", "Hello, " + event.get("name"));
  }
  public static void main(String[] none) {
    System.out.println(new Hello().handleRequest(Map.of("name", "World"), null));
  }
}
"""}


def wait_for(condition):
    deadline = time.monotonic() + PREPARE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def serve(directory, *arguments):
    added = lapwing("runtime", "add", "java-client", "--from", CLIENT, "--data-dir", directory)
    assert added.returncode == 0, added.stderr
    server = Server(directory, *arguments).start()
    trees = directory / "added" / "trees"
    wait_for(lambda: len(list(trees.glob("*/lib/java-*.jsa"))) == len(JDKS))
    return Client(server)


def first_call_ms(client, code, version, stands_by):
    name = client.deploy(code, "java" + version, "shop.Hello", MemorySize=MEMORY_MB)
    if stands_by:
        # All of them: the others would load while it is measured.
        wait_for(lambda: len(waiting(client.server, MEMORY_MB, version)) >= 2)
    begun = time.perf_counter()
    said = client.invoke(name, {"name": "World"})[0]
    took = (time.perf_counter() - begun) * 1e3
    assert said == {"message": "Hello, World"}, said
    client.lam.delete_function(FunctionName=name)
    return took


def bare_ms(jdk, classes):
    jars = ":".join(map(str, (CLIENT / "lib").glob("*.jar")))
    begun = time.perf_counter()
    subprocess.run([str(jdk / "bin/java"), *FLAGS, "-cp", f"{classes}:{jars}", "shop.Hello"],
                   check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - begun) * 1e3


def main(rounds):
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        code = compiled(directory, SOURCES)
        clients = []
        try:
            clients.append(serve(directory / "without", "--set", "starts.standby=false"))
            clients.append(serve(directory / "with"))
            print(f"{'Java':>5} {'bare':>10} {'without':>10} {'with':>10}")
            for jdk in JDKS:
                version = major(jdk)
                for client in clients:
                    first_call_ms(client, code, version, False)
                rows = [[bare_ms(jdk, directory / "classes"),
                         first_call_ms(clients[0], code, version, False),
                         first_call_ms(clients[1], code, version, True)] for _ in range(rounds)]
                medians = [statistics.median(column) for column in zip(*rows)]
                print(f"{version:>5} " + " ".join(f"{value:7.1f} ms" for value in medians),
                      flush=True)
        finally:
            for client in clients:
                client.server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 11)
