#!/usr/bin/env python3
"""Cold starts of one function with SnapStart and without, in turn on one server.

    build/venv/bin/python3 bench/snapstart.py [rounds]

Each start follows an invocation that ended its environment's process. Prints medians of what the
caller waits, their ratio (the median of the rounds' ratios), and the size of the snapshots.
"""
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/system")]

from api import FUNCTIONS, Api, eventually  # noqa: E402
from serving import Server  # noqa: E402

HANDLER = """
import os
def handler(event, context):
    if event.get("end"):
        os._exit(0)
    return 1
"""
INITS = {
    "nothing": "",
    "modules": "import asyncio, ctypes, email.mime.text, http.server, sqlite3, statistics, "
               "unittest.mock, urllib.request, xml.dom.minidom, xmlrpc.client\n",
    "tables": "held = {n: [str(n)] * 10 for n in range(100000)}\n",
    "/tmp": "open('/tmp/model', 'wb').write(os.urandom(1 << 20) * 64)\n",
    "a second": "import time\ntime.sleep(1)\n",
}


def deploy(api, name, init, snap_start):
    more = {"SnapStart": {"ApplyOn": "PublishedVersions"}} if snap_start else {}
    api.deploy(name, {"app.py": HANDLER + init}, "python3.12", MemorySize=512, **more)
    api.publish(name)

    def ready():
        return api.call("GET", f"{FUNCTIONS}/{name}/configuration?Qualifier=1").json()
    assert eventually(lambda: ready()["State"] == "Active"), ready()
    assert ready()["SnapStart"]["OptimizationStatus"] == ("On" if snap_start else "Off"), ready()


def cold_ms(api, name):
    target = f"{FUNCTIONS}/{name}/invocations?Qualifier=1"
    api.call("POST", target, b'{"end": true}')
    begun = time.perf_counter()
    answer = api.call("POST", target, b"{}")
    took = (time.perf_counter() - begun) * 1e3
    assert answer.body == b"1", answer.body
    return took


def main(rounds):
    with tempfile.TemporaryDirectory() as directory:
        server = Server(pathlib.Path(directory) / "data").start()
        try:
            api = Api(server.address)
            print(f"{'init':10} {'without':>10} {'with':>10} {'ratio':>7}")
            for number, (name, init) in enumerate(INITS.items()):
                functions = f"without{number}", f"with{number}"
                for function in functions:
                    deploy(api, function, init, function.startswith("with" + str(number)))
                pairs = [[cold_ms(api, function) for function in functions]
                         for _ in range(rounds)]
                without, fast = (statistics.median(column) for column in zip(*pairs))
                ratio = statistics.median(b / a for a, b in pairs)
                print(f"{name:10} {without:7.1f} ms {fast:7.1f} ms {ratio:7.2f}", flush=True)
            metrics = api.call("GET", "/_lapwing/metrics").body.decode().splitlines()
            size = next(line.split()[1] for line in metrics
                        if line.startswith("lapwing_snapshot_bytes "))
            print(f"{len(INITS)} snapshots: {int(size) >> 20} MiB")
        finally:
            server.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
