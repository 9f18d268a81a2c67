"""On the machine of tests/cgroup2/run: functions deployed and invoked, their limits held."""
import pathlib
import sys
import tempfile
import types

sys.modules.setdefault("pytest", types.ModuleType("pytest"))  # serving.py skips with it only
from api import Api, eventually  # noqa: E402
from serving import Server  # noqa: E402

PYTHON = """
def handler(event, context):
    if "eat" in event:
        held = bytearray(event["eat"] << 20)
        held[::4096] = b"x" * len(held[::4096])
    return {"doubled": event["n"] * 2, "memory": context.memory_limit_in_mb}
"""


def invoked(api, name, event):
    """GetFunction may say Active a moment before Invoke knows."""
    answer = eventually(lambda: (a := api.invoke(name, event)).status != 409 and a)
    print(name, event, answer and (answer.status, answer.body[:300]))
    return answer


def main():
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        server = Server(pathlib.Path(folder) / "data").start()
        api = Api(server.address, timeout=300)
        api.deploy("python", PYTHON, MemorySize=128)
        for n in range(3):
            assert invoked(api, "python", {"n": n}).json().get("doubled") == 2 * n
        over = invoked(api, "python", {"n": 1, "eat": 300})
        assert over.headers["X-Amz-Function-Error"] == "Unhandled", over.body
        assert over.json()["errorType"] == "Runtime.OutOfMemory", over.body
        assert invoked(api, "python", {"n": 4}).json().get("doubled") == 8
        left = [p for p in pathlib.Path("/sys/fs/cgroup").rglob("lapwing-*") if p.is_dir()]
        assert left, "no group of the server's was made"
        server.stop()
        left = [p for p in pathlib.Path("/sys/fs/cgroup").rglob("lapwing-*") if p.is_dir()]
        assert not left, left
    print("a function was invoked, an out of memory was told, groups went")


main()
