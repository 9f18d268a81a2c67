"""ES modules find packages in NODE_PATH, behind their usual search, with every Node.js 18+."""
import pytest

LAYER = {
    "opt/nodejs/node_modules/a/package.json":
        '{"name": "a", "exports": {".": {"import": "./i.mjs", "require": "./r.cjs"},'
        ' "./sub": "./s.mjs"}}',
    "opt/nodejs/node_modules/a/i.mjs": "export default 'import';",
    "opt/nodejs/node_modules/a/r.cjs": "module.exports = 'require';",
    "opt/nodejs/node_modules/a/s.mjs": "import b from '@s/b'; export default 'sub of ' + b;",
    "opt/nodejs/node_modules/@s/b/index.js": "module.exports = 'scoped';",
    "opt/nodejs/node_modules/both/index.js": "module.exports = 'second';",
    "opt/nodejs/node_modules/own/index.js": "module.exports = 'of the layer';",
    "opt/nodejs/node22/node_modules/both/index.js": "module.exports = 'first';",
    "plain/whole/index.js": "module.exports = 'folder';",
    "node_modules/own/index.js": "module.exports = 'of the package';",
}
FOLDERS = ["opt/nodejs/node22/node_modules", "opt/nodejs/node_modules", "plain", "absent"]
SEE = """
import a from 'a';
import sub from 'a/sub';
import scoped from '@s/b';
import both from 'both';
import own from 'own';
import whole from 'whole';
import { createRequire } from 'module';
const failure = async (name) => {
  try { return (await import(name)).default; } catch (error) { return error.code; }
};
export const handler = async () => ({
  found: [a, sub, scoped, both, own, whole], late: (await import('a')).default,
  required: createRequire(import.meta.url)('a'),
  failures: [await failure('gone'), await failure('a/gone'), await failure('./gone.mjs'),
    await failure('@s/gone'), await failure('node:gone')],
});
"""
FOUND = {
    "found": ["import", "sub of scoped", "scoped", "first", "of the package", "folder"],
    "late": "import", "required": "require",
    "failures": ["ERR_MODULE_NOT_FOUND", "ERR_PACKAGE_PATH_NOT_EXPORTED", "ERR_MODULE_NOT_FOUND",
                 "ERR_MODULE_NOT_FOUND", "ERR_UNKNOWN_BUILTIN_MODULE"],
}
IN_A_THREAD = """
import { Worker, isMainThread, parentPort } from 'worker_threads';
import both from 'both';
if (!isMainThread) parentPort.postMessage(both);
export const handler = () => new Promise((resolve, reject) =>
  new Worker(new URL(import.meta.url)).on('message', resolve).on('error', reject));
"""
LOADER = "export async function resolve(name, context, next) { return next(name, context); }"


@pytest.fixture(autouse=True)
def from_18_on(version):
    if version < (18, 0):
        pytest.skip("AWS's Node.js searches NODE_PATH from 18 on")


@pytest.fixture
def layered(start, tmp_path):
    def make(files, handler="x.handler", env=None, **options):
        path = ":".join(str(tmp_path / folder) for folder in FOLDERS)
        return start("", files={**LAYER, **files}, handler=handler,
                     env={"NODE_PATH": path, **(env or {})}, **options)
    return make


@pytest.mark.parametrize("over", ["fd", "standby"])
def test_es_modules_find_packages_of_layers(layered, over):
    with layered({"x.mjs": SEE}, over=over) as env:
        answer = env.invoke(1)
        assert answer.kind == "response", answer.printed
        assert answer.json() == FOUND


def test_commonjs_imports_them_too(layered):
    source = "exports.handler = async () => (await import('a')).default + require('a');"
    with layered({"x.js": source}) as env:
        assert env.invoke(1).json() == "importrequire"


def test_threads_find_them(layered):
    with layered({"x.mjs": IN_A_THREAD}) as env:
        assert env.invoke(1).json() == "first"


def test_beside_a_loader_of_the_functions_own(layered, version, tmp_path):
    if version < (18, 19):
        pytest.skip("without module.register")
    register = "import { register } from 'module'; register('./loader.mjs', import.meta.url);"
    options = f"--import {tmp_path}/register.mjs --no-deprecation"
    with layered({"x.mjs": SEE, "loader.mjs": LOADER, "register.mjs": register},
                 env={"NODE_OPTIONS": options}) as env:
        answer = env.invoke(1)
        assert answer.kind == "response", answer.printed
        assert answer.json() == FOUND


def test_a_missing_package_says_what_it_always_said(layered):
    with layered({"x.mjs": "import 'absent'; export const handler = 1;"}) as env:
        body = env.invoke(1).json()
        assert body["errorMessage"].startswith("Cannot find package 'absent' imported from ")


def test_the_usual_hooks_do_where_nodes_loader_is_not_found(layered, version, tmp_path):
    """As in a version to come, whose internals are elsewhere."""
    if version < (22, 15):
        pytest.skip("without module.registerHooks")
    with layered({"x.mjs": SEE}) as env:
        pass
    env.command.remove("--expose-internals")
    with env:
        answer = env.invoke(1)
        assert answer.kind == "response", answer.printed
        assert answer.json() == FOUND
