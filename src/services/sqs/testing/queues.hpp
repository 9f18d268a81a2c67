// A service alone, with the words that its tests use.
#pragma once

#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "hosting/testing/host.hpp"
#include "services/sqs/service.hpp"
#include "text/json_writer.hpp"

namespace lapwing::sqs::testing {

using hosting::testing::Answer;
using hosting::testing::Pending;

using hosting::testing::in_quotes;

// A JSON object of a queue's URL and what else is given: with("q", R"("MessageBody":"x")").
class Queues : public hosting::testing::Host<Service> {
 public:
  static std::string url(std::string_view name) {
    return fmt::format("http://localhost:4566/000000000000/{}", name);
  }
  static std::string arn(std::string_view name) {
    return fmt::format("arn:aws:sqs:us-east-1:000000000000:{}", name);
  }
  static std::string with(std::string_view name, std::string_view members = "") {
    return fmt::format(R"({{"QueueUrl":"{}"{}{}}})", url(name), members.empty() ? "" : ",",
                       members);
  }

  // `attributes`: R"("DelaySeconds":"5")".
  Answer create(std::string_view name, std::string_view attributes = "") {
    const std::string fifo = name.ends_with(".fifo") ? R"("FifoQueue":"true")" : "";
    return call("CreateQueue",
                fmt::format(R"({{"QueueName":"{}","Attributes":{{{}{}{}}}}})", name, fifo,
                            fifo.empty() || attributes.empty() ? "" : ",", attributes));
  }
  Answer set(std::string_view name, std::string_view attribute, std::string_view value) {
    return call("SetQueueAttributes", with(name, fmt::format(R"("Attributes":{{"{}":{}}})",
                                                             attribute, in_quotes(value))));
  }
  // The value of one attribute of the queue.
  std::string get(std::string_view name, std::string_view attribute) {
    return call("GetQueueAttributes",
                with(name, fmt::format(R"("AttributeNames":["{}"])", attribute)))
        .at(fmt::format("Attributes.{}", attribute));
  }
  Answer redrive(std::string_view from, std::string_view to, int receives) {
    return set(
        from, "RedrivePolicy",
        fmt::format(R"({{"deadLetterTargetArn":"{}","maxReceiveCount":{}}})", arn(to), receives));
  }

  Answer send(std::string_view name, std::string_view body, std::string_view more = "") {
    return call("SendMessage", with(name, fmt::format(R"("MessageBody":{}{}{})", in_quotes(body),
                                                      more.empty() ? "" : ",", more)));
  }
  // To a FIFO queue; the body is the deduplication id.
  Answer send_to(std::string_view name, std::string_view group, std::string_view body) {
    return send(name, body,
                fmt::format(R"("MessageGroupId":"{}","MessageDeduplicationId":"{}")", group, body));
  }
  Answer receive(std::string_view name, std::string_view more = "") {
    return call("ReceiveMessage", with(name, fmt::format(R"("MessageSystemAttributeNames":["All"],)"
                                                         R"("MessageAttributeNames":["All"]{}{})",
                                                         more.empty() ? "" : ",", more)));
  }
  // The bodies of up to `max` messages: "a b c".
  std::string bodies(std::string_view name, int max = 10, std::string_view more = "") {
    const Answer got = receive(
        name, fmt::format(R"("MaxNumberOfMessages":{}{}{})", max, more.empty() ? "" : ",", more));
    return got.ok() ? bodies_of(got) : got.error;
  }
  static std::string bodies_of(const Answer& got) {
    std::string out;
    for (std::size_t i = 0; i < got.size("Messages"); ++i) {
      out += (i == 0 ? "" : " ") + got.at(fmt::format("Messages.{}.Body", i));
    }
    return out;
  }
  Answer erase(std::string_view name, std::string_view handle) {
    return call("DeleteMessage",
                with(name, fmt::format(R"("ReceiptHandle":{})", in_quotes(handle))));
  }
  Answer hide(std::string_view name, std::string_view handle, int seconds) {
    return call("ChangeMessageVisibility",
                with(name, fmt::format(R"("ReceiptHandle":{},"VisibilityTimeout":{})",
                                       in_quotes(handle), seconds)));
  }
};

using std::chrono::minutes;
using std::chrono::seconds;

}  // namespace lapwing::sqs::testing
