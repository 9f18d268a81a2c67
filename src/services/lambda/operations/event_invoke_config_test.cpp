// Settings of asynchronous invocation through the wire; answers as recorded of the service.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/lambda/testing/harness.hpp"
#include "services/lambda/testing/zip_builder.hpp"

namespace lapwing::lambda {
namespace {

using testing::Answer;

const std::string kAccount = "us-east-1:000000000000:";
const std::string kArn = "arn:aws:lambda:" + kAccount + "function:f";
constexpr const char* kNoBucket =
    "Lapwing does not support the parameter DestinationConfig.OnFailure of "
    "lambda PutFunctionEventInvokeConfig: buckets as destinations are not built yet";
constexpr const char* kMissing = "The function doesn't exist.";

class EventInvokeConfigs : public ::testing::Test, public testing::Harness {
 protected:
  void SetUp() override {
    create_active("f");
    create_active("g");
    publish("f");
    put_alias("f", "live", "1");
  }
  Answer call(std::string_view operation, std::string_view method, std::string_view function,
              std::string_view query = {}, std::string_view body = {}) {
    return send(operation, method,
                fmt::format("/2019-09-25/functions/{}/event-invoke-config", function), query, body);
  }
  Answer put(std::string_view function, std::string_view body, std::string_view query = {}) {
    return call("PutFunctionEventInvokeConfig", "PUT", function, query, body);
  }
  Answer update(std::string_view function, std::string_view body, std::string_view query = {}) {
    return call("UpdateFunctionEventInvokeConfig", "POST", function, query, body);
  }
  Answer read(std::string_view function, std::string_view query = {}) {
    return call("GetFunctionEventInvokeConfig", "GET", function, query);
  }
  Answer remove(std::string_view function, std::string_view query = {}) {
    return call("DeleteFunctionEventInvokeConfig", "DELETE", function, query);
  }
  Answer list(std::string_view function, std::string_view query = {}) {
    return send("ListFunctionEventInvokeConfigs", "GET",
                fmt::format("/2019-09-25/functions/{}/event-invoke-config/list", function), query);
  }
  std::optional<EventInvokeConfig> known(std::string_view qualifier = {}) const {
    return service->attachments().event_invoke({caller.account, caller.region, FunctionName("f")},
                                               qualifier);
  }
};

TEST_F(EventInvokeConfigs, PutReplacesAndUpdateMerges) {
  const Answer first = put("f", R"({"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":60})");
  EXPECT_EQ(first.status, 200);
  const std::string time = first.at("LastModified");
  EXPECT_EQ(first.body,
            fmt::format(R"({{"DestinationConfig":{{"OnFailure":{{}},"OnSuccess":{{}}}},)"
                        R"("FunctionArn":"{}:$LATEST","LastModified":{},)"
                        R"("MaximumEventAgeInSeconds":60,"MaximumRetryAttempts":2}})",
                        kArn, time));
  EXPECT_EQ(read("f").body, first.body);
  EXPECT_EQ(read("f", "Qualifier=$LATEST").body, first.body);

  const Answer replaced = put("f", R"({"MaximumRetryAttempts":0})");
  EXPECT_EQ(replaced.at("MaximumRetryAttempts"), "0");
  EXPECT_FALSE(replaced.has("MaximumEventAgeInSeconds"));
  const Answer merged = update("f", R"({"MaximumEventAgeInSeconds":21600})");
  EXPECT_EQ(merged.at("MaximumRetryAttempts"), "0");
  EXPECT_EQ(merged.at("MaximumEventAgeInSeconds"), "21600");

  const std::string bus = "arn:aws:events:" + kAccount + "event-bus/default";
  const std::string queue = "arn:aws:sqs:" + kAccount + "q";
  update("f", R"({"DestinationConfig":{"OnSuccess":{"Destination":")" + bus + R"("}}})");
  const Answer both =
      update("f", R"({"DestinationConfig":{"OnFailure":{"Destination":")" + queue + R"("}}})");
  EXPECT_EQ(both.at("DestinationConfig.OnSuccess.Destination"), bus);
  EXPECT_EQ(both.at("DestinationConfig.OnFailure.Destination"), queue);
  const Answer cleared = update("f", R"({"DestinationConfig":{"OnSuccess":{"Destination":""}}})");
  EXPECT_FALSE(cleared.has("DestinationConfig.OnSuccess.Destination"));
  EXPECT_EQ(cleared.at("DestinationConfig.OnFailure.Destination"), queue);

  const auto check = [&] {
    const auto config = known();
    ASSERT_TRUE(config);
    EXPECT_EQ(config->retries, 0u);
    EXPECT_EQ(config->event_age_s, 21600u);
    EXPECT_EQ(config->on_success, "");
    EXPECT_EQ(config->on_failure, queue);
    EXPECT_TRUE(known("$LATEST"));
    EXPECT_FALSE(known("1"));
  };
  check();
  restart();
  check();
}

struct Case {
  const char* function;
  const char* query;
  const char* body;
  const char* error;    // "" where it is taken
  std::string message;  // or the qualifier that the answer names
};

TEST_F(EventInvokeConfigs, WhatIsTaken) {
  constexpr const char* kOne = R"({"MaximumRetryAttempts":1})";
  constexpr const char* kInvalid = "InvalidParameterValueException";
  constexpr const char* kNone = "ResourceNotFoundException";
  const std::string differ =
      "The derived qualifier from the function name does not match the specified qualifier.";
  const auto to = [](std::string_view which, const std::string& arn) {
    return fmt::format(R"({{"DestinationConfig":{{"{}":{{"Destination":"{}"}}}}}})", which, arn);
  };
  const auto bad = [](const std::string& success, const std::string& failure) {
    return "The provided destination config DestinationConfig(onSuccess=" + success +
           ", onFailure=" + failure + ") is invalid.";
  };
  const std::string self = to("OnSuccess", kArn);
  const std::string self_live = to("OnFailure", kArn + ":live");
  const std::string other = to("OnSuccess", "arn:aws:lambda:" + kAccount + "function:g");
  const std::string none_arn = "arn:aws:lambda:" + kAccount + "function:none";
  const std::string none = to("OnSuccess", none_arn);
  const std::string no_version = to("OnFailure", "arn:aws:lambda:" + kAccount + "function:g:7");
  const std::string iam_arn = "arn:aws:iam:" + kAccount + "function:f";
  const std::string iam = to("OnSuccess", iam_arn);
  const std::string fifo_arn = "arn:aws:sqs:" + kAccount + "q.fifo";
  const std::string fifo = to("OnFailure", fifo_arn);
  const std::string topic = to("OnFailure", "arn:aws:sns:" + kAccount + "t");
  const std::string bucket = to("OnFailure", "arn:aws:s3:::b");
  const std::string success_bucket = to("OnSuccess", "arn:aws:s3:::b");
  const std::string rule_arn = "arn:aws:events:" + kAccount + "rule/r";
  const std::string rule = to("OnSuccess", rule_arn);
  const std::string kafka = to("OnFailure", "kafka://topic");
  const Case cases[] = {
      {"none", "", kOne, kNone, kMissing},
      {"f", "Qualifier=none", kOne, kNone, kMissing},
      {"f", "Qualifier=7", kOne, kNone, kMissing},
      {"none", "", "{}", kInvalid,
       "You must specify at least one of error handling or destination setting."},
      {"f", "", none.c_str(), kInvalid, "The destination ARN " + none_arn + " is invalid."},
      {"f", "", no_version.c_str(), kInvalid,
       "The destination ARN arn:aws:lambda:" + kAccount + "function:g:7 is invalid."},
      {"f", "", self.c_str(), kInvalid,
       "You can't specify the function as a destination for itself."},
      {"f", "", self_live.c_str(), kInvalid,
       "You can't specify the function as a destination for itself."},
      {"f", "", other.c_str(), "", "$LATEST"},
      {"f", "", iam.c_str(), kInvalid, bad("OnSuccess(destination=" + iam_arn + ")", "null")},
      {"f", "", fifo.c_str(), kInvalid, bad("null", "OnFailure(destination=" + fifo_arn + ")")},
      {"f", "", rule.c_str(), kInvalid, bad("OnSuccess(destination=" + rule_arn + ")", "null")},
      {"f", "", kafka.c_str(), kInvalid, bad("null", "OnFailure(destination=kafka://topic)")},
      {"f", "", success_bucket.c_str(), kInvalid,
       bad("OnSuccess(destination=arn:aws:s3:::b)", "null")},
      {"f", "", bucket.c_str(), "NotImplemented", kNoBucket},
      {"f", "", topic.c_str(), "", "$LATEST"},
      {"f", "", R"({"DestinationConfig":{"OnSuccess":{}}})", "", "$LATEST"},
      {"f", "", kOne, "", "$LATEST"},
      {"f", "Qualifier=$LATEST", kOne, "", "$LATEST"},
      {"f", "Qualifier=1", kOne, "", "1"},
      {"f:1", "", kOne, "", "1"},
      {"f", "Qualifier=live", kOne, "", "live"},
      {"f:live", "Qualifier=live", kOne, "", "live"},
      {"f:live", "Qualifier=1", kOne, kInvalid, differ},
      {"f:1", "Qualifier=$LATEST", kOne, kInvalid, differ},
      {"f:$LATEST", "Qualifier=$LATEST", kOne, "", "$LATEST"},
      {"f", "", R"({"MaximumRetryAttempts":3})", "ValidationException",
       "1 validation error detected: Value '3' at 'maximumRetryAttempts' failed to satisfy "
       "constraint: Member must have value less than or equal to 2"},
      {"f", "", R"({"MaximumEventAgeInSeconds":59})", "ValidationException",
       "1 validation error detected: Value '59' at 'maximumEventAgeInSeconds' failed to satisfy "
       "constraint: Member must have value greater than or equal to 60"},
  };
  for (const Case& c : cases) {
    const Answer answer = put(c.function, c.body, c.query);
    EXPECT_EQ(answer.error, c.error) << c.body << c.query << answer.body;
    if (*c.error == '\0') {
      EXPECT_EQ(answer.at("FunctionArn"), kArn + ":" + c.message) << c.body << c.query;
    } else {
      EXPECT_EQ(answer.message(), c.message) << c.body;
    }
  }
}

TEST_F(EventInvokeConfigs, WhatIsNotThere) {
  const auto lacks = [](const std::string& arn) {
    return "The function " + arn + " doesn't have an EventInvokeConfig";
  };
  const std::string none = "arn:aws:lambda:" + kAccount + "function:none:$LATEST";
  EXPECT_EQ(read("f").message(), lacks(kArn + ":$LATEST"));
  EXPECT_EQ(read("f", "Qualifier=x").message(), lacks(kArn + ":x"));
  EXPECT_EQ(read("none").message(), lacks(none));
  EXPECT_EQ(remove("f").message(), lacks(kArn + ":$LATEST"));
  EXPECT_EQ(remove("none").message(), lacks(none));
  EXPECT_EQ(update("f", R"({"MaximumRetryAttempts":0})").message(), lacks(kArn + ":$LATEST"));
  EXPECT_EQ(update("f:live", R"({"MaximumRetryAttempts":0})").message(), lacks(kArn + ":live"));
  EXPECT_EQ(update("none", R"({"MaximumRetryAttempts":0})").message(), kMissing);
  EXPECT_EQ(list("none").message(), kMissing);
}

TEST_F(EventInvokeConfigs, ListsAndDeletions) {
  EXPECT_EQ(list("f").body, R"({"FunctionEventInvokeConfigs":[]})");
  put("f", R"({"MaximumRetryAttempts":1})");
  put("f", R"({"MaximumRetryAttempts":1})", "Qualifier=1");
  put("f", R"({"MaximumRetryAttempts":1})", "Qualifier=live");
  put("g", R"({"MaximumRetryAttempts":1})");
  send("AddPermission", "POST", "/2015-03-31/functions/f/policy", "",
       R"({"StatementId":"s","Action":"lambda:InvokeFunction","Principal":"*"})");
  const Answer all = list("f");
  EXPECT_EQ(all.at("FunctionEventInvokeConfigs.0.FunctionArn"), kArn + ":$LATEST");
  EXPECT_EQ(all.at("FunctionEventInvokeConfigs.1.FunctionArn"), kArn + ":1");
  EXPECT_EQ(all.at("FunctionEventInvokeConfigs.2.FunctionArn"), kArn + ":live");
  EXPECT_FALSE(all.has("FunctionEventInvokeConfigs.3"));
  EXPECT_FALSE(all.has("NextMarker"));
  const Answer page = list("f", "MaxItems=2");
  EXPECT_FALSE(page.has("FunctionEventInvokeConfigs.2"));
  const Answer rest = list("f", "MaxItems=2&Marker=" + page.at("NextMarker"));
  EXPECT_EQ(rest.at("FunctionEventInvokeConfigs.0.FunctionArn"), kArn + ":live");
  EXPECT_FALSE(rest.has("NextMarker"));
  EXPECT_EQ(list("g", "Marker=" + page.at("NextMarker")).status, 400);
  EXPECT_EQ(list("f", "Marker=nonsense").status, 400);

  EXPECT_EQ(remove("f", "Qualifier=1").status, 204);
  EXPECT_FALSE(known("1"));
  send("DeleteAlias", "DELETE", "/2015-03-31/functions/f/aliases/live");
  EXPECT_FALSE(known("live"));
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/f", "Qualifier=1");
  EXPECT_TRUE(known());
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/f");
  EXPECT_FALSE(known());
  create_active("f");
  EXPECT_EQ(list("f").body, R"({"FunctionEventInvokeConfigs":[]})");
}

TEST_F(EventInvokeConfigs, AVersionThatIsDeletedTakesItsOwnAlong) {
  create_active("h");
  publish("h");
  put("h", R"({"MaximumRetryAttempts":1})", "Qualifier=1");
  EXPECT_TRUE(list("h").has("FunctionEventInvokeConfigs.0"));
  send("DeleteFunction", "DELETE", "/2015-03-31/functions/h", "Qualifier=1");
  EXPECT_FALSE(list("h").has("FunctionEventInvokeConfigs.0"));
}

}  // namespace
}  // namespace lapwing::lambda
