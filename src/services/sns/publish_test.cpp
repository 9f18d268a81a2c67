// Publishing: what is refused, what goes to whom, FIFO topics.
#include "services/sns/testing/topics.hpp"

namespace lapwing::sns::testing {

std::string attribute(std::string_view name, std::string_view type, std::string_view value,
                      std::string_view field = "StringValue") {
  return fmt::format(R"({}:{{"DataType":{},"{}":{}}})", in_quotes(name), in_quotes(type), field,
                     in_quotes(value));
}

TEST(SnsPublish, RefusesInAwssWords) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  ASSERT_TRUE(host.create("t.fifo").ok());
  struct Case {
    std::string_view topic, message, more, error, text;
  };
  const std::string long_subject = fmt::format(R"("Subject":"{}")", std::string(101, 's'));
  const std::string long_name =
      fmt::format(R"("MessageAttributes":{{{}}})", attribute(std::string(257, 'a'), "String", "x"));
  const std::string too_long(256 * 1024 + 1, 'x');
  const Case cases[] = {
      {"t", "", "", "InvalidParameter", "Invalid parameter: Empty message"},
      {"t", "m", R"("Subject":"")", "InvalidParameter", "Invalid parameter: Subject"},
      {"t", "m", R"("Subject":"a\nb")", "InvalidParameter", "Invalid parameter: Subject"},
      {"t", "m", long_subject, "InvalidParameter", "Invalid parameter: Subject"},
      {"t", too_long, "", "InvalidParameter", "Invalid parameter: Message too long"},
      {"t", "m", R"("MessageStructure":"json")", "InvalidParameter",
       "Invalid parameter: Message Structure - JSON message body failed to parse"},
      {"t", R"({"sqs":"x"})", R"("MessageStructure":"json")", "InvalidParameter",
       "Invalid parameter: Message Structure - No default entry in JSON message body"},
      {"t", R"({"default":1})", R"("MessageStructure":"json")", "InvalidParameter",
       "No default entry in JSON message body"},
      {"t", "m", R"("MessageAttributes":{"a":{"DataType":"String","StringValue":""}})",
       "ParameterValueInvalid",
       "The message attribute 'a' must contain non-empty message attribute value for message "
       "attribute type 'String'."},
      {"t", "m", R"("MessageAttributes":{"a":{"DataType":"Number","BinaryValue":"eA=="}})",
       "ParameterValueInvalid", "with type 'Number' must use field 'String'."},
      {"t", "m", R"("MessageAttributes":{"a":{"DataType":"Binary","StringValue":"x"}})",
       "ParameterValueInvalid", "with type 'Binary' must use field 'Binary'."},
      {"t", "m", R"("MessageAttributes":{"a":{"DataType":"Float","StringValue":"x"}})",
       "ParameterValueInvalid",
       "The message attribute 'a' has an invalid message attribute type, the set of supported type "
       "prefixes is Binary, Number, and String."},
      {"t", "m", R"("MessageAttributes":{"a":{"DataType":"Number","StringValue":"x"}})",
       "ParameterValueInvalid", "Could not cast"},
      {"t", "m", R"("MessageAttributes":{"a":{"DataType":"String.Array","StringValue":"x"}})",
       "ParameterValueInvalid", "JSON array"},
      {"t", "m", long_name, "ParameterValueInvalid",
       "Length of message attribute name must be less than 256 bytes."},
      {"t", "m", R"("MessageAttributes":{"a^":{"DataType":"String","StringValue":"x"}})",
       "ParameterValueInvalid",
       "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can "
       "only "
       "include alphanumeric characters, hyphens, underscores, or dots."},
      {"t", "m", R"("MessageAttributes":{".a":{"DataType":"String","StringValue":"x"}})",
       "ParameterValueInvalid",
       "Invalid message attribute name starting with character '.' was found."},
      {"t", "m", R"("MessageAttributes":{"a.":{"DataType":"String","StringValue":"x"}})",
       "ParameterValueInvalid",
       "Invalid message attribute name ending with character '.' was found."},
      {"t", "m", R"("MessageAttributes":{"a..b":{"DataType":"String","StringValue":"x"}})",
       "ParameterValueInvalid", "Message attribute name can not have successive '.' character."},
      {"t", "m", R"("MessageAttributes":{"attr1":{"StringValue":"x"}})", "ValidationError",
       "1 validation error detected: Value null at 'messageAttributes.attr1.member.dataType' "
       "failed "
       "to satisfy constraint: Member must not be null"},
      {"t", "m", R"("MessageDeduplicationId":"d")", "InvalidParameter",
       "Invalid parameter: MessageDeduplicationId Reason: The request includes "
       "MessageDeduplicationId parameter that is not valid for this topic type"},
      {"t.fifo", "m", "", "InvalidParameter",
       "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"},
      {"t.fifo", "m", R"("MessageGroupId":"g")", "InvalidParameter",
       "Invalid parameter: The topic should either have ContentBasedDeduplication enabled or "
       "MessageDeduplicationId provided explicitly"},
      {"t.fifo", "m", R"("MessageGroupId":"g g","MessageDeduplicationId":"d")", "InvalidParameter",
       "MessageGroupId"},
      {"missing", "m", "", "NotFound", "Topic does not exist"},
  };
  for (const Case& each : cases) {
    const Answer got = host.publish(each.topic, each.message, each.more);
    EXPECT_EQ(got.error, each.error) << each.more << ": " << got.text;
    EXPECT_NE(got.text.find(each.text), std::string::npos) << each.more << ": " << got.text;
  }
  EXPECT_EQ(host.call("Publish", R"({"Message":"m"})").text,
            "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter");
  EXPECT_EQ(
      host.call(
              "Publish",
              R"({"Message":"m","TargetArn":"arn:aws:sns:us-east-1:000000000000:endpoint/GCM/a/3f2504e0-4f89-41d3-9a0c-0305e82c3301"})")
          .text,
      "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified");
  // The largest, and one by its target.
  EXPECT_TRUE(host.publish("t", std::string(256 * 1024, 'x')).ok());
  EXPECT_EQ(
      host.call("Publish",
                fmt::format("{{{}}}", members({{"Message", "m"}, {"TargetArn", Host::arn("t")}})))
          .at("MessageId")
          .size(),
      36u);
}

TEST(SnsPublish, Batches) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  ASSERT_TRUE(host.create("t.fifo").ok());
  const auto batch = [&](std::string_view topic, std::string_view entries) {
    return host.call("PublishBatch",
                     fmt::format(R"({{"TopicArn":"{}","PublishBatchRequestEntries":[{}]}})",
                                 Host::arn(topic), entries));
  };
  std::string eleven;
  for (int i = 0; i < 11; ++i) {
    eleven += fmt::format(R"({}{{"Id":"{}","Message":"m"}})", i == 0 ? "" : ",", i);
  }
  const std::string half = in_quotes(std::string(130 * 1024, 'x'));
  EXPECT_EQ(batch("t", "").error, "EmptyBatchRequest");
  EXPECT_EQ(batch("t", eleven).text, "The batch request contains more entries than permissible.");
  EXPECT_EQ(
      batch("t", R"({"Id":"a b","Message":"m"})").text,
      "The Id of a batch entry in the batch request contains an impermissible character: a b");
  EXPECT_EQ(batch("t", fmt::format(R"({{"Id":"{}","Message":"m"}})", std::string(81, 'a'))).error,
            "InvalidBatchEntryId");
  EXPECT_EQ(batch("t", R"({"Id":"a","Message":"m"},{"Id":"a","Message":"m"})").text,
            "Two or more batch entries in the request have the same Id.");
  EXPECT_EQ(
      batch("t", fmt::format(R"({{"Id":"a","Message":{}}},{{"Id":"b","Message":{}}})", half, half))
          .text,
      "The length of all the messages put together is more than the limit.");
  const Answer mixed = batch("t", R"({"Id":"good","Message":"m"},{"Id":"bad","Message":""})");
  EXPECT_EQ(mixed.at("Successful.0.Id"), "good");
  EXPECT_EQ(mixed.at("Failed.0.Id"), "bad");
  EXPECT_EQ(mixed.at("Failed.0.Code"), "InvalidParameter");
  EXPECT_EQ(mixed.at("Failed.0.SenderFault"), "true");
  const Answer good = batch("t", R"({"Id":"good","Message":"m"})");
  EXPECT_NE(good.text.find(R"("Failed":[])"), std::string::npos) << good.text;
  EXPECT_EQ(
      batch(
          "t.fifo",
          R"({"Id":"a","Message":"m","MessageGroupId":"g","MessageDeduplicationId":"d"},{"Id":"b","Message":"m"})")
          .text,
      "Invalid parameter: The MessageGroupId parameter is required for FIFO topics");
}

TEST(SnsPublish, FifoTopicsNumberAndDeduplicate) {
  Host host;
  ASSERT_TRUE(host.create("t.fifo").ok());
  const auto send = [&](std::string_view group, std::string_view id) {
    return host.publish("t.fifo", "m",
                        members({{"MessageGroupId", group}, {"MessageDeduplicationId", id}}));
  };
  const Answer first = send("g", "1");
  EXPECT_EQ(first.at("SequenceNumber").size(), 20u);
  const Answer second = send("g", "2");
  EXPECT_GT(second.at("SequenceNumber"), first.at("SequenceNumber"));
  EXPECT_EQ(send("g", "1").text, first.text);
  EXPECT_EQ(send("other", "1").text, first.text);
  host.restart();
  EXPECT_EQ(send("g", "1").text, first.text);
  host.advance(minutes(5));
  const Answer again = send("g", "1");
  EXPECT_NE(again.at("MessageId"), first.at("MessageId"));
  EXPECT_GT(again.at("SequenceNumber"), second.at("SequenceNumber"));
  ASSERT_TRUE(host.set("t.fifo", "FifoThroughputScope", "MessageGroup").ok());
  EXPECT_NE(send("other", "1").at("MessageId"), send("g", "1").at("MessageId"));
  ASSERT_TRUE(host.set("t.fifo", "ContentBasedDeduplication", "true").ok());
  const Answer content = host.publish("t.fifo", "same", members({{"MessageGroupId", "g"}}));
  EXPECT_EQ(host.publish("t.fifo", "same", members({{"MessageGroupId", "g"}})).text, content.text);
}

TEST(SnsPublish, ForgetsDeduplicationIdsThatAreOver) {
  Host host;
  ASSERT_TRUE(host.create("t.fifo", R"("ContentBasedDeduplication":"true")").ok());
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(host.publish("t.fifo", std::to_string(i), members({{"MessageGroupId", "g"}})).ok());
    host.advance(minutes(1));
  }
  const auto left = [&] {
    const auto space = host.engine->space("sns");
    return (*space)->store().scan({.kind = "sns.taken"})->records.size();
  };
  EXPECT_EQ(left(), 3u);
  host.advance(minutes(2));
  EXPECT_EQ(left(), 2u);
  host.advance(minutes(5));
  EXPECT_EQ(left(), 0u);
}

// Which of the subscribers, kept ones of number 1, 2, ..., get a message.
struct FilterCase {
  std::string_view scope;
  std::string_view policy;
  std::string_view message;
  std::string_view attributes;
  bool passes;
};

TEST(SnsPublish, Filters) {
  const FilterCase cases[] = {
      {"MessageAttributes", R"({"a":["b"]})", "m", R"("a":{"DataType":"String","StringValue":"b"})",
       true},
      {"MessageAttributes", R"({"a":["b"]})", "m", R"("a":{"DataType":"String","StringValue":"c"})",
       false},
      {"MessageAttributes", R"({"a":["b"]})", "m", "", false},
      {"MessageAttributes", R"({"a":[{"exists":false}]})", "m", "", true},
      {"MessageAttributes", R"({"a":["b"]})", "m",
       R"("a":{"DataType":"Binary","BinaryValue":"Yg=="})", false},
      {"MessageAttributes", R"({"a":["b"]})", "m",
       R"("a":{"DataType":"String.Array","StringValue":"[\"x\",\"b\"]"})", true},
      {"MessageAttributes", R"({"n":[{"numeric":[">",0,"<=",100]}]})", "m",
       R"("n":{"DataType":"Number","StringValue":"99.12"})", true},
      {"MessageAttributes", R"({"n":[{"numeric":[">",0,"<=",100]}]})", "m",
       R"("n":{"DataType":"Number","StringValue":"100.01"})", false},
      {"MessageBody", R"({"object":{"nested":["v"]}})", R"({"object":{"nested":"v"}})", "", true},
      {"MessageBody", R"({"object.nested":["v"]})", R"({"object":{"nested":"v"}})", "", true},
      {"MessageBody", R"({"object.nested":["v"]})", R"({"object.nested":"v"})", "", true},
      {"MessageBody", R"({"a":["v"]})", R"(["v"])", "", false},
      {"MessageBody", R"({"a":["v"]})", "no JSON", "", false},
      {"MessageBody", R"({"a":[{"exists":false}]})", "no JSON", "", false},
      {"MessageBody", R"({"a":["v"]})", R"({"a":["u","v"]})", "", true},
  };
  for (const FilterCase& each : cases) {
    Host host;
    ASSERT_TRUE(host.create("t").ok());
    ASSERT_TRUE(
        host.subscribe("t", "sms", "+4917012345",
                       members({{"FilterPolicyScope", each.scope}, {"FilterPolicy", each.policy}}))
            .ok())
        << each.policy;
    ASSERT_TRUE(host.publish("t", each.message,
                             fmt::format(R"("MessageAttributes":{{{}}})", each.attributes))
                    .ok())
        << each.policy;
    EXPECT_EQ(host.service().kept(0, 10)->size(), each.passes ? 1u : 0u)
        << each.policy << " " << each.message << " " << each.attributes;
  }
}

TEST(SnsPublish, EachProtocolHasATextOfItsOwn) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  ASSERT_TRUE(host.subscribe("t", "sms", "+4917012345").ok());
  // By what it would get.
  ASSERT_TRUE(host.subscribe("t", "sms", "+4917012346",
                             members({{"FilterPolicyScope", "MessageBody"},
                                      {"FilterPolicy", R"({"a":["b"]})"}}))
                  .ok());
  ASSERT_TRUE(host.publish("t", R"({"default":"{\"a\":\"b\"}","sms":"short"})",
                           R"("MessageStructure":"json")")
                  .ok());
  ASSERT_TRUE(
      host.publish("t", R"({"default":"d","sms":"{\"a\":\"b\"}"})", R"("MessageStructure":"json")")
          .ok());
  const auto kept = host.service().kept(0, 10);
  ASSERT_EQ(kept->size(), 3u);
  EXPECT_EQ(kept->at(0).body, "short");
  EXPECT_EQ(kept->at(1).body, R"({"a":"b"})");
}

TEST(SnsPublish, ToNumbersAndDevicesIsKept) {
  Host host;
  EXPECT_EQ(host.call("Publish", R"({"PhoneNumber":"12","Message":"m"})").text,
            "Invalid parameter: PhoneNumber Reason: 12 is not valid to publish to");
  ASSERT_TRUE(host.call("Publish", R"({"PhoneNumber":"+4917012345","Message":"m"})").ok());
  const std::string application =
      host.call("CreatePlatformApplication",
                R"({"Name":"a","Platform":"GCM","Attributes":{"PlatformCredential":"secret"}})")
          .at("PlatformApplicationArn");
  const std::string endpoint =
      host.call("CreatePlatformEndpoint",
                fmt::format("{{{}}}",
                            members({{"PlatformApplicationArn", application}, {"Token", "token"}})))
          .at("EndpointArn");
  const auto push = [&] {
    return host.call("Publish",
                     fmt::format("{{{},\"MessageStructure\":\"json\"}}",
                                 members({{"TargetArn", endpoint},
                                          {"Message", R"({"default":"d","GCM":"g"})"}})));
  };
  ASSERT_TRUE(push().ok());
  ASSERT_TRUE(host.call("SetEndpointAttributes",
                        fmt::format(R"({{"EndpointArn":"{}","Attributes":{{"Enabled":"false"}}}})",
                                    endpoint))
                  .ok());
  EXPECT_EQ(push().error, "EndpointDisabled");
  const auto kept = host.service().kept(0, 10);
  ASSERT_EQ(kept->size(), 2u);
  EXPECT_EQ(kept->at(0).endpoint, "+4917012345");
  EXPECT_EQ(kept->at(1).endpoint, endpoint);
  EXPECT_EQ(kept->at(1).body, "g");
  EXPECT_EQ(host.service().kept(kept->at(0).number, 10)->size(), 1u);
}

}  // namespace lapwing::sns::testing
