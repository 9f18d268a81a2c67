// Code signing configurations through the wire, and what they let be deployed.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "hosting/metrics_text.hpp"
#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;
using testing::build_zip;
using testing::hello_zip;

constexpr const char* kPublishers =
    R"("AllowedPublishers":{"SigningProfileVersionArns":["arn:aws:signer:us-east-1:000000000000:)"
    R"(/signing-profiles/test"]})";
constexpr const char* kEnforce =
    R"("CodeSigningPolicies":{"UntrustedArtifactOnDeployment":"Enforce"})";
constexpr const char* kWarn = R"("CodeSigningPolicies":{"UntrustedArtifactOnDeployment":"Warn"})";

class CodeSigning : public ::testing::Test, public testing::Harness {
 protected:
  Answer make(std::string_view more = {}) {
    return send("CreateCodeSigningConfig", "POST", "/2020-04-22/code-signing-configs", "",
                fmt::format("{{{}{}{}}}", kPublishers, more.empty() ? "" : ",", more));
  }
  std::string made(std::string_view more = {}) {
    return make(more).at("CodeSigningConfig.CodeSigningConfigArn");
  }
  Answer config(std::string_view operation, std::string_view method, const std::string& arn,
                std::string_view body = {}) {
    return send(operation, method, "/2020-04-22/code-signing-configs/" + arn, "", body);
  }
  Answer users(const std::string& arn, std::string_view query = {}) {
    return send("ListFunctionsByCodeSigningConfig", "GET",
                "/2020-04-22/code-signing-configs/" + arn + "/functions", query);
  }
  Answer of(std::string_view operation, std::string_view method, std::string_view function,
            std::string_view body = {}) {
    return send(operation, method,
                fmt::format("/2020-06-30/functions/{}/code-signing-config", function), "", body);
  }
  Answer attach(std::string_view function, const std::string& arn) {
    return of("PutFunctionCodeSigningConfig", "PUT", function,
              fmt::format(R"({{"CodeSigningConfigArn":"{}"}})", arn));
  }
  std::string unsigned_count() const {
    hosting::MetricsText text;
    service->metrics(text);
    const std::string all = text.take();
    const std::size_t at = all.rfind("signature_validation_errors_total ");
    return at == std::string::npos ? all : all.substr(all.find(' ', at) + 1, 1);
  }
};

std::string not_signed(std::string_view name) {
  return fmt::format(
      "Lambda cannot deploy the function. The function or layer might be signed using a signature "
      "that the client is not configured to accept. Check the provided signature for {}.",
      name);
}

TEST_F(CodeSigning, LifeOfAConfiguration) {
  const Answer created = make(std::string(R"("Description":"d",)") + kEnforce);
  EXPECT_EQ(created.status, 201) << created.body;
  const std::string arn = created.at("CodeSigningConfig.CodeSigningConfigArn");
  const std::string id = created.at("CodeSigningConfig.CodeSigningConfigId");
  EXPECT_EQ(id.size(), 21u) << id;
  EXPECT_EQ(arn, "arn:aws:lambda:us-east-1:000000000000:code-signing-config:" + id);
  EXPECT_EQ(created.at("CodeSigningConfig.CodeSigningPolicies.UntrustedArtifactOnDeployment"),
            "Enforce");
  EXPECT_EQ(config("GetCodeSigningConfig", "GET", arn).body, created.body);
  const Answer same = config("UpdateCodeSigningConfig", "PUT", arn, "{}");
  EXPECT_EQ(same.at("CodeSigningConfig.Description"), "d") << same.body;
  const Answer warns = config("UpdateCodeSigningConfig", "PUT", arn, fmt::format("{{{}}}", kWarn));
  EXPECT_EQ(warns.at("CodeSigningConfig.CodeSigningPolicies.UntrustedArtifactOnDeployment"),
            "Warn");
  EXPECT_EQ(warns.at("CodeSigningConfig.AllowedPublishers.SigningProfileVersionArns.0"),
            "arn:aws:signer:us-east-1:000000000000:/signing-profiles/test");

  const std::string other = made();
  restart();
  EXPECT_EQ(config("GetCodeSigningConfig", "GET", other)
                .at("CodeSigningConfig.CodeSigningPolicies.UntrustedArtifactOnDeployment"),
            "Warn")
      << "as long as nothing is said";
  const Answer page =
      send("ListCodeSigningConfigs", "GET", "/2020-04-22/code-signing-configs", "MaxItems=1");
  const Answer rest = send("ListCodeSigningConfigs", "GET", "/2020-04-22/code-signing-configs",
                           "Marker=" + page.at("NextMarker"));
  EXPECT_FALSE(page.has("CodeSigningConfigs.1"));
  EXPECT_FALSE(rest.has("CodeSigningConfigs.1"));
  EXPECT_NE(page.at("CodeSigningConfigs.0.CodeSigningConfigArn"),
            rest.at("CodeSigningConfigs.0.CodeSigningConfigArn"));
  EXPECT_EQ(config("DeleteCodeSigningConfig", "DELETE", other).status, 204);
  EXPECT_EQ(config("GetCodeSigningConfig", "GET", other).status, 404);
}

TEST_F(CodeSigning, OfFunctions) {
  create_active("f");
  create_active("g");
  const std::string arn = made();
  EXPECT_EQ(users(arn).body, R"({"FunctionArns":[]})");
  EXPECT_EQ(of("GetFunctionCodeSigningConfig", "GET", "f").body, "{}");
  EXPECT_EQ(of("DeleteFunctionCodeSigningConfig", "DELETE", "f").status, 204);
  const std::string both =
      fmt::format(R"({{"CodeSigningConfigArn":"{}","FunctionName":"f"}})", arn);
  EXPECT_EQ(attach("f", arn).body, both);
  EXPECT_EQ(of("GetFunctionCodeSigningConfig", "GET", "f").body, both);
  EXPECT_EQ(attach("g", arn).status, 200);
  const Answer page = users(arn, "MaxItems=1");
  EXPECT_EQ(page.at("FunctionArns.0"), "arn:aws:lambda:us-east-1:000000000000:function:f");
  const Answer rest = users(arn, "MaxItems=1&Marker=" + page.at("NextMarker"));
  EXPECT_EQ(rest.at("FunctionArns.0"), "arn:aws:lambda:us-east-1:000000000000:function:g");

  const Answer used = config("DeleteCodeSigningConfig", "DELETE", arn);
  EXPECT_EQ(used.status, 409) << used.body;
  EXPECT_EQ(used.error, "ResourceConflictException");
  EXPECT_EQ(of("DeleteFunctionCodeSigningConfig", "DELETE", "f").status, 204);
  EXPECT_EQ(of("GetFunctionCodeSigningConfig", "GET", "f").body, "{}");
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/g");
  EXPECT_EQ(users(arn).body, R"({"FunctionArns":[]})");
  EXPECT_EQ(config("DeleteCodeSigningConfig", "DELETE", arn).status, 204);
}

TEST_F(CodeSigning, WhatIsNotThere) {
  create_active("f");
  const std::string arn = made();
  std::string wrong = arn;
  wrong.back() = wrong.back() == 'x' ? 'y' : 'x';
  const std::string gone = "The Lambda code signing configuration " + wrong + " can not be found.";
  const std::string gone_of_function =
      "The code signing configuration cannot be found. Check that the provided configuration is "
      "not deleted: " +
      wrong + ".";
  const std::string no_function =
      "Function not found: arn:aws:lambda:us-east-1:000000000000:function:none";
  struct Case {
    Answer answer;
    const char* error;
    std::string message;
  };
  const Case cases[] = {
      {config("GetCodeSigningConfig", "GET", wrong), "ResourceNotFoundException", gone},
      {config("DeleteCodeSigningConfig", "DELETE", wrong), "ResourceNotFoundException", gone},
      {config("UpdateCodeSigningConfig", "PUT", wrong, "{}"), "ResourceNotFoundException", gone},
      {users(wrong), "ResourceNotFoundException", gone},
      {attach("f", wrong), "CodeSigningConfigNotFoundException", gone_of_function},
      {attach("none", wrong), "CodeSigningConfigNotFoundException", gone_of_function},
      {attach("none", arn), "ResourceNotFoundException", no_function},
      {of("GetFunctionCodeSigningConfig", "GET", "none"), "ResourceNotFoundException", no_function},
      {of("DeleteFunctionCodeSigningConfig", "DELETE", "none"), "ResourceNotFoundException",
       no_function},
      {create("h", hello_zip(), R"("CodeSigningConfigArn":")" + wrong + "\""),
       "CodeSigningConfigNotFoundException", gone_of_function},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(c.answer.status, 404) << c.answer.body;
    EXPECT_EQ(c.answer.error, c.error);
    EXPECT_EQ(c.answer.message(), c.message);
    EXPECT_EQ(c.answer.has("Type"), c.message != gone);
  }
  // Another account's is not there either.
  caller.account = AccountId("111111111111");
  EXPECT_EQ(config("GetCodeSigningConfig", "GET", arn).status, 404);
}

// Nobody signs here, so every package is unsigned.
TEST_F(CodeSigning, EnforcedItLetsNothingIn) {
  const std::string arn = made(kEnforce);
  const std::string with = R"("CodeSigningConfigArn":")" + arn + "\"";
  const Answer refused = create("f", hello_zip(), with);
  EXPECT_EQ(refused.status, 400) << refused.body;
  EXPECT_EQ(refused.error, "CodeVerificationFailedException");
  EXPECT_EQ(refused.message(), not_signed("f"));
  EXPECT_EQ(get("f").status, 404);
  EXPECT_EQ(users(arn).body, R"({"FunctionArns":[]})");

  create_active("f");
  EXPECT_EQ(attach("f", arn).status, 200);
  const std::string before = get("f").at("Configuration.CodeSha256");
  for (const char* more : {"", R"("DryRun":true)"}) {
    const Answer update = put_code("f", hello_zip("x = 1"), more);
    EXPECT_EQ(update.error, "CodeVerificationFailedException") << update.body;
  }
  publish_layer("l", build_zip({{.name = "x", .content = "x"}}));
  const Answer layered =
      put_configuration("f", R"({"Layers":["arn:aws:lambda:us-east-1:000000000000:layer:l:1"]})");
  EXPECT_EQ(layered.error, "CodeVerificationFailedException") << layered.body;
  EXPECT_EQ(get("f").at("Configuration.CodeSha256"), before);
  // What deploys nothing goes on.
  EXPECT_EQ(put_configuration("f", R"({"Timeout":9})").status, 200);
  executor.run_all();
  EXPECT_EQ(of("DeleteFunctionCodeSigningConfig", "DELETE", "f").status, 204);
  EXPECT_EQ(put_code("f", hello_zip("x = 1")).status, 200);
  EXPECT_EQ(unsigned_count(), "0");
}

TEST_F(CodeSigning, WarningItCounts) {
  const std::string arn = made(kWarn);
  const Answer created = create("f", hello_zip(), R"("CodeSigningConfigArn":")" + arn + "\"");
  EXPECT_EQ(created.status, 201) << created.body;
  EXPECT_EQ(unsigned_count(), "1");
  EXPECT_NE(log.text().find("without a signature"), std::string::npos);
  executor.run_all();
  EXPECT_EQ(users(arn).at("FunctionArns.0"), "arn:aws:lambda:us-east-1:000000000000:function:f");
  EXPECT_EQ(put_code("f", hello_zip("x = 1")).status, 200);
  executor.run_all();
  EXPECT_EQ(unsigned_count(), "2");
  EXPECT_EQ(put_configuration("f", R"({"Timeout":9})").status, 200);
  executor.run_all();
  EXPECT_EQ(unsigned_count(), "2");
  // It enforces from the next deployment on.
  config("UpdateCodeSigningConfig", "PUT", arn, fmt::format("{{{}}}", kEnforce));
  EXPECT_EQ(put_code("f", hello_zip("x = 2")).error, "CodeVerificationFailedException");
  EXPECT_TRUE(resolve("f"));
}

TEST_F(CodeSigning, TagsAreRefusedByName) {
  const Answer answer = make(R"("Tags":{"k":"v"})");
  EXPECT_EQ(answer.status, 501);
  EXPECT_NE(answer.message().find("Tags"), std::string::npos) << answer.message();
}

}  // namespace
}  // namespace lapwing::lambda
