// SnapStart through the wire: what is refused, and how a version gets its snapshot.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"
#include "text/base64.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;
using Kind = runtime::SnapshotResult::Kind;

constexpr std::string_view kOn =
    R"({"Runtime":"python3.12","SnapStart":{"ApplyOn":"PublishedVersions"}})";

class SnapStart : public ::testing::Test, public testing::Harness {
 protected:
  // With SnapStart from here on.
  void have_function() {
    create_active("f");
    const Answer changed = put_configuration("f", kOn);
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(changed.at("SnapStart.ApplyOn"), "PublishedVersions");
    EXPECT_EQ(changed.at("SnapStart.OptimizationStatus"), "Off");
    executor.run_all();
    EXPECT_TRUE(snapshots.asked.empty());  // $LATEST has none
  }
  // One version whose snapshot has been asked for.
  Answer publish_one() {
    Answer made = publish("f");
    EXPECT_EQ(made.status, 201) << made.body;
    executor.run_all();
    EXPECT_EQ(snapshots.asked.size(), 1u);
    return made;
  }
  void answer(Kind kind, std::string code = {}, std::string text = {}) {
    snapshots.answer(kind, std::move(code), std::move(text));
    executor.run_all();
  }
};

TEST_F(SnapStart, AVersionWaitsForItsSnapshot) {
  have_function();
  const Answer made = publish_one();
  EXPECT_EQ(made.at("State"), "Pending");
  EXPECT_EQ(made.at("StateReasonCode"), "Creating");
  EXPECT_EQ(made.at("SnapStart.OptimizationStatus"), "Off");
  EXPECT_EQ(get_configuration("f", "1").at("State"), "Pending");
  EXPECT_FALSE(resolve("f", "1"));
  EXPECT_TRUE(resolve("f"));
  const runtime::FunctionVersionPtr asked = snapshots.asked.front().version;
  EXPECT_EQ(asked->version, "1");
  EXPECT_TRUE(asked->snap_start);
  EXPECT_FALSE((*resolve("f"))->snap_start);
  EXPECT_FALSE(asked->code_dir.empty());

  answer(Kind::kTaken);
  const Answer now = get_configuration("f", "1");
  EXPECT_EQ(now.at("State"), "Active");
  EXPECT_EQ(now.at("LastUpdateStatus"), "Successful");
  EXPECT_EQ(now.at("SnapStart.ApplyOn"), "PublishedVersions");
  EXPECT_EQ(now.at("SnapStart.OptimizationStatus"), "On");
  ASSERT_TRUE(resolve("f", "1"));
  // What was asked for and what is invoked are one to the keeper of snapshots.
  EXPECT_EQ((*resolve("f", "1"))->revision_id, asked->revision_id);
  EXPECT_EQ(get("f").at("Configuration.SnapStart.OptimizationStatus"), "Off");
}

TEST_F(SnapStart, AFailedInitialisationFailsTheVersion) {
  have_function();
  publish_one();
  answer(Kind::kInitFailed, "FunctionError.InitTimeout", "The initialization timed out.");
  const Answer now = get_configuration("f", "1");
  EXPECT_EQ(now.at("State"), "Failed");
  EXPECT_EQ(now.at("StateReasonCode"), "FunctionError.InitTimeout");
  EXPECT_EQ(now.at("StateReason"), "The initialization timed out.");
  EXPECT_EQ(now.at("SnapStart.OptimizationStatus"), "Off");
  EXPECT_FALSE(resolve("f", "1"));
}

TEST_F(SnapStart, WithoutASnapshotTheVersionWorksAllTheSame) {
  have_function();
  for (const Kind kind : {Kind::kUnfit, Kind::kPlatform}) {
    put_configuration("f", fmt::format(R"({{"Timeout":{}}})", 10 + static_cast<int>(kind)));
    executor.run_all();
    const Answer made = publish_one();
    answer(kind, "", "threads");
    const Answer now = get_configuration("f", made.at("Version"));
    EXPECT_EQ(now.at("State"), "Active");
    EXPECT_EQ(now.at("SnapStart.OptimizationStatus"), "Off");
    EXPECT_TRUE(resolve("f", made.at("Version")));
  }
}

TEST_F(SnapStart, CreatedAndPublishedAtOnce) {
  const Answer made = send(
      "CreateFunction", "POST", "/2015-03-31/functions", "",
      fmt::format(R"({{"FunctionName":"f","Runtime":"python3.13","Handler":"f.h","Publish":true,)"
                  R"("SnapStart":{{"ApplyOn":"PublishedVersions"}},)"
                  R"("Role":"arn:aws:iam::000000000000:role/r","Code":{{"ZipFile":"{}"}}}})",
                  text::base64_encode(testing::hello_zip())));
  EXPECT_EQ(made.status, 201) << made.body;
  executor.run_all();
  EXPECT_TRUE(resolve("f"));
  ASSERT_EQ(snapshots.asked.size(), 1u);
  answer(Kind::kTaken);
  EXPECT_EQ(get_configuration("f", "1").at("SnapStart.OptimizationStatus"), "On");
}

TEST_F(SnapStart, ARestartTakesUpWhatWasUnderWayAndTakesTheRestAnew) {
  have_function();
  publish_one();
  restart();
  executor.run_all();
  ASSERT_EQ(snapshots.asked.size(), 1u);  // the version was still Pending
  answer(Kind::kTaken);
  EXPECT_EQ(get_configuration("f", "1").at("State"), "Active");

  restart();
  executor.run_all();
  ASSERT_EQ(snapshots.asked.size(), 1u);
  EXPECT_TRUE(resolve("f", "1"));  // meanwhile it starts without
  answer(Kind::kInitFailed, "FunctionError", "no more");
  EXPECT_EQ(get_configuration("f", "1").at("State"), "Active");
  EXPECT_EQ(get_configuration("f", "1").at("SnapStart.OptimizationStatus"), "Off");
  restart();
  executor.run_all();
  answer(Kind::kTaken);
  EXPECT_EQ(get_configuration("f", "1").at("SnapStart.OptimizationStatus"), "On");
}

TEST_F(SnapStart, AVersionDeletedMeanwhileLeavesNoSnapshot) {
  have_function();
  publish_one();
  EXPECT_EQ(send("DeleteFunction", "DELETE", "/2015-03-31/functions/f").status, 204);
  answer(Kind::kTaken);
  EXPECT_EQ(snapshots.dropped,
            std::vector<std::string>{"arn:aws:lambda:us-east-1:000000000000:function:f:1"});
}

TEST_F(SnapStart, SwitchedOffItMakesAnotherVersion) {
  have_function();
  publish_one();
  answer(Kind::kTaken);
  put_configuration("f", R"({"SnapStart":{"ApplyOn":"None"}})");
  executor.run_all();
  const Answer two = publish("f");
  EXPECT_EQ(two.at("Version"), "2");
  EXPECT_EQ(two.at("State"), "Active");
  EXPECT_EQ(two.at("SnapStart.ApplyOn"), "None");
  executor.run_all();
  EXPECT_TRUE(snapshots.asked.empty());
  EXPECT_EQ(get_configuration("f", "1").at("SnapStart.ApplyOn"), "PublishedVersions");
}

TEST_F(SnapStart, RuntimesThatCannotAreRefused) {
  create_active("f");
  for (const char* name : {"python3.11", "nodejs22.x", "java8.al2", "ruby3.3", "provided.al2023"}) {
    const Answer refused = put_configuration(
        "f",
        fmt::format(R"({{"Runtime":"{}","SnapStart":{{"ApplyOn":"PublishedVersions"}}}})", name));
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.error, "InvalidParameterValueException");
    EXPECT_EQ(refused.message(),
              fmt::format("{} is not supported for SnapStart enabled functions.", name));
  }
  EXPECT_EQ(get("f").at("Configuration.SnapStart.ApplyOn"), "None");
  // Nor may a function with SnapStart change to one.
  EXPECT_EQ(put_configuration("f", kOn).status, 200);
  executor.run_all();
  EXPECT_EQ(put_configuration("f", R"({"Runtime":"nodejs22.x"})").status, 400);
}

// AWS takes them, so it is not their request that is wrong.
TEST_F(SnapStart, WhatIsNotBuiltSaysSo) {
  create_active("f");
  for (const char* name : {"java11", "java17", "java21", "java25"}) {
    const Answer refused = put_configuration(
        "f",
        fmt::format(R"({{"Runtime":"{}","SnapStart":{{"ApplyOn":"PublishedVersions"}}}})", name));
    EXPECT_EQ(refused.status, 501);
    EXPECT_EQ(refused.error, "NotImplemented");
    EXPECT_EQ(
        refused.message(),
        fmt::format("Lapwing does not support the parameter SnapStart of lambda "
                    "UpdateFunctionConfiguration: it is built for Python from 3.12, not yet for {}",
                    name));
  }
  EXPECT_EQ(get("f").at("Configuration.SnapStart.ApplyOn"), "None");
}

TEST_F(SnapStart, ImagesAreNotBuilt) {
  const Answer refused =
      send("CreateFunction", "POST", "/2015-03-31/functions", "",
           R"({"FunctionName":"f","PackageType":"Image","Code":{"ImageUri":"localhost:1/a:b"},)"
           R"("Role":"arn:aws:iam::000000000000:role/r",)"
           R"("SnapStart":{"ApplyOn":"PublishedVersions"}})");
  EXPECT_EQ(refused.status, 501);
  EXPECT_EQ(refused.message(),
            "Lapwing does not support the parameter SnapStart of lambda CreateFunction: it is "
            "built for Python from 3.12, not yet for container images");
}

TEST_F(SnapStart, MoreThan512MegabytesOfStorageAreRefused) {
  have_function();
  const Answer refused = put_configuration("f", R"({"EphemeralStorage":{"Size":513}})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.error, "InvalidParameterValueException");
  EXPECT_EQ(put_configuration("f", R"({"EphemeralStorage":{"Size":512}})").status, 200);
}

TEST_F(SnapStart, ProvisionedConcurrencyIsRefused) {
  have_function();
  publish_one();
  answer(Kind::kTaken);
  EXPECT_EQ(put_alias("f", "live", "1").status, 201);
  for (const char* qualifier : {"1", "live"}) {
    const Answer refused = send(
        "PutProvisionedConcurrencyConfig", "PUT", "/2019-09-30/functions/f/provisioned-concurrency",
        fmt::format("Qualifier={}", qualifier), R"({"ProvisionedConcurrentExecutions":1})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_EQ(refused.error, "InvalidParameterValueException");
    EXPECT_EQ(refused.message(),
              "Provisioned Concurrency Configs cannot be applied to SnapStart enabled function "
              "versions.");
  }
}

}  // namespace
}  // namespace lapwing::lambda
