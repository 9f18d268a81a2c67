// Reserved and provisioned concurrency through the wire, and what the engine is told.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;
using Trouble = engine::ProvisionState::Trouble;

const std::string kArn = "arn:aws:lambda:us-east-1:000000000000:function:f";

class ConcurrencyTest : public ::testing::Test, public testing::Harness {
 protected:
  ConcurrencyTest() { create_active("f"); }
  Answer reserve(int n, std::string_view name = "f") {
    return send("PutFunctionConcurrency", "PUT",
                fmt::format("/2017-10-31/functions/{}/concurrency", name), "",
                fmt::format(R"({{"ReservedConcurrentExecutions":{}}})", n));
  }
  Answer reserved(std::string_view name = "f") {
    return send("GetFunctionConcurrency", "GET",
                fmt::format("/2019-09-30/functions/{}/concurrency", name));
  }
  Answer unreserve() {
    return send("DeleteFunctionConcurrency", "DELETE", "/2017-10-31/functions/f/concurrency");
  }
  Answer provisioned(std::string_view operation, std::string_view method,
                     std::string_view qualifier, std::string_view body = {}) {
    return send(operation, method, "/2019-09-30/functions/f/provisioned-concurrency",
                fmt::format("Qualifier={}", qualifier), body);
  }
  Answer provision(std::string_view qualifier, int n) {
    return provisioned("PutProvisionedConcurrencyConfig", "PUT", qualifier,
                       fmt::format(R"({{"ProvisionedConcurrentExecutions":{}}})", n));
  }
  Answer config(std::string_view qualifier) {
    return provisioned("GetProvisionedConcurrencyConfig", "GET", qualifier);
  }
  Answer unprovision(std::string_view qualifier) {
    return provisioned("DeleteProvisionedConcurrencyConfig", "DELETE", qualifier);
  }
  Answer list(std::string_view query = {}) {
    return send("ListProvisionedConcurrencyConfigs", "GET",
                "/2019-09-30/functions/f/provisioned-concurrency",
                fmt::format("List=ALL{}", query));
  }
  std::string unreserved() {
    return send("GetAccountSettings", "GET", "/2016-08-19/account-settings")
        .at("AccountLimit.UnreservedConcurrentExecutions");
  }
  // A new version of f that differs from the one before.
  void publish_another() {
    EXPECT_EQ(put_configuration("f", fmt::format(R"({{"Timeout":{}}})", ++timeout_)).status, 200);
    executor.run_all();
    EXPECT_EQ(publish("f").status, 201);
  }
  std::optional<std::uint32_t> planned_reservation() { return scaling.plans[kArn].reserved; }

  int timeout_ = 10;
};

TEST_F(ConcurrencyTest, AReservationIsKeptShownAndTaken) {
  EXPECT_EQ(reserved().body, "{}");
  EXPECT_EQ(unreserved(), "1000");
  const Answer put = reserve(100);
  EXPECT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.at("ReservedConcurrentExecutions"), "100");
  EXPECT_EQ(reserved().at("ReservedConcurrentExecutions"), "100");
  EXPECT_EQ(get("f").at("Concurrency.ReservedConcurrentExecutions"), "100");
  EXPECT_EQ(unreserved(), "900");
  EXPECT_EQ(scaling.unreserved, 900u);
  EXPECT_EQ(planned_reservation(), 100u);

  EXPECT_EQ(unreserve().status, 204);
  EXPECT_EQ(reserved().body, "{}");
  EXPECT_FALSE(get("f").has("Concurrency"));
  EXPECT_EQ(scaling.unreserved, 1000u);
  EXPECT_EQ(planned_reservation(), std::nullopt);
  EXPECT_EQ(unreserve().status, 204) << "nothing to delete is deleted";
}

TEST_F(ConcurrencyTest, ZeroIsAReservation) {
  EXPECT_EQ(reserve(0).at("ReservedConcurrentExecutions"), "0");
  EXPECT_EQ(reserved().at("ReservedConcurrentExecutions"), "0");
  EXPECT_EQ(get("f").at("Concurrency.ReservedConcurrentExecutions"), "0");
  EXPECT_EQ(planned_reservation(), 0u);
}

TEST_F(ConcurrencyTest, AHundredStayForTheOthers) {
  EXPECT_EQ(reserve(900).status, 200);
  EXPECT_EQ(reserve(900).status, 200) << "its own reservation does not count against it";
  const Answer more = reserve(901);
  EXPECT_EQ(more.error, "InvalidParameterValueException");
  EXPECT_EQ(more.message(),
            "Specified ReservedConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [100].");
  create_active("g");
  EXPECT_EQ(reserve(1, "g").error, "InvalidParameterValueException");
  EXPECT_EQ(reserve(0, "g").status, 200);
}

TEST_F(ConcurrencyTest, OnlyFunctionsThatAreThereAsAWhole) {
  EXPECT_EQ(reserve(1, "none").message(),
            "Function not found: arn:aws:lambda:us-east-1:000000000000:function:none:$LATEST");
  EXPECT_EQ(reserved("none").error, "ResourceNotFoundException");
  reserve(7);
  const std::string functions_only =
      "This operation is permitted on Lambda functions only. Aliases and versions do not support "
      "this operation. Please specify either a function name or an unqualified function ARN.";
  for (const std::string name : {"f:1", "f:live", "f:$LATEST", "f:%24LATEST"}) {
    const Answer answers[] = {reserve(0, name), reserved(name),
                              send("DeleteFunctionConcurrency", "DELETE",
                                   fmt::format("/2017-10-31/functions/{}/concurrency", name))};
    for (const Answer& answer : answers) {
      EXPECT_EQ(answer.status, 400) << name;
      EXPECT_EQ(answer.error, "InvalidParameterValueException") << name;
      EXPECT_EQ(answer.message(), functions_only) << name;
    }
  }
  EXPECT_EQ(planned_reservation(), 7u) << "nothing has changed";
  EXPECT_EQ(reserve(-1).error, "ValidationException");
}

TEST_F(ConcurrencyTest, ARestartTellsTheEngineAgain) {
  publish("f");
  EXPECT_EQ(reserve(50).status, 200);
  EXPECT_EQ(provision("1", 5).status, 202);
  scaling = {};
  restart();
  EXPECT_EQ(planned_reservation(), 50u);
  EXPECT_EQ(scaling.orders("f"), "1=5");
  EXPECT_EQ(scaling.unreserved, 950u);
}

TEST_F(ConcurrencyTest, DeletingTheFunctionDeletesItsSettings) {
  publish("f");
  reserve(50);
  provision("1", 5);
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/f");
  EXPECT_EQ(unreserved(), "1000");
  EXPECT_TRUE(scaling.plans[kArn].empty());
  create_active("f");
  EXPECT_EQ(reserved().body, "{}");
}

TEST_F(ConcurrencyTest, AProvisionedVersionGoesFromInProgressToReady) {
  publish("f");
  clock.step_wall(std::chrono::milliseconds(42));
  const Answer put = provision("1", 5);
  EXPECT_EQ(put.status, 202) << put.body;
  EXPECT_EQ(put.at("Status"), "IN_PROGRESS");
  EXPECT_EQ(put.at("RequestedProvisionedConcurrentExecutions"), "5");
  EXPECT_EQ(put.at("AllocatedProvisionedConcurrentExecutions"), "0");
  EXPECT_EQ(put.at("AvailableProvisionedConcurrentExecutions"), "0");
  EXPECT_EQ(put.at("LastModified"), "2023-11-14T22:13:20.042+0000");
  EXPECT_EQ(scaling.orders("f"), "1=5");
  EXPECT_EQ(unreserved(), "995");

  EXPECT_EQ(config("1").at("Status"), "IN_PROGRESS");
  scaling.states[kArn + ":1"] = {.wanted = 5, .ready = 3, .trouble = Trouble::kNone};
  EXPECT_EQ(config("1").at("AvailableProvisionedConcurrentExecutions"), "3");
  scaling.states[kArn + ":1"].ready = 5;
  const Answer ready = config("1");
  EXPECT_EQ(ready.at("Status"), "READY");
  EXPECT_EQ(ready.at("AllocatedProvisionedConcurrentExecutions"), "5");
  EXPECT_FALSE(ready.has("StatusReason"));
  scaling.states[kArn + ":1"] = {.wanted = 5, .ready = 0, .trouble = Trouble::kInitFailed};
  EXPECT_EQ(config("1").at("Status"), "FAILED");
  EXPECT_EQ(config("1").at("StatusReason"), "FUNCTION_ERROR_INIT_FAILURE");

  EXPECT_EQ(unprovision("1").status, 204);
  EXPECT_EQ(scaling.orders("f"), "");
  const Answer none = config("1");
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.error, "ProvisionedConcurrencyConfigNotFoundException");
  EXPECT_EQ(none.message(), "No Provisioned Concurrency Config found for this function");
}

TEST_F(ConcurrencyTest, AliasesAreFollowedAndWeightsDivide) {
  publish("f");
  publish_another();
  put_alias("f", "live", "1");
  EXPECT_EQ(provision("live", 10).status, 202);
  EXPECT_EQ(scaling.orders("f"), "1=10");
  send("UpdateAlias", "PUT", "/2015-03-31/functions/f/aliases/live", "",
       R"({"FunctionVersion":"2"})");
  EXPECT_EQ(scaling.orders("f"), "2=10");
  send("UpdateAlias", "PUT", "/2015-03-31/functions/f/aliases/live", "",
       R"({"RoutingConfig":{"AdditionalVersionWeights":{"1":0.2}}})");
  EXPECT_EQ(scaling.orders("f"), "1=2 2=8");
  scaling.states[kArn + ":1"] = {.wanted = 2, .ready = 2, .trouble = Trouble::kNone};
  scaling.states[kArn + ":2"] = {.wanted = 8, .ready = 7, .trouble = Trouble::kNone};
  EXPECT_EQ(config("live").at("AvailableProvisionedConcurrentExecutions"), "9");
  send("DeleteAlias", "DELETE", "/2015-03-31/functions/f/aliases/live");
  EXPECT_EQ(scaling.orders("f"), "");
  EXPECT_EQ(unreserved(), "1000");
}

TEST_F(ConcurrencyTest, AVersionIsProvisionedOnceOnly) {
  publish("f");
  put_alias("f", "live", "1");
  provision("1", 1);
  const Answer alias = provision("live", 1);
  EXPECT_EQ(alias.error, "ResourceConflictException");
  EXPECT_EQ(alias.message(),
            "Alias can't be used for Provisioned Concurrency configuration on an already "
            "Provisioned version");
  EXPECT_EQ(provision("1", 2).status, 202) << "a new number for the same one";
  unprovision("1");
  provision("live", 1);
  const Answer version = provision("1", 1);
  EXPECT_EQ(version.error, "ResourceConflictException");
  EXPECT_EQ(version.message(), "Version is pointed by a Provisioned Concurrency alias");
}

TEST_F(ConcurrencyTest, WhatCannotBeProvisioned) {
  publish("f");
  EXPECT_EQ(provision("$LATEST", 1).message(),
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.");
  EXPECT_EQ(config("$LATEST").message(),
            "The function resource provided must be an alias or a published version.");
  EXPECT_EQ(provision("7", 1).message(), "Function not found: " + kArn + ":7");
  EXPECT_EQ(provision("none", 1).message(), "Cannot find alias arn: " + kArn + ":none");
  EXPECT_EQ(config("none").message(), "Cannot find alias arn: " + kArn + ":none");
  EXPECT_EQ(provision("1", 0).error, "ValidationException");
}

// What was asked for is named, not the function that is missing too.
TEST_F(ConcurrencyTest, OfAMissingFunctionTheTargetIsMissed) {
  const std::string arn = "arn:aws:lambda:us-east-1:000000000000:function:none";
  const std::string path = "/2019-09-30/functions/none/provisioned-concurrency";
  const auto ask = [&](std::string_view operation, std::string_view method,
                       std::string_view qualifier) {
    const std::string_view body = method == "PUT" ? R"({"ProvisionedConcurrentExecutions":1})" : "";
    return send(operation, method, path, fmt::format("Qualifier={}", qualifier), body).message();
  };
  const std::pair<const char*, const char*> operations[] = {
      {"PutProvisionedConcurrencyConfig", "PUT"},
      {"GetProvisionedConcurrencyConfig", "GET"},
      {"DeleteProvisionedConcurrencyConfig", "DELETE"}};
  for (const auto& [operation, method] : operations) {
    EXPECT_EQ(ask(operation, method, "1"), "Function not found: " + arn + ":1") << operation;
    EXPECT_EQ(ask(operation, method, "live"), "Cannot find alias arn: " + arn + ":live")
        << operation;
  }
  EXPECT_EQ(send("ListProvisionedConcurrencyConfigs", "GET", path, "List=ALL").message(),
            "Function not found: " + arn);
}

TEST_F(ConcurrencyTest, AnAliasWithWeightsGetsNone) {
  publish("f");
  publish_another();
  put_alias("f", "live", "1", R"("RoutingConfig":{"AdditionalVersionWeights":{"2":0.5}})");
  const Answer refused = provision("live", 1);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.error, "InvalidParameterValueException");
  EXPECT_EQ(refused.message(), "Alias with weights can not be used with Provisioned Concurrency");
  EXPECT_EQ(scaling.orders("f"), "");
  send("UpdateAlias", "PUT", "/2015-03-31/functions/f/aliases/live", "", R"({"RoutingConfig":{}})");
  EXPECT_EQ(provision("live", 1).status, 202);
  // A gradual deployment gives weights to an alias that has some; more are refused meanwhile.
  send("UpdateAlias", "PUT", "/2015-03-31/functions/f/aliases/live", "",
       R"({"RoutingConfig":{"AdditionalVersionWeights":{"2":0.5}}})");
  EXPECT_EQ(provision("live", 2).status, 400);
}

TEST_F(ConcurrencyTest, ProvisionedConcurrencyHasLimits) {
  publish("f");
  EXPECT_EQ(provision("1", 1001).message(),
            "Specified ConcurrentExecutions for function is greater than account's unreserved "
            "concurrency [1000].");
  EXPECT_EQ(provision("1", 901).message(),
            "Specified ConcurrentExecutions for function decreases account's "
            "UnreservedConcurrentExecution below its minimum value of [100].");
  EXPECT_EQ(reserve(10).status, 200);
  EXPECT_EQ(provision("1", 11).message(),
            "Requested Provisioned Concurrency should not be greater than the "
            "reservedConcurrentExecution for function");
  EXPECT_EQ(provision("1", 10).status, 202);
  EXPECT_EQ(unreserved(), "990");
  EXPECT_EQ(reserve(9).message(),
            " ReservedConcurrentExecutions  9 should not be lower than function's total "
            "provisioned concurrency [10].");
}

TEST_F(ConcurrencyTest, ConfigurationsAreListedInPages) {
  publish("f");
  publish_another();
  publish_another();
  EXPECT_EQ(list().at("ProvisionedConcurrencyConfigs.0.Status"), "");
  for (const char* version : {"1", "2", "3"}) provision(version, 1);
  const Answer page = list("&MaxItems=2");
  EXPECT_EQ(page.at("ProvisionedConcurrencyConfigs.0.FunctionArn"), kArn + ":1");
  EXPECT_EQ(page.at("ProvisionedConcurrencyConfigs.1.FunctionArn"), kArn + ":2");
  EXPECT_FALSE(page.has("ProvisionedConcurrencyConfigs.2"));
  const Answer rest = list("&Marker=" + page.at("NextMarker"));
  EXPECT_EQ(rest.at("ProvisionedConcurrencyConfigs.0.FunctionArn"), kArn + ":3");
  EXPECT_FALSE(rest.has("NextMarker"));
}

TEST_F(ConcurrencyTest, APendingVersionIsPlannedWhenItIsActive) {
  create("f2", testing::hello_zip("two"), R"("Publish":true)");
  const Answer put = send("PutProvisionedConcurrencyConfig", "PUT",
                          "/2019-09-30/functions/f2/provisioned-concurrency", "Qualifier=1",
                          R"({"ProvisionedConcurrentExecutions":2})");
  EXPECT_EQ(put.status, 202) << put.body;
  EXPECT_EQ(scaling.orders("f2"), "");
  executor.run_all();
  EXPECT_EQ(scaling.orders("f2"), "1=2");
}

}  // namespace
}  // namespace lapwing::lambda
