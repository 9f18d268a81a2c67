"""The languages whose bootstraps are ours, a row each: how they are started, and the functions
that the contract (test_contract.py) is checked with."""

import dataclasses
import pathlib
from collections.abc import Callable

from interpreters import nodes, pythons, rubies
from mock_runtime_api import Environment

RUNTIMES = pathlib.Path(__file__).parents[1]
PRINTED_BYTES = 300_000  # more than pipes and buffers hold


@dataclasses.dataclass(frozen=True)
class Language:
    name: str
    file: str  # the function's
    interpreters: dict  # {(3, 12): path}
    command: Callable  # of a version
    runtime: Callable  # its identifier
    over: tuple  # ways to the Runtime API
    echo: str  # answers {"got": event}
    fails: str
    broken_event: tuple  # type and beginning of the message of the error
    prints: tuple  # by every means, PRINTED_BYTES among it; what is read of that
    ends: dict  # (source, exit status, beginning of what is printed)
    child: str  # answers with what a child process has open

    def start(self, version, task_root, source, files=None, command=None, **options):
        """An Environment that runs `source`."""
        for name, text in {self.file: source, **(files or {})}.items():
            path = task_root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        options.setdefault("runtime", self.runtime(version))
        return Environment(command or self.command(version), task_root, **options)


def versions(language):
    """For pytest: the versions of this machine."""
    return ["{}.{}".format(*version) for version in language.interpreters]


def parsed(version):
    return tuple(int(number) for number in version.split("."))


PYTHONS = pythons()
PYTHON_BOOTSTRAP = RUNTIMES / "python" / "runtime" / "bootstrap.py"
PYTHON = Language(
    name="python", file="app.py", interpreters=PYTHONS,
    command=lambda version: [PYTHONS[version], "-S", str(PYTHON_BOOTSTRAP)],
    runtime=lambda version: "python{}.{}".format(*version),
    over=("fd", "pipes", "tcp", "standby"),
    echo="""
def handler(event, context):
    return {"got": event}
""",
    fails="def handler(event, context): raise KeyError('k')",
    broken_event=("Runtime.UnmarshalError", "Unable to unmarshal input: Expecting"),
    prints=("""
import sys, os
def handler(event, context):
    print("out", end="")
    sys.stderr.write("err")
    sys.stdout.buffer.write(b"raw")
    os.write(1, b"fd")
    print("x" * %d)
""" % PRINTED_BYTES, "outerrrawfd" + "x" * PRINTED_BYTES + "\n"),
    ends={
        "sys.exit": ("import sys\ndef handler(e, c): print('bye', end=''); sys.exit(3)", 3, "bye"),
        "exit": ("def handler(e, c): print('bye', end=''); exit()", 0, "bye"),
        "_exit": ("import os\ndef handler(e, c): print('bye', end=''); os._exit(4)", 4, "bye"),
        "killed": ("import os\ndef handler(e, c): print('bye', end=''); os.kill(os.getpid(), 9)",
                   -9, "bye"),
        "raised": ("def handler(e, c): print('bye', end=''); raise BaseException", 1, "bye"),
        "at load": ("import sys; print('bye', end=''); sys.exit(5)", 5, "bye"),
    },
    child="""
import os
def handler(event, context):
    return os.popen("ls -l /proc/self/fd").read()
""")

NODES = nodes()
NODE_BOOTSTRAP = RUNTIMES / "node" / "runtime" / "bootstrap.cjs"
# As the server's command line has it.
NODE_PRELOAD = ["--expose-internals", f"--require={NODE_BOOTSTRAP.parent}/lib/import_paths.cjs"]
NODE_BYE = "process.stdout.write('b'.repeat(200000));"
NODE = Language(
    name="node", file="app.js", interpreters=NODES,
    command=lambda version: [NODES[version], *(NODE_PRELOAD if version >= (18, 0) else []),
                             str(NODE_BOOTSTRAP)],
    # As nodejs22.x at most: from 24 on some ways of answering are gone (tested apart).
    runtime=lambda version: "nodejs{}.x".format(min(version[0], 22)),
    over=("fd", "tcp", "standby"),
    echo="exports.handler = async (event) => ({ got: event });\n",
    fails="exports.handler = async () => { throw new RangeError('r') };\n",
    broken_event=("SyntaxError", ""),
    prints=("""
const fs = require('fs');
exports.handler = async () => {
  process.stdout.write('out');
  process.stderr.write('err');
  fs.writeSync(1, 'fd');
  process.stdout.write('x'.repeat(%d));
};
""" % PRINTED_BYTES, "outerrfd" + "x" * PRINTED_BYTES),
    ends={
        "exit": (f"exports.handler = async () => {{ {NODE_BYE} process.exit(3) }}", 3,
                 "b" * 200_000),
        "exit 0": (f"exports.handler = async () => {{ {NODE_BYE} process.exit(0) }}", 0,
                   "b" * 200_000),
        "killed": (f"exports.handler = async () => {{ {NODE_BYE} "
                   "process.kill(process.pid, 'SIGKILL'); while (true); }", -9, "b" * 200_000),
    },
    child="""
const { execSync } = require('child_process');
exports.handler = async () =>
  execSync('ls -l /proc/self/fd', { stdio: ['ignore', 'pipe', 'ignore'] }).toString();
""")

RUBIES = rubies()
RUBY_BOOTSTRAP = RUNTIMES / "ruby" / "runtime" / "bootstrap.rb"
RUBY = Language(
    name="ruby", file="app.rb", interpreters=RUBIES,
    command=lambda version: [RUBIES[version], str(RUBY_BOOTSTRAP)],
    runtime=lambda version: "ruby{}.{}".format(*version),
    over=("fd", "pipes", "tcp", "standby"),
    echo="""
def handler(event:, context:)
  { got: event }
end
""",
    fails="def handler(event:, context:) = raise('no')",
    broken_event=("Function<JSON::ParserError>", ""),
    prints=("""
def handler(event:, context:)
  print 'out'
  $stderr.write('err')
  $stdout.syswrite('raw')
  puts 'x' * %d
end
""" % PRINTED_BYTES, "outerrraw" + "x" * PRINTED_BYTES + "\n"),
    ends={
        "exit!": ("def handler(event:, context:) = ($stdout.write('bye'); exit!(4))", 4, "bye"),
        "killed": ("def handler(event:, context:) = "
                   "($stdout.write('bye'); Process.kill(9, $$); sleep)", -9, "bye"),
        "at load": ("$stdout.write('bye'); exit!(5)", 5, "bye"),
    },
    child="def handler(event:, context:) = `ls -l /proc/self/fd`")

LANGUAGES = (PYTHON, NODE, RUBY)
