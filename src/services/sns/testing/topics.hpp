// A service alone, with the words that its tests use.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "hosting/testing/host.hpp"
#include "services/sns/service.hpp"
#include "text/json_writer.hpp"

namespace lapwing::sns::testing {

using hosting::testing::Answer;
using hosting::testing::Pending;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

using hosting::testing::in_quotes;

// R"("a":"b")" for each.
inline std::string members(
    std::initializer_list<std::pair<std::string_view, std::string_view>> all) {
  std::string out;
  for (const auto& [name, value] : all) {
    out += (out.empty() ? "" : ",") + in_quotes(name) + ":" + in_quotes(value);
  }
  return out;
}

class Host final : public hosting::testing::Host<Service> {
 public:
  Host() { caller.access_key_id = "AKIATEST"; }

  static std::string arn(std::string_view name) {
    return fmt::format("arn:aws:sns:us-east-1:000000000000:{}", name);
  }
  static std::string queue(std::string_view name) {
    return fmt::format("arn:aws:sqs:us-east-1:000000000000:{}", name);
  }
  static std::string function(std::string_view name) {
    return fmt::format("arn:aws:lambda:us-east-1:000000000000:function:{}", name);
  }

  // `attributes`: R"("DisplayName":"x")".
  Answer create(std::string_view name, std::string_view attributes = "",
                std::string_view more = "") {
    const std::string fifo = name.ends_with(".fifo") ? R"("FifoTopic":"true")" : "";
    return call("CreateTopic", fmt::format(R"({{"Name":"{}","Attributes":{{{}{}{}}}{}{}}})", name,
                                           fifo, fifo.empty() || attributes.empty() ? "" : ",",
                                           attributes, more.empty() ? "" : ",", more));
  }
  Answer set(std::string_view topic, std::string_view name, std::string_view value) {
    return call("SetTopicAttributes", fmt::format("{{{}}}", members({{"TopicArn", arn(topic)},
                                                                     {"AttributeName", name},
                                                                     {"AttributeValue", value}})));
  }
  Answer topic(std::string_view name) {
    return call("GetTopicAttributes", fmt::format("{{{}}}", members({{"TopicArn", arn(name)}})));
  }
  std::string attribute(std::string_view name, std::string_view which) {
    return topic(name).at(fmt::format("Attributes.{}", which));
  }
  // `attributes` as in create(); `more`: R"("ReturnSubscriptionArn":true)".
  Answer subscribe(std::string_view topic, std::string_view protocol, std::string_view endpoint,
                   std::string_view attributes = "", std::string_view more = "") {
    return call(
        "Subscribe",
        fmt::format(
            R"({{{},"Attributes":{{{}}}{}{}}})",
            members({{"TopicArn", arn(topic)}, {"Protocol", protocol}, {"Endpoint", endpoint}}),
            attributes, more.empty() ? "" : ",", more));
  }
  Answer subscription(std::string_view subscription_arn) {
    return call("GetSubscriptionAttributes",
                fmt::format("{{{}}}", members({{"SubscriptionArn", subscription_arn}})));
  }
  Answer set_subscription(std::string_view subscription_arn, std::string_view name,
                          std::string_view value) {
    return call("SetSubscriptionAttributes",
                fmt::format("{{{}}}", members({{"SubscriptionArn", subscription_arn},
                                               {"AttributeName", name},
                                               {"AttributeValue", value}})));
  }
  Answer publish(std::string_view topic, std::string_view message, std::string_view more = "") {
    return call("Publish",
                fmt::format("{{{}{}{}}}", members({{"TopicArn", arn(topic)}, {"Message", message}}),
                            more.empty() ? "" : ",", more));
  }
  // As somebody who follows a link.
  Answer follow(std::string_view operation, std::string_view input) {
    aws::Caller nobody = caller;
    nobody.access_key_id.clear();
    return call_as(nobody, operation, input);
  }
};

// A case of a table: what is sent, and how it is refused.
struct Refusal {
  std::string what;
  std::string input;
  std::string error;
  std::string text;  // a part of it
};

inline void expect_refused(Host& host, std::string_view operation, const Refusal& each) {
  const Answer got = host.call(operation, each.input);
  EXPECT_EQ(got.error, each.error) << each.what << ": " << got.text;
  EXPECT_NE(got.text.find(each.text), std::string::npos) << each.what << ": " << got.text;
}

}  // namespace lapwing::sns::testing
