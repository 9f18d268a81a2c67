"""Node.js as AWS starts it: memory by the function's size, features, packages by `import`."""
import json

import pytest
from api import Api
from serving import Server
from test_starts import invoke, metric
from waiting import eventually

RUNTIME = "nodejs20.x"
SEE = """
const v8 = require('v8');
exports.handler = async () => ({
  heap: v8.getHeapStatistics().heap_size_limit / 1048576,
  gc: typeof global.gc, header: require('http').maxHeaderSize,
  required: (() => { try { return require('./esm.mjs').value } catch (e) { return e.code } })(),
  options: process.env.NODE_OPTIONS ?? null });
"""
ESM = "export const value = 'an ES module';\n"
CHURN = """
exports.handler = async (event) => {
  let sum = 0;
  for (let made = 0; made < 1 << 30; made += event.bytes) {
    const part = Buffer.alloc(event.bytes, 97);
    sum += event.text ? part.toString('latin1').length : part.length;
    if (event.pause) await new Promise((resolve) => setImmediate(resolve));
  }
  return sum;
};
"""
# As above, but on V8's own heap, with 30 MB in use all the time: with a limit far beyond the
# function it lets garbage grow to as much again, and more.
CHURN_HEAP = """
exports.handler = async ({ what }) => {
  const buffer = Buffer.alloc(300000, 97);
  const make = {
    strings: (n) => (buffer.writeUInt32LE(n), buffer.toString('latin1')),
    objects: (n) => Array.from({ length: 7500 }, (_, i) => ({ i, n })) };
  const kept = [];
  let made = 0;
  for (; made * 300000 < 1 << 30; made++) kept[made % 100] = make[what](made);
  return made;
};
"""
OBJECTS = """
exports.handler = async () => {
  let kept = [];
  for (let i = 0; i < 400; i++) {
    kept.push(Array.from({ length: 20000 }, (_, n) => ({ n })));
    if (kept.length === 20) kept = [];
  }
  return 'done';
};
"""


@pytest.fixture(scope="module", params=[True, False], ids=["standby", "own start"])
def served(request, tmp_path_factory):
    """Each test by processes that waited for a function, and by ones started for theirs."""
    data = tmp_path_factory.mktemp("node") / "data"
    server = Server(data, "--set", f"starts.standby={str(request.param).lower()}").start()
    yield server, request.param
    server.stop()


FUNCTIONS_MAX = 8


def answer_of(served, name, files, event=0, memory=128, **settings):
    """Of the first function that what waits for one of its size has become; with options of its
    own, of one that has a start of its own."""
    server, standby = served
    api = Api(server.address)
    files = files if isinstance(files, dict) else {"app.js": files}
    waits = standby and "NODE_OPTIONS" not in str(settings)
    for number in range(FUNCTIONS_MAX):
        before = metric(server, "starts_standby_total")
        one = api.deploy(f"{name}-{number}", files, RUNTIME, MemorySize=memory, **settings)
        if waits:
            assert eventually(lambda: metric(server, "environments_ready") >= 2)
        answer = invoke(api, one, event)
        assert answer.headers.get("X-Amz-Function-Error") is None, answer.body
        if (metric(server, "starts_standby_total") > before) == waits:
            return answer.json()
        assert waits, "something that waited served a function with options of its own"
    raise AssertionError("nothing of that size waits")


@pytest.mark.parametrize("memory", [128, 512, 2048])
def test_the_heap_fits_the_function(served, memory):
    seen = answer_of(served, f"see-{memory}", {"app.js": SEE, "esm.mjs": ESM}, memory=memory)
    # Old objects nine tenths; the young ones' part on top differs between versions.
    assert memory * 0.89 < seen["heap"] < memory * 1.2, seen
    assert (seen["gc"], seen["header"], seen["options"]) == ("function", 81920, None)
    assert seen["required"] == "ERR_REQUIRE_ESM"


def test_options_of_the_function_win(served):
    options = {"NODE_OPTIONS": "--max-old-space-size=77 --experimental-require-module "
                               "--no-warnings"}
    seen = answer_of(served, "see-own", {"app.js": SEE, "esm.mjs": ESM},
                     Environment={"Variables": options})
    assert 76 < seen["heap"] < 140, seen
    assert seen["required"] == "an ES module"
    assert seen["options"] == options["NODE_OPTIONS"]


@pytest.mark.parametrize("event", [
    {"bytes": 1 << 20}, {"bytes": 8 << 20, "pause": True}, {"bytes": 1 << 16},
    {"bytes": 1 << 20, "text": True}], ids=["buffers", "large", "small", "texts"])
def test_a_small_function_churns_1_gb_of_buffers(served, event):
    name = "churn-{}-{}".format(event["bytes"], len(event))
    assert answer_of(served, name, CHURN, event, Timeout=60) == 1 << 30


@pytest.mark.parametrize("what", ["strings", "objects"])
def test_a_small_function_churns_1_gb_of_its_heap(served, what):
    assert answer_of(served, f"heap-{what}", CHURN_HEAP, {"what": what}, Timeout=60) == 3580


@pytest.mark.parametrize("what", ["strings", "objects"])
def test_which_a_heap_of_4_gb_would_not_survive(served, what):
    """So that the test above can fail: what V8 believes without a word of the function's size."""
    server, standby = served
    if standby:
        pytest.skip("a function with options of its own has a start of its own")
    api = Api(server.address)
    name = api.deploy(f"believing-{what}", {"app.js": CHURN_HEAP}, RUNTIME, MemorySize=128,
                      Timeout=60, Environment={"Variables": {
                          "NODE_OPTIONS": "--max-old-space-size=4096"}})
    answer = invoke(api, name, {"what": what})
    assert answer.json()["errorType"] == "Runtime.OutOfMemory", answer.body


def test_a_small_function_drops_many_objects(served):
    assert answer_of(served, "objects", OBJECTS, Timeout=60) == "done"
