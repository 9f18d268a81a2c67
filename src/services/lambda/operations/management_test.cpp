// Runtime management, recursion and scaling of functions through the wire.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;

const std::string kArn = "arn:aws:lambda:us-east-1:000000000000:function:f";

class Management : public ::testing::Test, public testing::Harness {
 protected:
  void SetUp() override {
    create_active("f");
    publish("f");
  }
  Answer manage(std::string_view function, std::string_view body, std::string_view query = {}) {
    return send("PutRuntimeManagementConfig", "PUT",
                fmt::format("/2021-07-20/functions/{}/runtime-management-config", function), query,
                body);
  }
  Answer managed(std::string_view function, std::string_view query = {}) {
    return send("GetRuntimeManagementConfig", "GET",
                fmt::format("/2021-07-20/functions/{}/runtime-management-config", function), query);
  }
  Answer loop(std::string_view function, std::string_view how) {
    return send("PutFunctionRecursionConfig", "PUT",
                fmt::format("/2024-08-31/functions/{}/recursion-config", function), "",
                fmt::format(R"({{"RecursiveLoop":"{}"}})", how));
  }
  Answer loops(std::string_view function) {
    return send("GetFunctionRecursionConfig", "GET",
                fmt::format("/2024-08-31/functions/{}/recursion-config", function));
  }
};

TEST_F(Management, OfRuntimes) {
  EXPECT_EQ(managed("f").body,
            fmt::format(R"({{"FunctionArn":"{}:$LATEST","UpdateRuntimeOn":"Auto"}})", kArn));
  const std::string version = get("f").at("Configuration.RuntimeVersionConfig.RuntimeVersionArn");
  const std::string before = get("f").at("Configuration.RevisionId");
  const Answer manual = manage(
      "f", fmt::format(R"({{"UpdateRuntimeOn":"Manual","RuntimeVersionArn":"{}"}})", version));
  EXPECT_EQ(manual.body, fmt::format(R"({{"FunctionArn":"{}:$LATEST","RuntimeVersionArn":"{}",)"
                                     R"("UpdateRuntimeOn":"Manual"}})",
                                     kArn, version));
  EXPECT_NE(get("f").at("Configuration.RevisionId"), before);
  restart();
  EXPECT_EQ(managed("f").body, manual.body);
  // Each version has its own.
  EXPECT_EQ(managed("f", "Qualifier=1").at("UpdateRuntimeOn"), "Auto");
  EXPECT_EQ(manage("f", R"({"UpdateRuntimeOn":"FunctionUpdate"})", "Qualifier=1").at("FunctionArn"),
            kArn + ":1");
  EXPECT_EQ(managed("f", "Qualifier=1").at("UpdateRuntimeOn"), "FunctionUpdate");

  // The runtime is not changed while its version is fixed.
  const Answer fixed = put_configuration("f", R"({"Runtime":"python3.9"})");
  EXPECT_EQ(fixed.error, "InvalidParameterValueException");
  EXPECT_EQ(fixed.message(),
            "Cannot change runtime identifier when runtime management configuration is set to "
            "'Manual'. Change the runtime management configuration to 'Auto' or 'FunctionUpdate', "
            "then retry.");
  EXPECT_EQ(put_configuration("f", R"({"Runtime":"python3.8","Timeout":5})").status, 200);
  executor.run_all();
  EXPECT_EQ(manage("f", R"({"UpdateRuntimeOn":"Auto"})").status, 200);
  EXPECT_EQ(put_configuration("f", R"({"Runtime":"python3.9"})").status, 200);
}

TEST_F(Management, OfRuntimesRefused) {
  struct Case {
    const char* function;
    const char* body;
    int status;
    std::string message;
  };
  const std::string unknown =
      "arn:aws:lambda:us-east-1::runtime:"
      "0000000000000000000000000000000000000000000000000000000000000000";
  const std::string with_unknown =
      R"({"UpdateRuntimeOn":"Manual","RuntimeVersionArn":")" + unknown + "\"}";
  const Case cases[] = {
      {"f", R"({"UpdateRuntimeOn":"Manual"})", 400,
       "RuntimeVersionArn is needed where UpdateRuntimeOn is Manual."},
      {"f", with_unknown.c_str(), 400,
       "The runtime version " + unknown + " is not one of the function's runtime."},
      {"f", R"({"UpdateRuntimeOn":"Never"})", 400,
       "1 validation error detected: Value 'Never' at 'updateRuntimeOn' failed to satisfy "
       "constraint: Member must satisfy enum value set: [Auto, Manual, FunctionUpdate]"},
      {"none", R"({"UpdateRuntimeOn":"Auto"})", 404,
       "Function not found: arn:aws:lambda:us-east-1:000000000000:function:none"},
  };
  for (const Case& c : cases) {
    const Answer answer = manage(c.function, c.body);
    EXPECT_EQ(answer.status, c.status) << answer.body;
    EXPECT_EQ(answer.message(), c.message);
  }
  EXPECT_EQ(managed("f").at("UpdateRuntimeOn"), "Auto");
}

TEST_F(Management, OfLoops) {
  const FunctionKey key{caller.account, caller.region, FunctionName("f")};
  EXPECT_EQ(loops("f").body, R"({"RecursiveLoop":"Terminate"})");
  EXPECT_FALSE(service->attachments().loop_allowed(key));
  EXPECT_EQ(loop("f", "Allow").body, R"({"RecursiveLoop":"Allow"})");
  EXPECT_TRUE(service->attachments().loop_allowed(key));
  restart();
  EXPECT_EQ(loops("f").body, R"({"RecursiveLoop":"Allow"})");
  EXPECT_EQ(loop("f", "Terminate").status, 200);
  EXPECT_FALSE(service->attachments().loop_allowed(key));
  EXPECT_EQ(service->attachments().of(key), nullptr) << "nothing is left behind";
  EXPECT_EQ(loop("f", "InvalidValue").error, "ValidationException");
  EXPECT_EQ(loop("none", "Allow").status, 404);
  EXPECT_EQ(loops("none").status, 404);
}

TEST_F(Management, OnlyManagedInstancesScale) {
  const auto scale = [&](std::string_view function, std::string_view qualifier) {
    return send("PutFunctionScalingConfig", "PUT",
                fmt::format("/2025-11-30/functions/{}/function-scaling-config", function),
                fmt::format("Qualifier={}", qualifier),
                R"({"FunctionScalingConfig":{"MinExecutionEnvironments":1}})");
  };
  const Answer refused = scale("f", "1");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.error, "AccessDeniedException");
  EXPECT_EQ(refused.message(),
            "The function provided by the arn does not contain a capacity provider configuration");
  EXPECT_EQ(scale("f", "7").status, 404);
}

}  // namespace
}  // namespace lapwing::lambda
