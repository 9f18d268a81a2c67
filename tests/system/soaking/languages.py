"""The soak's function in each language. Every one does the same: it knows a secret from its
environment variable and one from its package, remembers who called it in memory and its own
secret in /tmp, and answers, crashes, hangs or leaves a child as the event says.

event: {"do", "nonce", "owner", "pad"}; `owner` is the function the caller means.
answer: {"env", "code", "nonce", "pad", "name", "version", "count", "owners", "kept", "lines",
"tmp"}: `owners` are all callers' owners since the environment started, `kept` the secrets read
back from /tmp, `lines` how many, `tmp` what lies in /tmp.
"""
import os
import pathlib
import shutil
import subprocess

from functions import package

LINES_MAX = 50  # an environment writes so many lines to /tmp
MARKER = "marker"

PYTHON = '''
import json, os, subprocess, time
CODE = "@CODE@"
owners, count, child = {}, 0, None

class Refused(Exception):
    pass

def handler(event, context):
    global count, child
    count += 1
    owners[event["owner"]] = True
    secret, do = os.environ["SECRET"], event["do"]
    if count <= 50:
        with open("/tmp/marker", "a") as marker:
            marker.write(secret + "\\n")
    with open("/tmp/marker") as marker:
        lines = marker.read().split()
    if do == "raise":
        raise Refused("on purpose " + event["nonce"])
    if do == "exit":
        os._exit(7)
    if do == "abort":
        os.abort()
    if do == "hang":
        time.sleep(60)
    if do == "eat":
        return len(bytearray(400 << 20))
    if do == "child":
        if child:
            child.kill()
            child.wait()
        child = subprocess.Popen(["/bin/sleep", "600"])
    if do == "log":
        print("said", event["nonce"], event["owner"])
    return {"env": secret, "code": CODE, "nonce": event["nonce"], "pad": event["pad"],
            "name": context.function_name, "version": context.function_version,
            "count": count, "owners": list(owners), "kept": sorted(set(lines)),
            "lines": len(lines), "tmp": os.listdir("/tmp")}
'''
NODE = '''
const fs = require('fs');
const { spawn } = require('child_process');
const CODE = '@CODE@';
const owners = {};
let count = 0;
let child = null;

class Refused extends Error {
  constructor(message) { super(message); this.name = 'Refused'; }
}

exports.handler = async (event, context) => {
  count += 1;
  owners[event.owner] = true;
  const secret = process.env.SECRET;
  if (count <= 50) fs.appendFileSync('/tmp/marker', secret + '\\n');
  const lines = fs.readFileSync('/tmp/marker', 'utf8').split('\\n').filter(Boolean);
  switch (event.do) {
    case 'raise': throw new Refused('on purpose ' + event.nonce);
    case 'exit': process.exit(7);
    case 'abort': process.abort();
    case 'hang': await new Promise((done) => setTimeout(done, 60000)); break;
    case 'child':
      if (child) child.kill('SIGKILL');
      child = spawn('/bin/sleep', ['600'], { stdio: 'ignore', detached: true });
      child.unref();
      break;
    case 'log': console.log('said ' + event.nonce + ' ' + event.owner); break;
  }
  return { env: secret, code: CODE, nonce: event.nonce, pad: event.pad,
    name: context.functionName, version: context.functionVersion, count,
    owners: Object.keys(owners), kept: [...new Set(lines)].sort(), lines: lines.length,
    tmp: fs.readdirSync('/tmp') };
};
'''
RUBY = '''
CODE = '@CODE@'
STATE = { owners: {}, count: 0, child: nil }

class Refused < StandardError; end

def act(event)
  case event['do']
  when 'raise' then raise Refused, "on purpose #{event['nonce']}"
  when 'exit' then exit!(7)
  when 'abort' then Process.kill(:ABRT, Process.pid) && sleep(60)
  when 'hang' then sleep 60
  when 'child'
    Process.kill(:KILL, STATE[:child]) && Process.wait(STATE[:child]) if STATE[:child]
    STATE[:child] = spawn('/bin/sleep', '600')
  when 'log' then puts "said #{event['nonce']} #{event['owner']}"
  end
end

def handler(event:, context:)
  STATE[:count] += 1
  STATE[:owners][event['owner']] = true
  secret = ENV['SECRET']
  File.write('/tmp/marker', secret + "\\n", mode: 'a') if STATE[:count] <= 50
  lines = File.read('/tmp/marker').split
  act(event)
  { env: secret, code: CODE, nonce: event['nonce'], pad: event['pad'],
    name: context.function_name, version: context.function_version, count: STATE[:count],
    owners: STATE[:owners].keys, kept: lines.uniq.sort, lines: lines.size,
    tmp: Dir.children('/tmp') }
end
'''
# language: (runtime, name of the source file, source)
SCRIPTS = {"python": ("python3.12", "app.py", PYTHON), "node": ("nodejs20.x", "app.js", NODE),
           "ruby": ("ruby3.3", "app.rb", RUBY)}
RAISED = {"python": "Refused", "node": "Refused", "ruby": "Function<Refused>",
          "native": "Own.Refused"}
NATIVE_RUNTIME = "provided.al2023"
OWNER_FILE = "owner.txt"  # says in /var/task whose code it is


class Languages:
    """Those this machine can run, and the packages of their functions."""

    def __init__(self, build_dir, rubies):
        self.native = _compiled(build_dir)
        self.names = ["python", "node"] + (["ruby"] if rubies else []) + \
            (["native"] if self.native else [])

    def missing(self):
        return sorted({"python", "node", "ruby", "native"} - set(self.names))

    def runtime(self, language):
        return NATIVE_RUNTIME if language == "native" else SCRIPTS[language][0]

    def package(self, language, name, secret):
        if language == "native":
            return package({"bootstrap": self.native, "secret.txt": secret, OWNER_FILE: name})
        _, file, source = SCRIPTS[language]
        return package({file: source.replace("@CODE@", secret), OWNER_FILE: name})


def _compiled(build_dir):
    """The native function's bytes; None without a compiler."""
    compiler = shutil.which("clang++-19") or shutil.which("g++")
    if not compiler:
        return None
    built = os.path.join(build_dir, "soak-native")
    source = pathlib.Path(__file__).with_name("native.cpp")
    subprocess.run([compiler, "-std=c++20", "-O1", "-static", "-s", "-o", built, str(source)],
                   check=True, timeout=120)
    return pathlib.Path(built).read_bytes()
