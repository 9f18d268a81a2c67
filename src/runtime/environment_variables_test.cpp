#include "runtime/environment_variables.hpp"

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
            "/var/task/vendor/bundle/ruby/3.1.0:/opt/ruby/gems/3.1.0");
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
