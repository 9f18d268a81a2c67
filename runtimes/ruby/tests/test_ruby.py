"""The Ruby bootstrap against a mock Runtime API, with every Ruby 3 of this machine: what is Ruby's
alone. What all languages have in common is in runtimes/testing/test_contract.py."""

import json
import re

import pytest
from mock_runtime_api import ARN


def test_standing_by(start):
    source = """
$at_load = [ENV['GREETING'], Dir.pwd == ENV['LAMBDA_TASK_ROOT'], ENV.key?('_LAPWING_STANDBY_FD')]
require 'brought'
def handler(event:, context:)
  [*$at_load, BROUGHT, Time.new(2024, 1, 1).utc_offset, context.function_name]
end
"""
    gem = "vendor/bundle/ruby/{}.{}.0/gems/brought-1.0".format(*start.version)
    spec = gem.replace("/gems/brought-1.0", "/specifications/brought-1.0.gemspec")
    files = {gem + "/lib/brought.rb": "BROUGHT = 'by a gem'", spec: """
Gem::Specification.new do |s|
  s.name = 'brought'
  s.version = '1.0'
  s.summary = s.author = 'x'
  s.require_paths = ['lib']
end
"""}
    env = {"GREETING": "grüß=dich", "TZ": "UTC-5"}
    environment = start(source, files, over="standby", env=env)
    gems = "{}/vendor/bundle/ruby/{}.{}.0".format(environment.task_root, *start.version)
    environment.variables["GEM_PATH"] = gems
    with environment as e:
        assert e.invoke(1).json() == [
            "grüß=dich", True, False, "by a gem", 5 * 3600, "under-test"], e.printed()


def test_event_that_is_not_json_stays_text(start):
    with start("def handler(event:, context:) = [event.class.to_s, event]") as env:
        answer = env.invoke(raw=b"a,b", headers={"Content-Type": "text/csv"})
        assert answer.json() == ["String", "a,b"]


def test_context(start):
    source = """
def handler(event:, context:)
  c = context
  { id: c.aws_request_id, name: c.function_name, version: c.function_version,
    arn: c.invoked_function_arn, memory: c.memory_limit_in_mb, group: c.log_group_name,
    stream: c.log_stream_name, left: c.get_remaining_time_in_millis, deadline: c.deadline_ms,
    identity: c.identity, client: c.client_context, tenant: c.tenant_id,
    trace: ENV['_X_AMZN_TRACE_ID'], private: ENV.keys.grep(/LAPWING|TELEMETRY/),
    kind: c.class.to_s, root: $LOAD_PATH.first }
end
"""
    with start(source, frames=True) as env:
        client = {"custom": {"a": "ü"}, "env": {"b": 1}, "client": {"app_title": "T"}}
        identity = {"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}
        answer = env.invoke({}, headers={
            "Lambda-Runtime-Client-Context": json.dumps(client),
            "Lambda-Runtime-Cognito-Identity": json.dumps(identity),
            "Lambda-Runtime-Aws-Tenant-Id": "blue",
        })
        got = answer.json()
        assert 0 < got.pop("left") <= 30000 < got.pop("deadline")
        assert got == {
            "id": answer.request_id, "name": "under-test", "version": "$LATEST", "arn": ARN,
            "memory": "128", "group": "/aws/lambda/under-test",
            "stream": "2026/01/02/[$LATEST]0123456789abcdef", "identity": identity,
            "client": client, "tenant": "blue", "private": [], "kind": "LambdaContext",
            "trace": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0", "root": env.task_root,
        }
        plain = env.invoke({}, headers={"Lambda-Runtime-Trace-Id": ""}).json()
        assert [plain[k] for k in ("client", "identity", "tenant", "trace")] == [None] * 4


@pytest.mark.parametrize("handler", ["app.Shop::Orders.handler", "lib/deep.handler"])
def test_handler_forms(start, handler):
    source = "module Shop\n  class Orders\n    def self.handler(event:, context:) = event + 1\nend\nend"
    files = {"lib/deep.rb": "def handler(event:, context:) = event + 1"}
    with start(source, files=files, handler=handler) as env:
        assert env.invoke(1).json() == 2


def test_results(start):
    source = """
require 'stringio'
def handler(event:, context:) = eval(event)
"""
    cases = {
        "nil": "null", "3": "3", "'ü'": '"ü"', "{a: [1, nil, true]}": '{"a":[1,null,true]}',
        ":symbol": '"symbol"', "1..2": '"1..2"',
    }
    with start(source) as env:
        for expression, text in cases.items():
            assert env.invoke(expression).body.decode() == text, expression
        answer = env.invoke("StringIO.new(\"\\x00raw\\xff\".b)")
        assert answer.body == b"\x00raw\xff"
        assert answer.headers["content-type"] == "application/unknown"


def test_result_that_is_not_json(start):
    with start("def handler(event:, context:) = Float::NAN") as env:
        answer = env.invoke(1)
        assert answer.kind == "error"
        assert answer.json()["errorType"] == "Function<JSON::GeneratorError>"
        assert "NaN not allowed in JSON" in answer.json()["errorMessage"]


def test_the_marshaller_may_be_redefined(start):
    source = """
class AwsLambda::Marshaller
  def self.marshall_request(request) = request.body.upcase
  def self.marshall_response(response) = [response, 'text/plain']
end
def handler(event:, context:) = "<#{event}>"
"""
    with start(source) as env:
        answer = env.invoke(raw=b"words")
        assert (answer.body, answer.headers["content-type"]) == (b"<WORDS>", "text/plain")


RAISES = """\
class Odd < StandardError; end
def deeper(text)
  raise Odd, text
end

def handler(event:, context:)
  deeper(event)
end
"""


def frame(env, line, method, owner="Object"):
    """A stack line, as this Ruby writes it."""
    return re.compile(r"{}/app\.rb:{}:in ['`]({}#)?{}'".format(
        re.escape(env.task_root), line, owner, method))


def test_exception(start):
    with start(RAISES) as env:
        answer = env.invoke("no\nluck ü")
        body = answer.json()
        assert answer.kind == "error"
        assert list(body) == ["errorMessage", "errorType", "stackTrace"]
        assert (body["errorMessage"], body["errorType"]) == ("no\nluck ü", "Function<Odd>")
        assert len(body["stackTrace"]) == 2
        assert frame(env, 3, "deeper").fullmatch(body["stackTrace"][0])
        assert frame(env, 7, "handler").fullmatch(body["stackTrace"][1])
        assert answer.headers["lambda-runtime-function-error-type"] == "Function<UserException>"
        cause = json.loads(answer.headers["lambda-runtime-function-xray-error-cause"])
        assert cause["working_directory"] == env.task_root
        found, = cause["exceptions"]
        assert (found["message"], found["type"]) == ("no\nluck ü", "Function<Odd>")
        assert [(s["path"], s["line"]) for s in found["stack"]] == [
            (env.task_root + "/app.rb", 3), (env.task_root + "/app.rb", 7)]
        first, rest = answer.printed.split("\n", 1)
        assert first == "Error raised from handler method"
        assert json.loads(rest) == body and '\n  "errorType": "Function<Odd>"' in rest
        assert env.invoke("again").kind == "error"


@pytest.mark.parametrize("source, kind, message", [
    ("nothing.here", "NameError", "undefined local variable or method"),
    ("nil.here", "NoMethodError", "undefined method"),
    ("exit", "SystemExit", "exit"),
    ("raise Exception, 'hard'", "Exception", "hard"),
    ("def again = again(); again", "SystemStackError", "stack level too deep"),
])
def test_critical_exceptions_end_the_process(start, source, kind, message):
    with start("def handler(event:, context:)\n  {}\nend".format(source)) as env:
        answer = env.invoke(1)
        assert answer.kind == "error"
        assert answer.json()["errorType"] == "Function<{}>".format(kind)
        assert message in answer.json()["errorMessage"]
        assert answer.headers["lambda-runtime-function-error-type"] == "Function<{}>".format(kind)
        assert answer.printed.startswith("Critical exception from handler\n{")
        assert env.wait() == 255


def test_exception_whose_text_cannot_be_had(start):
    source = """
class Bad < StandardError
  def message = raise(ArgumentError)
end
def handler(event:, context:) = raise(Bad)
"""
    with start(source) as env:
        assert env.invoke(1).json()["errorType"] == "Function<Bad>"
        assert env.invoke(1).json()["errorType"] == "Function<Bad>"


def test_exception_text_that_is_not_utf8(start):
    with start('def handler(event:, context:) = raise("a\\xffb")') as env:
        assert env.invoke(1).json()["errorMessage"] == "a\ufffdb"


def test_huge_error_cause_is_left_out(start):
    with start("def handler(event:, context:) = raise('x' * 200000)") as env:
        answer = env.invoke(1)
        assert len(answer.json()["errorMessage"]) == 200000
        assert "lambda-runtime-function-xray-error-cause" not in answer.headers


INIT_FAULTS = {
    "import": ("require 'absent_file'", "app.handler", "LoadError",
               "cannot load such file -- absent_file"),
    "file": ("", "nowhere.handler", "LoadError", "cannot load such file -- nowhere"),
    "name": ("", "app", "ArgumentError", 'Invalid handler ["app"], must be of form FILENAME.METHOD'),
    "syntax": ("def handler(", "app.handler", "SyntaxError", "app.rb:1: syntax error"),
    "raise": ("raise KeyError, 'k'", "app.handler", "KeyError", "k"),
}


@pytest.mark.parametrize("case", INIT_FAULTS)
@pytest.mark.parametrize("over", ["fd", "pipes", "tcp", "standby"])
def test_init_faults(start, case, over):
    source, handler, kind, message = INIT_FAULTS[case]
    with start(source, handler=handler, over=over) as env:
        answer = env.invoke(1)
        body = answer.json()
        assert answer.kind == "init_error"
        assert body["errorType"] == "Init<{}>".format(kind)
        assert message in body["errorMessage"]
        assert "lapwing_runtime" not in "".join(body["stackTrace"])
        assert answer.printed.startswith("Init error when loading handler\n{")
        assert env.wait() == 252


def test_method_that_is_not_there(start):
    with start("") as env:
        body = env.invoke(1).json()
        assert body["errorType"] == "Function<NoMethodError>"
        assert body["errorMessage"].startswith("undefined method `handler' for") or \
            body["errorMessage"].startswith("undefined method 'handler' for")


def frames(data):
    found = []
    while data:
        kind, length = data[:4].hex(), int.from_bytes(data[4:8], "big")
        micros = int.from_bytes(data[8:16], "big")
        assert 1.7e15 < micros < 4e15
        found.append((kind, data[16:16 + length].decode()))
        data = data[16 + length:]
    return found


LOGS = """
require 'logger'
LOG = Logger.new($stdout)
def handler(event:, context:)
  puts 'two', ['lines', 1]
  LOG.debug('shown')
  LOG.warn("hello\\n#{event}")
  Logger.new($stderr, level: 'error', progname: 'prog').error(ArgumentError.new('bad'))
  Logger.new('/tmp/../dev/null').error('elsewhere')
  $stdout.puts('plain')
  raise 'v'
end
"""


def test_frames(start):
    with start(LOGS, frames=True) as env:
        answer = env.invoke("you")
        found = frames(env.frames)
        assert {kind for kind, _ in found} == {"a55a0003"}
        texts = [text for _, text in found]
        stamp = r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6} #\d+\]"
        assert texts[0] == "two\nlines\n1\n"
        assert re.fullmatch("D, {} DEBUG {} -- : shown".format(stamp, answer.request_id), texts[1])
        assert re.fullmatch("W, {}  WARN {} -- : hello\nyou".format(stamp, answer.request_id),
                            texts[2])
        assert re.fullmatch("E, {} ERROR {} -- prog: bad \\(ArgumentError\\)\\s*".format(
            stamp, answer.request_id), texts[3])
        assert texts[4] == "Error raised from handler method\n"
        assert json.loads(texts[5]) == answer.json()
        assert env.printed() == "plain\n"


def test_logger_without_frames_is_rubys_own(start):
    source = "require 'logger'\ndef handler(event:, context:) = Logger.new($stdout).info('in')"
    with start(source) as env:
        assert re.fullmatch(r"I, \[.+\]  INFO -- : in\n", env.invoke(1).printed)


def test_gems_of_the_function(start, tmp_path):
    spec = """Gem::Specification.new { |s| s.name = 'tiny'; s.version = '1.0'; s.summary = 's'
      s.authors = ['a']; s.files = ['lib/tiny.rb'] }"""
    files = {"gems/specifications/tiny-1.0.gemspec": spec,
             "gems/gems/tiny-1.0/lib/tiny.rb": "TINY = 7"}
    source = "require 'tiny'\ndef handler(event:, context:) = TINY"
    with start(source, files=files, env={"GEM_PATH": str(tmp_path / "gems")}) as env:
        assert env.invoke(1).json() == 7, env.printed()


# -- gems that come with the interpreter -----------------------------------------------------------


@pytest.mark.parametrize("over", ["fd", "standby"])
def test_gems_of_the_interpreter_are_found_behind_awss_folders(start, tmp_path, over):
    """GEM_HOME and GEM_PATH are AWS's; without more, `rexml` and its like would be out of reach."""
    source = """
require 'rexml/document'
def handler(event:, context:)
  { rexml: REXML::VERSION, home: Gem.dir, first: Gem.path[0] }
end
"""
    gems = {"GEM_HOME": "/var/runtime", "GEM_PATH": str(tmp_path / "gems")}
    with start(source, over=over, env=gems) as env:
        answer = env.invoke({})
        assert answer.kind == "response", env.printed()
        assert answer.json()["home"] == "/var/runtime"
        assert answer.json()["first"] == str(tmp_path / "gems")
