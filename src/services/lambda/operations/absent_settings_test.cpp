// What deployment tools read back after a deployment, of functions that have none of it.
#include "services/lambda/operations/absent_settings.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;

const std::string kArn = "arn:aws:lambda:us-east-1:000000000000:function:";

class AbsentSettings : public ::testing::Test, public testing::Harness {};

struct Case {
  const char* operation;
  const char* path;  // with the function's name for {}
  const char* query;
  // Of a function that is there, and of one that is not. Bodies of errors are their messages,
  // with its ARN for {}.
  int status;
  const char* body;
  const char* missing;  // "" where it makes no difference
};

constexpr const char* kNoResource = "The resource you requested does not exist.";
constexpr const char* kNoFunction = "Function not found: {}";

const Case kCases[] = {
    {"GetPolicy", "/2015-03-31/functions/{}/policy", "", 404, kNoResource, ""},
    {"GetPolicy", "/2015-03-31/functions/{}/policy", "Qualifier=1", 404, kNoResource, ""},
    {"GetFunctionUrlConfig", "/2021-10-31/functions/{}/url", "", 404, kNoResource, ""},
    {"ListFunctionUrlConfigs", "/2021-10-31/functions/{}/urls", "", 200,
     R"({"FunctionUrlConfigs":[]})", "Function does not exist"},
    {"GetFunctionEventInvokeConfig", "/2019-09-25/functions/{}/event-invoke-config", "", 404,
     "The function {}:$LATEST doesn't have an EventInvokeConfig", ""},
    {"GetFunctionEventInvokeConfig", "/2019-09-25/functions/{}/event-invoke-config",
     "Qualifier=live", 404, "The function {}:live doesn't have an EventInvokeConfig", ""},
    {"ListFunctionEventInvokeConfigs", "/2019-09-25/functions/{}/event-invoke-config/list", "", 200,
     R"({"FunctionEventInvokeConfigs":[]})", "The function doesn't exist."},
    {"ListEventSourceMappings", "/2015-03-31/event-source-mappings", "FunctionName={}", 200,
     R"({"EventSourceMappings":[]})", kNoFunction},
    {"ListEventSourceMappings", "/2015-03-31/event-source-mappings", "", 200,
     R"({"EventSourceMappings":[]})", ""},
    {"GetEventSourceMapping",
     "/2015-03-31/event-source-mappings/3f2504e0-4f89-41d3-9a0c-0305e82c3301", "", 404, kNoResource,
     ""},
    {"GetFunctionCodeSigningConfig", "/2020-06-30/functions/{}/code-signing-config", "", 200, "{}",
     kNoFunction},
    {"GetFunctionRecursionConfig", "/2024-08-31/functions/{}/recursion-config", "", 200,
     R"({"RecursiveLoop":"Terminate"})", kNoFunction},
    {"GetRuntimeManagementConfig", "/2021-07-20/functions/{}/runtime-management-config", "", 200,
     R"({"FunctionArn":"{}:$LATEST","UpdateRuntimeOn":"Auto"})", kNoFunction},
    {"GetFunctionScalingConfig", "/2025-11-30/functions/{}/function-scaling-config", "Qualifier=1",
     200, R"({"FunctionArn":"{}:1"})", "Function not found: {}:1"},
    {"ListDurableExecutionsByFunction", "/2025-12-01/functions/{}/durable-executions", "", 200,
     R"({"DurableExecutions":[]})", kNoFunction},
    {"ListCodeSigningConfigs", "/2020-04-22/code-signing-configs", "", 200,
     R"({"CodeSigningConfigs":[]})", ""},
    {"ListCapacityProviders", "/2025-11-30/capacity-providers", "", 200,
     R"({"CapacityProviders":[]})", ""},
    {"GetCapacityProvider", "/2025-11-30/capacity-providers/c", "", 404,
     "Capacity provider not found: arn:aws:lambda:us-east-1:000000000000:capacity-provider:c", ""},
};

std::string with(std::string text, const std::string& value) {
  if (const std::size_t at = text.find("{}"); at != std::string::npos && text != "{}") {
    text.replace(at, 2, value);
  }
  return text;
}

TEST_F(AbsentSettings, OfAFunctionThatHasNone) {
  create_active("f");
  publish("f");
  for (const Case& c : kCases) {
    const Answer answer = send(c.operation, "GET", with(c.path, "f"), with(c.query, "f"));
    EXPECT_EQ(answer.status, c.status) << c.operation << answer.body;
    const std::string wanted = with(c.body, kArn + "f");
    EXPECT_EQ(c.status == 200 ? answer.body : answer.message(), wanted) << c.operation;
    if (c.status != 200) EXPECT_EQ(answer.error, "ResourceNotFoundException") << c.operation;
  }
}

TEST_F(AbsentSettings, OfAFunctionThatIsNotThere) {
  for (const Case& c : kCases) {
    const Answer answer = send(c.operation, "GET", with(c.path, "none"), with(c.query, "none"));
    const bool same = std::string_view(c.missing).empty();
    EXPECT_EQ(answer.status, same ? c.status : 404) << c.operation << answer.body;
    const std::string wanted = with(same ? c.body : c.missing, kArn + "none");
    EXPECT_EQ(answer.status == 200 ? answer.body : answer.message(), wanted) << c.operation;
  }
}

TEST_F(AbsentSettings, CodeSigningConfigurationsAreNotThere) {
  const std::string arn =
      "arn:aws:lambda:us-east-1:000000000000:code-signing-config:csc-0123456789abcdef0";
  for (const char* more : {"", "/functions"}) {
    const Answer answer =
        send(*more == '\0' ? "GetCodeSigningConfig" : "ListFunctionsByCodeSigningConfig", "GET",
             fmt::format("/2020-04-22/code-signing-configs/{}{}", arn, more));
    EXPECT_EQ(answer.status, 404);
    EXPECT_EQ(answer.message(),
              fmt::format("The Lambda code signing configuration {} can not be found.", arn));
    EXPECT_FALSE(answer.has("Type"));
  }
}

TEST_F(AbsentSettings, OtherRegionsAndQualifiersThatDiffer) {
  const Answer region =
      send("GetPolicy", "GET",
           "/2015-03-31/functions/arn:aws:lambda:eu-west-1:000000000000:function:f/policy");
  EXPECT_EQ(region.message(),
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')");
  const Answer qualifier =
      send("GetFunctionUrlConfig", "GET", "/2021-10-31/functions/f:a/url", "Qualifier=b");
  EXPECT_EQ(qualifier.status, 400);
}

TEST_F(AbsentSettings, SettingThemIsNotBuilt) {
  create_active("f");
  const Answer url = send("CreateFunctionUrlConfig", "POST", "/2021-10-31/functions/f/url", "",
                          R"({"AuthType":"NONE"})");
  EXPECT_EQ(url.status, 501);
}

}  // namespace
}  // namespace lapwing::lambda
