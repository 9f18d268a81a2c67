"""Functions that fill the disk: with output, in /tmp, by whatever the API lets them store. The data
directory lies on a small file system of the test's own. Others are served all through it, records
stay durable, what frees space works, and the space comes back."""
import contextlib
import os
import threading
import time

import boto3
import pytest
from botocore.config import Config

from api import Api
from bystander import Bystander
from functions import package
from serving import Server
from small_disk import MIB, small_server
from waiting import eventually

if os.geteuid() != 0:
    pytest.skip("a file system of the test's own needs root", allow_module_level=True)

ECHO = "def handler(e, c):\n    return e\n"
FLOOD = '''
import os, time
def handler(event, context):
    line = b"x" * 999 + b"\\n"
    block = line * 1000
    end = time.monotonic() + event["seconds"]
    written = 0
    while time.monotonic() < end:
        written += os.write(1, block)
    return written
'''
FILL = '''
import errno, hashlib, os
NAME = "/tmp/data"
def handler(event, context):
    if event["op"] == "write":
        count, wanted, block = 0, event["mib"], os.urandom((1 << 20) - 8)
        with open(NAME, "ab", buffering=0) as file:
            try:
                while count < wanted:
                    file.write(b"%08d" % count + block)
                    count += 1
            except OSError as error:
                return {"mib": count, "error": errno.errorcode[error.errno]}
        return {"mib": count}
    if event["op"] == "drop_caches":
        fd = os.open(NAME, os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)
        return os.path.getsize(NAME)
    if event["op"] == "sum":
        with open(NAME, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    if os.path.exists(NAME):
        os.unlink(NAME)
'''
# Writes as fast as it can, so that the disk below has to follow.
HASTE = '''
import mmap, os, time
def handler(event, context):
    block = mmap.mmap(-1, 1 << 20)
    block.write(os.urandom(1 << 20))
    flags = os.O_CREAT | (os.O_DIRECT if event["how"] == "direct" else 0)
    end, mib = time.monotonic() + event["seconds"], 0
    while time.monotonic() < end:
        fd = os.open("/tmp/data", flags | os.O_RDWR)
        for _ in range(100 if event["how"] == "sync" else 400):
            if time.monotonic() < end:
                mib += os.write(fd, block) >> 20
        if event["how"] == "sync":
            os.fsync(fd)
        if event["how"] == "direct":
            os.lseek(fd, 0, os.SEEK_SET)
            while time.monotonic() < end and os.readv(fd, [block]):
                mib += 1
        os.close(fd)
        if event["how"] == "new":
            os.unlink("/tmp/data")
    return mib
'''


def logs(api, operation, body):
    return api.call("POST", "/", body, {"X-Amz-Target": "Logs_20140328." + operation,
                                        "Content-Type": "application/x-amz-json-1.1"})


def messages(api, group, pattern):
    out, token = [], None
    while True:
        body = {"logGroupName": group, "filterPattern": pattern}
        if token:
            body["nextToken"] = token
        page = logs(api, "FilterLogEvents", body)
        assert page.status == 200, page.body
        out += [event["message"] for event in page.json()["events"]]
        token = page.json().get("nextToken")
        if not token:
            return out


def metric(api, name):
    text = api.call("GET", "/_lapwing/metrics").body.decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith("lapwing_" + name) and line[len("lapwing_" + name)] in " {")


def flood(server, name, seconds, count=2):
    """Some invocations that print as fast as they can; how much they have printed."""
    answers = []

    def call():
        answers.append(Api(server.address, timeout=seconds + 120).invoke(
            name, {"seconds": seconds}))
    threads = [threading.Thread(target=call, daemon=True) for _ in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(seconds + 120)
    assert [a.status for a in answers] == [200] * count, answers
    return sum(a.json() for a in answers)


def at_once(server, calls, seconds=120):
    """Invocations at the same time; their results, by function."""
    results = {}

    def call(name, event):
        answer = Api(server.address, timeout=seconds + 120).invoke(name, event)
        results[name] = answer.json() if answer.status == 200 else answer
    threads = [threading.Thread(target=call, args=one, daemon=True) for one in calls.items()]
    for one in threads:
        one.start()
    for one in threads:
        one.join(seconds + 120)
    assert sorted(results) == sorted(calls), results
    return results


def test_a_flood_of_output_fills_no_disk(tmp_path):
    """Without any other limit the reserve holds."""
    with small_server(tmp_path, 420, "--set", "logs.function_mib_per_second=0", "--set",
                      "logs.mb=100000", "--set", "logs.function_mb=100000") as (disk, server, api):
        api.deploy("flood", FLOOD, MemorySize=256, Timeout=120)
        bystander = Bystander(server)
        before = disk.free()
        with bystander.beside():
            written = flood(server, "flood", 15)
        print(f"{written / MIB:.0f} MiB printed, {disk.free() / MIB:.0f} MiB free")
        assert disk.free() >= 96 * MIB
        # Durable changes go on, what adds bulk is refused in words, what frees space works.
        assert api.update_configuration("bystander", Description="still").status == 200
        if metric(api, "log_dropped_bytes_total") == 0:
            pytest.fail("the flood never met the reserve")
        said = messages(api, "/aws/lambda/flood", "lapwing")
        assert any("bytes of output were dropped" in one and "reserve" in one for one in said), said
        big = logs(api, "CreateLogGroup", {"logGroupName": "more"})
        assert big.status == 500 and b"disk.reserve_mb" in big.body, big.body
        peak = os.path.getsize(disk.place / "data/bulk_log.db")
        assert peak > 100 * MIB
        assert api.delete("flood").status == 204
        assert logs(api, "DeleteLogGroup", {"logGroupName": "/aws/lambda/flood"}).status == 200
        assert eventually(lambda: disk.free() > before - 32 * MIB, 60), disk.free() / MIB
        file = disk.place / "data/bulk_log.db"
        assert eventually(lambda: os.path.getsize(file) < peak / 4, 60), "the file does not shrink"
        assert logs(api, "CreateLogGroup", {"logGroupName": "more"}).status == 200


def test_a_flood_has_a_rate_and_a_size(tmp_path):
    with small_server(tmp_path, 1200, "--set", "logs.function_mib_per_second=4", "--set",
                      "logs.function_mb=100") as (disk, server, api):
        api.deploy("flood", FLOOD, MemorySize=256, Timeout=120)
        bystander = Bystander(server)
        free = disk.free()
        with bystander.beside():
            written = flood(server, "flood", 12)
        taken = free - disk.free()
        print(f"{written / MIB:.0f} MiB printed, {taken / MIB:.0f} MiB taken")
        assert written > 150 * MIB and taken < 250 * MIB
        said = messages(api, "/aws/lambda/flood", "lapwing")
        assert any("logs.function_mib_per_second" in one for one in said), said
        assert metric(api, 'log_dropped_bytes_total') > 0
        # Another function's log is whole.
        assert messages(api, "/aws/lambda/bystander", "lapwing") == []


def test_deletions_work_with_no_space_at_all(tmp_path):
    """Somebody else takes the last byte: not even the reserve is left."""
    with small_server(tmp_path, 400) as (disk, server, api):
        for n in range(3):
            api.deploy(f"f{n}", "def handler(e, c):\n    print('x' * 1000)\n    return e")
            assert api.invoke(f"f{n}", {}).status == 200
        hog = disk.place / "hog"
        with open(hog, "wb", buffering=0) as file:
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(MIB))
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(4096))
        assert disk.free() < 16384
        for n in range(3):
            assert api.delete(f"f{n}").status == 204
            answer = logs(api, "DeleteLogGroup", {"logGroupName": f"/aws/lambda/f{n}"})
            assert answer.status == 200, answer.body
        assert api.names() == []
        assert api.call("GET", "/_lapwing/health").json()["disk"]["full"]
        refused = api.create("new", package({"app.py": ECHO}))
        assert refused.status == 400 and b"disk.reserve_mb" in refused.body, refused.body
        hog.unlink()
        server.kill()
        server.start()
        api = Api(server.address, timeout=60)
        assert api.names() == []
        api.deploy("f0", ECHO)
        assert api.invoke("f0", {"n": 1}).json() == {"n": 1}


@pytest.mark.parametrize("most, words", [(1000, "disk is full"), (100, "sqs.mb")])
def test_messages_leave_room_for_deletions(tmp_path, most, words):
    """Queues take what there is but the reserve, and no more than their part; purging gives it
    back."""
    with small_server(tmp_path, 400, "--set", "disk.reserve_mb=100",
                      "--set", f"sqs.mb={most}") as (disk, server, api):
        sqs = boto3.client("sqs", endpoint_url=server.endpoint, region_name="us-east-1",
                           aws_access_key_id="x", aws_secret_access_key="x",
                           config=Config(retries={"total_max_attempts": 1}))
        url = sqs.create_queue(QueueName="flood")["QueueUrl"]
        sent = 0
        with pytest.raises(sqs.exceptions.ClientError) as refused:
            for sent in range(400):
                sqs.send_message(QueueUrl=url, MessageBody="x" * MIB)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
        assert words in str(refused.value) and sent > 50
        assert disk.free() > 50 * MIB
        message = sqs.receive_message(QueueUrl=url)["Messages"][0]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        sqs.create_queue(QueueName="another")
        sqs.purge_queue(QueueUrl=url)

        def takes_messages():
            try:
                return sqs.send_message(QueueUrl=url, MessageBody="again")
            except sqs.exceptions.ClientError:
                return None
        assert eventually(takes_messages, 30)
        sqs.delete_queue(QueueUrl=url)


def test_tmp_beyond_the_disk(tmp_path):
    """Three times 400 MB of /tmp where the disk has 600: those who come late are told so by the
    write, and nothing that was acknowledged is lost."""
    with small_server(tmp_path, 700) as (disk, server, api):
        names = ["one", "two", "three"]
        for name in names:
            api.deploy(name, FILL, MemorySize=1024, Timeout=120,
                       EphemeralStorage={"Size": 512})
        assert api.invoke("one", {"op": "write", "mib": 100}).json() == {"mib": 100}
        summed = api.invoke("one", {"op": "sum"}).json()
        bystander = Bystander(server)
        answers = {}
        with bystander.beside():
            until = time.monotonic() + 10
            while len(answers) < 2 or time.monotonic() < until:
                before = {name: answers.get(name, {"mib": 0})["mib"] for name in names[1:]}
                answers = at_once(server, {name: {"op": "write", "mib": 400 - before[name]}
                                           for name in names[1:]})
                for name in names[1:]:
                    answers[name]["mib"] += before[name]
        print(answers, f"{disk.free() / MIB:.0f} MiB free")
        assert all(a.get("error", "ENOSPC") == "ENOSPC" for a in answers.values()), answers
        assert any("error" in a for a in answers.values()), answers
        assert disk.free() > 16 * MIB
        # All that was written is there, from the disk itself.
        for name, wanted in [("one", 100)] + [(n, answers[n]["mib"]) for n in names[1:]]:
            before = api.invoke(name, {"op": "sum"}).json()
            assert api.invoke(name, {"op": "drop_caches"}).json() >= wanted * MIB
            assert api.invoke(name, {"op": "sum"}).json() == before
        assert before and api.invoke("one", {"op": "sum"}).json() == summed
        # Once there is room, everybody gets it.
        for name in names[1:]:
            assert api.delete(name).status == 204
        assert eventually(lambda: api.invoke("one", {"op": "write", "mib": 1}).json()
                          == {"mib": 1}, 60)
        assert eventually(lambda: disk.free() > 300 * MIB, 60), disk.free() / MIB


@pytest.mark.parametrize("how", ["new", "sync", "direct"])
def test_many_use_tmp_as_fast_as_they_can(tmp_path, how):
    """The kernel's threads that bring it to the disk belong to nobody: /tmp has a rate, for each
    environment and for all."""
    seconds, rate, burst = 15, 256, 512
    server = Server(tmp_path / "data", "--set", f"sandbox.tmp_all_mib_per_second={rate}").start()
    try:
        api = Api(server.address, timeout=120)
        names = [f"writer-{n}" for n in range(4)]
        for name in names:
            api.deploy(name, HASTE, MemorySize=1024, Timeout=120)
            assert api.invoke(name, {"how": how, "seconds": 0}).json() == 0
        api.deploy("unzips", FILL, MemorySize=1024, Timeout=120)
        assert api.invoke("unzips", {"op": "write", "mib": 400}).json() == {"mib": 400}
        assert api.invoke("unzips", {"op": "remove"}).status == 200
        assert metric(api, "tmp_pauses_total") == 0  # that was within the burst
        bystander = Bystander(server)
        with bystander.beside():
            written = at_once(server, {name: {"how": how, "seconds": seconds} for name in names})
        print(how, written)
        # As much is on its way to the disk as is taken before anybody looks.
        assert sum(written.values()) < 1.5 * (burst + seconds * rate)
        assert min(written.values()) > 50
        assert metric(api, "tmp_pauses_total") > 0
    finally:
        server.stop()
        print(server.log())
