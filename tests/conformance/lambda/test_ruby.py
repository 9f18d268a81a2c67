"""Ruby functions: what they see, what they log, how they fail."""
import base64
import json

import pytest
from interpreters import by_version

INTERPRETERS = by_version()

if not INTERPRETERS["ruby"]:
    pytest.skip("no Ruby on this machine", allow_module_level=True)

VERSION = "{}.{}".format(*INTERPRETERS["ruby"][-1])

SOURCE = """
require 'logger'
LOG = Logger.new($stdout)

class Odd < StandardError; end

module Shop
  class Orders
    def self.handler(event:, context:) = { 'class' => event }
  end
end

def handler(event:, context:)
  case event['do']
  when 'raise' then raise Odd, 'on purpose ü'
  when 'missing' then nil.missing
  when 'hang' then sleep 60
  when 'exit' then exit!(event['status'])
  when 'log'
    puts 'two', 'lines'
    LOG.info("from the logger\\nand on")
  when 'gem'
    require 'tiny'
    return TINY
  when 'see'
    return { id: context.aws_request_id, left: context.get_remaining_time_in_millis,
             ruby: RUBY_VERSION, env: ENV['AWS_EXECUTION_ENV'], arn: context.invoked_function_arn,
             encoding: Encoding.default_external.name, cwd: Dir.pwd, memory: context.memory_limit_in_mb,
             written: File.write('/tmp/x', 'y'), key: ENV.key?('AWS_SESSION_TOKEN') }
  end
  { ok: event }
end
"""
GEM = """Gem::Specification.new { |s| s.name = 'tiny'; s.version = '1.0'; s.summary = 's'
  s.authors = ['a']; s.files = ['lib/tiny.rb'] }"""


@pytest.fixture(scope="module")
def ruby(deploy):
    bundle = "vendor/bundle/ruby/{}.0".format(VERSION)
    files = {"app.rb": SOURCE, bundle + "/specifications/tiny-1.0.gemspec": GEM,
             bundle + "/gems/tiny-1.0/lib/tiny.rb": "TINY = 7"}
    return deploy(files, "ruby3.3", Timeout=3, MemorySize=256)


@pytest.fixture(scope="module")
def call(lam):
    def invoke(name, event):
        answer = lam.invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
        log = base64.b64decode(answer["LogResult"]).decode(errors="replace")
        return json.loads(answer["Payload"].read()), answer, log
    return invoke


def test_what_a_function_sees(call, ruby):
    said, answer, _ = call(ruby, {"do": "see"})
    assert "FunctionError" not in answer, said
    assert said["id"] == answer["ResponseMetadata"]["RequestId"]
    assert 0 < said["left"] <= 3000
    assert said["ruby"].startswith(VERSION)
    assert said["arn"].endswith(":function:" + ruby)
    assert said["encoding"] == "UTF-8"
    assert (said["env"], said["cwd"], said["memory"], said["written"], said["key"]) == (
        "AWS_Lambda_ruby3.3", "/var/task", "256", 1, True)


def test_class_method(call, deploy):
    name = deploy({"app.rb": SOURCE}, "ruby3.3", "app.Shop::Orders.handler", MemorySize=256)
    assert call(name, 1)[0] == {"class": 1}


def test_gems_of_a_bundle(call, ruby):
    assert call(ruby, {"do": "gem"})[0] == 7


def test_log(call, ruby, log_of):
    call(ruby, {"do": "log"})
    _, answer, log = call(ruby, {"do": "log"})
    rid = answer["ResponseMetadata"]["RequestId"]
    assert "two\nlines\n" in log
    assert " INFO {} -- : from the logger\nand on".format(rid) in log


def test_exception(call, ruby):
    said, answer, log = call(ruby, {"do": "raise"})
    assert answer["FunctionError"] == "Unhandled"
    assert (said["errorType"], said["errorMessage"]) == ("Function<Odd>", "on purpose ü")
    assert said["stackTrace"][0].startswith("/var/task/app.rb:15:in ")
    assert "Error raised from handler method" in log
    assert call(ruby, {"after": 1})[0] == {"ok": {"after": 1}}


def test_critical_exception(call, ruby):
    said, answer, log = call(ruby, {"do": "missing"})
    assert said["errorType"] == "Function<NoMethodError>"
    assert "Critical exception from handler" in log
    assert call(ruby, {"after": 1})[0] == {"ok": {"after": 1}}


def test_exit_and_timeout(call, ruby):
    said, answer, _ = call(ruby, {"do": "exit", "status": 3})
    rid = answer["ResponseMetadata"]["RequestId"]
    assert said == {"errorType": "Runtime.ExitError",
                    "errorMessage": f"RequestId: {rid} Error: Runtime exited with error: exit status 3"}
    assert call(ruby, {"do": "hang"})[0]["errorType"] == "Sandbox.Timedout"
    assert call(ruby, {"after": 1})[0] == {"ok": {"after": 1}}


@pytest.mark.parametrize("source, kind", [
    ("require 'absent'", "Init<LoadError>"), ("def handler(", "Init<SyntaxError>")])
def test_cannot_load(call, deploy, source, kind):
    name = deploy(source, "ruby3.3", MemorySize=256)
    said, answer, log = call(name, 1)
    assert said["errorType"] == kind
    assert "Init error when loading handler" in log
