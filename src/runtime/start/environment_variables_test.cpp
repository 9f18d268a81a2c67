#include "runtime/start/environment_variables.hpp"

#include <gtest/gtest.h>

namespace lapwing::runtime {
namespace {

TEST(EnvironmentVariables, ManagedRuntimesSeeWhatAwsSets) {
  FunctionVersion fn;
  fn.name = FunctionName("hello");
  fn.region = Region("eu-west-1");
  fn.handler = "app.handler";
  fn.environment = {{"STAGE", "prod"}, {"PATH", "/mine"}};
  Interpreter interpreter;
  interpreter.major = 3;
  interpreter.minor = 8;
  interpreter.version = "3.8.18";
  const RuntimeChoice runtime{*parse_runtime_id("python3.8"), &interpreter, true, ""};
  const auto env = function_environment({&fn, &runtime, {"AKID", "SECRET", "TOKEN", {}}, "stream"});
  EXPECT_EQ(env.at("AWS_LAMBDA_RUNTIME_API"), "169.254.100.1:9001");
  EXPECT_EQ(env.at("AWS_ENDPOINT_URL"), "http://169.254.100.1:4566");
  EXPECT_EQ(env.at("AWS_EXECUTION_ENV"), "AWS_Lambda_python3.8");
  EXPECT_EQ(env.at("_HANDLER"), "app.handler");
  EXPECT_EQ(env.at("AWS_REGION"), "eu-west-1");
  EXPECT_EQ(env.at("AWS_SESSION_TOKEN"), "TOKEN");
  EXPECT_EQ(env.at("STAGE"), "prod");
  EXPECT_EQ(env.at("PATH"), "/mine");
  EXPECT_EQ(runtime_version(runtime), "python:3.8.v18");
}

// What recorded functions of the real service see, but for the versions of its own clients.
class Recorded : public ::testing::Test {
 protected:
  using Variables = std::map<std::string, std::string>;

  Recorded() {
    fn_.name = FunctionName("hello");
    fn_.region = Region("eu-west-1");
    fn_.handler = "app.handler";
    fn_.memory_mb = 1024;
    fn_.logging.log_group = "/aws/lambda/hello";
  }
  Variables of(const char* runtime) {
    interpreter_.language = parse_runtime_id(runtime)->language;
    interpreter_.major = parse_runtime_id(runtime)->major;
    interpreter_.minor = parse_runtime_id(runtime)->minor;
    const bool provided = interpreter_.language == Language::kProvided;
    const RuntimeChoice choice{*parse_runtime_id(runtime), provided ? nullptr : &interpreter_, true,
                               ""};
    EnvironmentInputs in{&fn_, &choice, {"AKID", "SECRET", "TOKEN", {}}, "stream"};
    in.credentials_token = token_;
    return function_environment(in);
  }
  static Variables every() {
    return {{"AWS_ACCESS_KEY_ID", "AKID"},
            {"AWS_DEFAULT_REGION", "eu-west-1"},
            {"AWS_ENDPOINT_URL", "http://169.254.100.1:4566"},  // ours
            {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024"},
            {"AWS_LAMBDA_FUNCTION_NAME", "hello"},
            {"AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"},
            {"AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"},
            {"AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/hello"},
            {"AWS_LAMBDA_LOG_STREAM_NAME", "stream"},
            {"AWS_LAMBDA_RUNTIME_API", "169.254.100.1:9001"},
            {"AWS_REGION", "eu-west-1"},
            {"AWS_SECRET_ACCESS_KEY", "SECRET"},
            {"AWS_SESSION_TOKEN", "TOKEN"},
            {"AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR"},
            {"AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1:2000"},
            {"LAMBDA_RUNTIME_DIR", "/var/runtime"},
            {"LAMBDA_TASK_ROOT", "/var/task"},
            {"LANG", "en_US.UTF-8"},
            {"LD_LIBRARY_PATH",
             "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:"
             "/var/task/lib:/opt/lib"},
            {"PATH", "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin"},
            {"TZ", ":UTC"},
            {"_AWS_XRAY_DAEMON_ADDRESS", "169.254.100.1"},
            {"_AWS_XRAY_DAEMON_PORT", "2000"},
            {"_HANDLER", "app.handler"}};
  }
  static Variables with(Variables base, const Variables& more) {
    for (const auto& [key, value] : more) base[key] = value;
    return base;
  }
  // Of those that a shell starts there; the descriptors are ours, and gone before a function looks.
  static Variables started(const char* name, const char* link) {
    return with(every(), {{"AWS_EXECUTION_ENV", std::string("AWS_Lambda_") + name},
                          {"PWD", "/var/task"},
                          {"SHLVL", "0"},
                          {"_LAPWING_RUNTIME_FD", link},
                          {"_LAMBDA_TELEMETRY_LOG_FD", "4"}});
  }

  FunctionVersion fn_;
  Interpreter interpreter_;
  std::string token_;
};

TEST_F(Recorded, Python) {
  const Variables expected =
      with(started("python3.13", "3:8"), {{"PYTHONPATH", "/var/runtime"}, {"LC_CTYPE", "C.UTF-8"}});
  EXPECT_EQ(of("python3.13"), expected);
}

TEST_F(Recorded, Node) {
  const auto path = [](const std::string& version) {
    return Variables{{"NODE_PATH", "/opt/nodejs/node" + version +
                                       "/node_modules:/opt/nodejs/node_modules:"
                                       "/var/runtime/node_modules:/var/runtime:/var/task"}};
  };
  EXPECT_EQ(of("nodejs22.x"), with(started("nodejs22.x", "3"), path("22")));
  EXPECT_EQ(of("nodejs18.x"), with(with(started("nodejs18.x", "3"), path("18")),
                                   {{"NODE_EXTRA_CA_CERTS", "/var/runtime/ca-cert.pem"}}));
}

TEST_F(Recorded, Ruby) {
  EXPECT_EQ(of("ruby3.3"),
            with(started("ruby3.3", "3:8"),
                 {{"GEM_HOME", "/var/runtime"},
                  {"GEM_PATH",
                   "/var/task/vendor/bundle/ruby/3.3.0:/opt/ruby/gems/3.3.0:/var/runtime:"
                   "/var/runtime/ruby/3.3.0"},
                  {"RUBYLIB", "/var/task:/var/runtime/lib:/opt/ruby/lib"},
                  {"PATH", "/var/lang/bin:" + every().at("PATH")},
                  {"LD_LIBRARY_PATH", "/var/lang/lib:" + every().at("LD_LIBRARY_PATH")}}));
}

TEST_F(Recorded, Java) {
  EXPECT_EQ(of("java21"), with(every(), {{"AWS_EXECUTION_ENV", "AWS_Lambda_java21"}}));
  EXPECT_EQ(of("java11"), with(every(), {{"AWS_EXECUTION_ENV", "AWS_Lambda_java11"},
                                         {"AWS_ACCESS_KEY", "AKID"},
                                         {"AWS_SECRET_KEY", "SECRET"}}));
}

TEST_F(Recorded, Provided) {
  EXPECT_EQ(of("provided.al2023"), every());
  EXPECT_EQ(of("provided.al2"),
            with(every(), {{"LD_LIBRARY_PATH",
                            "/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:"
                            "/var/task:/var/task/lib:/opt/lib"},
                           {"PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"}}));
}

TEST_F(Recorded, Image) {
  fn_.image.emplace();
  fn_.image->command = {"app.handler", "more"};
  fn_.image->environment = {{"PATH", "/of/the/image"}, {"HOME", "/root"}};
  RuntimeChoice choice;
  choice.id.text = "image";
  Variables expected = with(every(), {{"PATH", "/of/the/image"}, {"HOME", "/root"}});
  for (const char* key : {"LANG", "LD_LIBRARY_PATH"}) expected.erase(key);
  EXPECT_EQ(function_environment({&fn_, &choice, {"AKID", "SECRET", "TOKEN", {}}, "stream"}),
            expected);
}

TEST_F(Recorded, OfASnapshotNeitherStreamNorKeys) {
  fn_.snap_start = true;
  token_ = "opaque";
  Variables expected =
      with(started("python3.13", "3:8"),
           {{"PYTHONPATH", "/var/runtime"},
            {"LC_CTYPE", "C.UTF-8"},
            {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:9001/2021-04-23/credentials"},
            {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "opaque"}});
  for (const char* key : {"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
                          "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
    expected.erase(key);
  }
  EXPECT_EQ(of("python3.13"), expected);
}

TEST_F(Recorded, TheLogFormatIsSaidWhereItIsChosen) {
  EXPECT_FALSE(of("python3.13").contains("AWS_LAMBDA_LOG_FORMAT"));
  fn_.logging.log_group = "/mine";
  EXPECT_EQ(of("python3.13").at("AWS_LAMBDA_LOG_FORMAT"), "Text");
  fn_.logging.format = LogFormat::kJson;
  EXPECT_EQ(of("python3.13").at("AWS_LAMBDA_LOG_FORMAT"), "JSON");
  EXPECT_EQ(of("python3.13").at("AWS_LAMBDA_LOG_LEVEL"), "INFO");
}

TEST(EnvironmentVariables, RubyFindsGemsOfBothVersions) {
  FunctionVersion fn;
  Interpreter interpreter;
  interpreter.language = Language::kRuby;
  interpreter.major = 3;
  interpreter.minor = 1;
  interpreter.version = "3.1.2";
  const RuntimeChoice runtime{*parse_runtime_id("ruby3.3"), &interpreter, false, ""};
  const auto env = function_environment({&fn, &runtime, {}, ""});
  EXPECT_EQ(env.at("GEM_PATH"),
            "/var/task/vendor/bundle/ruby/3.3.0:/opt/ruby/gems/3.3.0:"
            "/var/task/vendor/bundle/ruby/3.1.0:/opt/ruby/gems/3.1.0:"
            "/var/runtime:/var/runtime/ruby/3.3.0");
  EXPECT_EQ(env.at("AWS_EXECUTION_ENV"), "AWS_Lambda_ruby3.3");
  EXPECT_EQ(runtime_version(runtime), "ruby:3.1.v2");
}

TEST(EnvironmentVariables, ProvidedHasNoExecutionEnvironmentName) {
  FunctionVersion fn;
  const RuntimeChoice runtime{*parse_runtime_id("provided.al2023"), nullptr, true, ""};
  const auto env = function_environment({&fn, &runtime, {}, ""});
  EXPECT_FALSE(env.contains("AWS_EXECUTION_ENV"));
  EXPECT_FALSE(env.contains("_LAPWING_RUNTIME_FD"));
  EXPECT_EQ(runtime_version(runtime), "provided:al2023.v1");
}

TEST(EnvironmentVariables, WhatAnInterpreterReadsWhileItStartsNeedsAStartOfItsOwn) {
  Interpreter interpreter;
  const RuntimeChoice python{*parse_runtime_id("python3.12"), &interpreter, true, ""};
  const RuntimeChoice node{*parse_runtime_id("nodejs20.x"), &interpreter, true, ""};
  const RuntimeChoice java{*parse_runtime_id("java21"), &interpreter, true, ""};
  FunctionVersion fn;
  const auto alike = [&fn](const RuntimeChoice& runtime, const std::string& key,
                           const std::string& value) {
    fn.environment = {{key, value}};
    return boots_alike(runtime, function_environment({&fn, &runtime, {}, "stream"}));
  };
  EXPECT_TRUE(alike(python, "STAGE", "prod"));
  EXPECT_TRUE(alike(python, "TZ", "Europe/Vienna"));
  EXPECT_TRUE(alike(python, "NODE_OPTIONS", "--x"));
  EXPECT_TRUE(alike(python, "PYTHONPATH", "/var/runtime"));
  EXPECT_FALSE(alike(python, "PYTHONPATH", "/opt/mine"));
  EXPECT_FALSE(alike(python, "PYTHONHASHSEED", "0"));
  EXPECT_FALSE(alike(python, "LC_ALL", "C"));
  EXPECT_FALSE(alike(python, "LD_PRELOAD", "/opt/lib/x.so"));
  EXPECT_TRUE(alike(node, "NODE_ENV", "production"));
  EXPECT_FALSE(alike(node, "NODE_OPTIONS", "--enable-source-maps"));
  EXPECT_FALSE(alike(node, "NODE_EXTRA_CA_CERTS", "/var/task/ca.pem"));
  EXPECT_TRUE(alike(java, "STAGE", "prod"));
  EXPECT_TRUE(alike(java, "PATH", "/mine"));
  EXPECT_TRUE(alike(java, "TZ", ":UTC"));
  for (const char* key :
       {"JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "TZ", "HOME", "LANG", "LD_LIBRARY_PATH"}) {
    EXPECT_FALSE(alike(java, key, "other")) << key;
  }
}

TEST(EnvironmentVariables, WhatStandsByKnowsNoFunction) {
  Interpreter interpreter;
  const RuntimeChoice python{*parse_runtime_id("python3.12"), &interpreter, true, ""};
  const auto env = boot_environment(python);
  EXPECT_EQ(env.at("PATH"), "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin");
  for (const auto& [key, value] : env) {
    EXPECT_EQ(key.find("SECRET"), std::string::npos);
    EXPECT_FALSE(key.starts_with("AWS_LAMBDA_FUNCTION")) << key;
    EXPECT_NE(key, "_HANDLER");
  }
}

TEST(EnvironmentVariables, HooksOfASnapshotRunWithoutOneToo) {
  FunctionVersion fn;
  const RuntimeChoice runtime = {*parse_runtime_id("provided.al2023"), nullptr, true, ""};
  EnvironmentInputs inputs;
  inputs.function = &fn;
  inputs.runtime = &runtime;
  EXPECT_FALSE(function_environment(inputs).contains("_LAPWING_SNAPSHOT_HOOKS"));
  fn.snap_start = true;
  EXPECT_TRUE(function_environment(inputs).contains("_LAPWING_SNAPSHOT_HOOKS"));
  inputs.credentials_token = "opaque";
  EXPECT_FALSE(function_environment(inputs).contains("_LAPWING_SNAPSHOT_HOOKS"));
}

// Keys would be as old as the snapshot that has them in its memory.
TEST(EnvironmentVariables, WhatOutlivesItsKeysFetchesThem) {
  FunctionVersion fn;
  const RuntimeChoice runtime = {*parse_runtime_id("provided.al2023"), nullptr, true, ""};
  EnvironmentInputs inputs;
  inputs.function = &fn;
  inputs.runtime = &runtime;
  inputs.credentials = {"AKID", "SECRET", "TOKEN", {}};
  inputs.credentials_token = "opaque";
  const auto env = function_environment(inputs);
  EXPECT_EQ(env.at("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
            "http://127.0.0.1:9001/2021-04-23/credentials");
  EXPECT_EQ(env.at("AWS_CONTAINER_AUTHORIZATION_TOKEN"), "opaque");
  for (const char* key : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
    EXPECT_FALSE(env.contains(key)) << key;
  }
}

}  // namespace
}  // namespace lapwing::runtime
