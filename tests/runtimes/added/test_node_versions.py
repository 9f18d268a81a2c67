"""Node.js 22 and 24, as the registry has them, beside the machine's: what AWS switches off, packages
of layers by `import`, and Powertools' tracer."""
import pathlib
import re

import pytest
from conftest import ROOT, Client, Server, lapwing
from functions import package

LIBRARIES = ROOT / "build" / "node-functions" / "node_modules"
if not (LIBRARIES / "node22").exists():
    pytest.skip("no Node.js 22 and 24 here (tests/prepare.sh)", allow_module_level=True)

ASKED = [20, 22, 24]
SEE = """
const v8 = require('v8');
const attempt = (name) => { try { return require(name).value } catch (e) { return e.code } };
exports.handler = async () => ({
  major: Number(process.versions.node.split('.')[0]), gc: typeof gc,
  heap: v8.getHeapStatistics().heap_size_limit / 1048576,
  module: attempt('./esm.mjs'), detected: attempt('./plain.js') });
"""
ESM = "export const value = 'an ES module';\n"
LAYERED = """
import general from 'general';
import special from 'special';
import both from 'both';
export const handler = async () => [general, special, both, (await import('late')).default];
"""
TRACER = """
import { Tracer } from '@aws-lambda-powertools/tracer';
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware';
import middy from '@middy/core';
const tracer = new Tracer({ serviceName: 'shop' });
const inner = async () => {
  const segment = tracer.getSegment();
  const part = segment.addNewSubsegment('### work');
  tracer.setSegment(part);
  tracer.putAnnotation('order', 7);
  tracer.putMetadata('cart', { items: 2 });
  part.close();
  tracer.setSegment(segment);
  return { root: tracer.getRootXrayTraceId(), header: process.env._X_AMZN_TRACE_ID };
};
export const handler = middy(inner).use(captureLambdaHandler(tracer));
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    for major in (22, 24):
        added = lapwing("runtime", "add", f"nodejs{major}.x", "--from", LIBRARIES / f"node{major}",
                        "--data-dir", data)
        assert added.returncode == 0, added.stderr
    server = Server(data).start()
    yield Client(server)
    server.stop()


@pytest.mark.parametrize("asked", ASKED)
def test_features_and_memory_by_version(client, asked):
    name = client.deploy({"app.js": SEE, "esm.mjs": ESM, "plain.js": ESM}, f"nodejs{asked}.x",
                         "app.handler", MemorySize=256)
    said, answer, log = client.invoke(name, {})
    assert "FunctionError" not in answer, (said, log)
    off = asked <= 22
    assert said["major"] == asked and said["gc"] == "function"
    assert 256 * 0.89 < said["heap"] < 256 * 1.2
    assert said["module"] == ("ERR_REQUIRE_ESM" if off else "an ES module")
    # The syntax of an ES module in a .js file: an error of syntax, without a code.
    assert said.get("detected") == (None if off else "an ES module")


def test_features_that_the_function_wants(client):
    options = "--experimental-require-module --experimental-detect-module"
    name = client.deploy({"app.js": SEE, "esm.mjs": ESM, "plain.js": ESM}, "nodejs22.x",
                         "app.handler", Environment={"Variables": {"NODE_OPTIONS": options}})
    said, answer, log = client.invoke(name, {})
    assert "FunctionError" not in answer, (said, log)
    assert (said["module"], said["detected"]) == ("an ES module", "an ES module")


@pytest.mark.parametrize("asked", ASKED)
def test_es_modules_find_packages_of_layers(client, asked):
    def exports(text):
        return f"module.exports = '{text}';"
    layer = client.lam.publish_layer_version(LayerName="packages", Content={"ZipFile": package({
        "nodejs/node_modules/general/index.js": exports("general"),
        "nodejs/node_modules/late/index.js": exports("late"),
        "nodejs/node_modules/both/index.js": exports("wrong"),
        f"nodejs/node{asked}/node_modules/both/index.js": exports("both"),
        f"nodejs/node{asked}/node_modules/special/index.js": exports("special")})})
    name = client.deploy({"app.mjs": LAYERED}, f"nodejs{asked}.x", "app.handler",
                         Layers=[layer["LayerVersionArn"]])
    said, answer, log = client.invoke(name, {})
    assert "FunctionError" not in answer, (said, log)
    assert said == ["general", "special", "both", "late"]


def libraries():
    """What the tracer needs, without the interpreters that came along."""
    files = {}
    for path in LIBRARIES.rglob("*"):
        inside = path.relative_to(LIBRARIES)
        unused = inside.parts[0] in ("node22", "node24", ".bin", "@types")
        if not unused and path.is_file() and not path.name.endswith((".d.ts", ".map", ".md")):
            files[str(pathlib.PurePath("node_modules", inside))] = path.read_bytes()
    return files


@pytest.mark.parametrize("asked", ASKED)
def test_powertools_tracer(client, asked):
    name = client.deploy({"app.mjs": TRACER, **libraries()}, f"nodejs{asked}.x", "app.handler",
                         TracingConfig={"Mode": "Active"})
    roots = set()
    for _ in range(3):
        said, answer, log = client.invoke(name, {})
        assert "FunctionError" not in answer, (said, log)
        assert re.fullmatch("1-[0-9a-f]{8}-[0-9a-f]{24}", said["root"]), said
        assert said["header"].startswith(f"Root={said['root']};")
        assert "ERROR" not in log and "WARN" not in log, log
        roots.add(said["root"])
    assert len(roots) == 3, "one trace for several invocations"
