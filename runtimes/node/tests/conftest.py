"""Fixtures of the Node.js tests: `start` runs a function under the bootstrap."""

import pathlib

import pytest
from interpreters import nodes
from mock_runtime_api import Environment

BOOTSTRAP = pathlib.Path(__file__).parents[1] / "runtime" / "bootstrap.cjs"
# As the server's command line has it.
PRELOAD = ["--expose-internals", f"--require={BOOTSTRAP.parent}/lib/import_paths.cjs"]
NODES = nodes()


@pytest.fixture(params=["{}.{}".format(*v) for v in NODES])
def version(request):
    return tuple(int(n) for n in request.param.split("."))


@pytest.fixture
def start(version, tmp_path):
    """start(source, ...) -> an Environment running `source` as app.js."""

    def make(source, files=None, **options):
        for name, text in {"app.js": source, **(files or {})}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        # As nodejs22.x at most: from 24 on some ways of answering are gone (tested apart).
        options.setdefault("runtime", "nodejs{}.x".format(min(version[0], 22)))
        command = [NODES[version], *(PRELOAD if version >= (18, 0) else []), str(BOOTSTRAP)]
        return Environment(command, tmp_path, **options)

    return make
