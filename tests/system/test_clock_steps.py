"""Somebody sets the machine's clock, or the machine has slept: a preloaded library moves the wall clock
that the server sees."""
import json
import shutil
import subprocess
import time

import pytest
from chain.pieces import (invoke_event, open_queue, put_rule, queue_arn, received, subscribe,
                          tell_success, topic_arn)
from killing import Services, queue_url
from serving import Server
from waiting import eventually

STEPPING = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
/* The machine's time, and as many seconds as a file says. */
int clock_gettime(clockid_t id, struct timespec* out) {
  static int (*real)(clockid_t, struct timespec*);
  if (!real) real = (int (*)(clockid_t, struct timespec*))dlsym(RTLD_NEXT, "clock_gettime");
  int status = real(id, out);
  if (id == CLOCK_REALTIME && status == 0) {
    const char* name = getenv("LAPWING_TEST_STEP");
    FILE* file = name ? fopen(name, "re") : NULL;
    long seconds = 0;
    if (file) {
      if (fscanf(file, "%ld", &seconds) != 1) seconds = 0;
      fclose(file);
    }
    out->tv_sec += seconds;
  }
  return status;
}
'''


@pytest.fixture
def stepping(tmp_path, data_dir):
    """A server, and step(seconds): its wall clock is that far off the machine's from now on."""
    if not shutil.which("cc"):
        pytest.skip("no compiler")
    (tmp_path / "step.c").write_text(STEPPING)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", tmp_path / "step.so",
                    tmp_path / "step.c", "-ldl"], check=True)
    said = tmp_path / "seconds"

    def step(seconds):
        (tmp_path / "next").write_text(str(seconds))
        (tmp_path / "next").rename(said)
    step(0)
    server = Server(data_dir)
    server.arguments = ["/usr/bin/env", f"LD_PRELOAD={tmp_path / 'step.so'}",
                        f"LAPWING_TEST_STEP={said}", *server.arguments]
    server.start()
    yield server, step
    server.stop()


def test_a_clock_that_steps(stepping):
    """An hour forth and back: what is due by the clock on the wall is due by the new time, what waits
    for so many seconds waits on, and nothing stands still."""
    server, step = stepping
    to = Services(server.address)
    open_queue(to, "q", VisibilityTimeout="1")
    to.sns("CreateTopic", {"Name": "t"})
    subscribe(to, "t", "sqs", queue_arn("q"), RawMessageDelivery="true")
    put_rule(to, "r", {"source": ["steps"]},
             {"Id": "q", "Arn": queue_arn("q"), "InputPath": "$.detail.n"})
    to.api.deploy("f", "def handler(event, context):\n    return event\n", MemorySize=128)
    tell_success(to, "f", "q")

    def everything_comes(label):
        to.sqs("SendMessage", QueueUrl=queue_url("q"), MessageBody=f"{label} sent")
        to.sns("Publish", {"TopicArn": topic_arn("t"), "Message": f"{label} published"})
        to.events("PutEvents", Entries=[{"Source": "steps", "DetailType": "t",
                                         "Detail": json.dumps({"n": f"{label} put"})}])
        invoke_event(to, "f", label)
        got = received(to, "q", 20, 4)
        got = sorted(json.loads(one)["requestPayload"] if one.startswith("{") else one.strip('"')
                     for one in got)
        assert got == sorted([label, f"{label} put", f"{label} published", f"{label} sent"]), got

    everything_comes("before")
    due = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2400))
    to.scheduler.create("later", ScheduleExpression=f"at({due})",
                        FlexibleTimeWindow={"Mode": "OFF"}, Target={
                            "Arn": queue_arn("q"), "RoleArn": "arn:aws:iam::000000000000:role/r",
                            "Input": "scheduled"})
    to.sqs("SendMessage", QueueUrl=queue_url("q"), MessageBody="delayed", DelaySeconds=900)
    step(3600)
    assert received(to, "q", 30, 1) == ["scheduled"]
    everything_comes("forth")
    step(-3600)
    everything_comes("back")
    # What was received before a step comes again after its second.
    to.sqs("SendMessage", QueueUrl=queue_url("q"), MessageBody="held")
    assert eventually(lambda: "Messages" in to.sqs("ReceiveMessage", QueueUrl=queue_url("q")))
    step(0)
    assert received(to, "q", 20, 1) == ["held"]
    everything_comes("after")
