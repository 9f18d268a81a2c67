// Topics: making, finding, setting, deleting them, their policies and tags.
#include "services/sns/testing/topics.hpp"

namespace lapwing::sns::testing {

TEST(SnsTopics, AFreshOneShowsWhatIsAlwaysThere) {
  Host host;
  ASSERT_EQ(host.create("t").at("TopicArn"), Host::arn("t"));
  EXPECT_EQ(host.topic("t").names("Attributes"),
            "DisplayName EffectiveDeliveryPolicy Owner Policy SubscriptionsConfirmed "
            "SubscriptionsDeleted SubscriptionsPending TopicArn ");
  EXPECT_EQ(host.attribute("t", "Owner"), "000000000000");
  EXPECT_EQ(
      host.attribute("t", "Policy"),
      R"({"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"arn:aws:sns:us-east-1:000000000000:t","Condition":{"StringEquals":{"AWS:SourceOwner":"000000000000"}}}]})");
  EXPECT_EQ(
      host.attribute("t", "EffectiveDeliveryPolicy"),
      R"({"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}})");
  ASSERT_TRUE(host.create("t.fifo").ok());
  EXPECT_EQ(host.attribute("t.fifo", "FifoTopic"), "true");
  EXPECT_EQ(host.attribute("t.fifo", "ContentBasedDeduplication"), "false");
}

TEST(SnsTopics, TheSameAgainIsTheSame) {
  Host host;
  constexpr std::string_view kName = R"("DisplayName":"d")";
  constexpr std::string_view kTags = R"("Tags":[{"Key":"a","Value":"1"},{"Key":"b","Value":"2"}])";
  ASSERT_TRUE(host.create("t", kName, kTags).ok());
  EXPECT_TRUE(host.create("t").ok());
  EXPECT_TRUE(host.create("t", kName).ok());
  EXPECT_TRUE(host.create("t", "", R"("Tags":[{"Key":"a","Value":"1"}])").ok());
  EXPECT_EQ(host.create("t", R"("DisplayName":"other")").text,
            "Invalid parameter: Attributes Reason: Topic already exists with different attributes");
  EXPECT_EQ(host.create("t", "", R"("Tags":[{"Key":"a","Value":"2"}])").text,
            "Invalid parameter: Tags Reason: Topic already exists with different tags");
  EXPECT_EQ(host.create("t", "", R"("Tags":[{"Key":"c","Value":"2"}])").text,
            "Invalid parameter: Tags Reason: Topic already exists with different tags");
  EXPECT_EQ(
      host.create("u", "", R"("Tags":[{"Key":"a","Value":"2"},{"Key":"a","Value":"3"}])").text,
      "Invalid parameter: Duplicated keys are not allowed.");
}

TEST(SnsTopics, RefusedNames) {
  Host host;
  for (const std::string& name : {std::string("a b"), std::string("x.y"), std::string(257, 'a'),
                                  std::string(".fifo"), std::string(252, 'a') + ".fifo"}) {
    const Answer got = host.create(name);
    EXPECT_EQ(got.error, "InvalidParameter") << name;
    EXPECT_EQ(got.text, "Invalid parameter: Topic Name") << name;
  }
  EXPECT_EQ(host.call("CreateTopic", R"({"Name":"x.fifo"})").text, "Invalid parameter: Topic Name");
  EXPECT_EQ(host.call("CreateTopic", R"({"Name":"x","Attributes":{"FifoTopic":"true"}})").text,
            "Invalid parameter: Topic Name");
  EXPECT_TRUE(host.create(std::string(256, 'a')).ok());
  EXPECT_TRUE(host.create(std::string(251, 'b') + ".fifo").ok());
  EXPECT_EQ(host.call("ListTopics").size("Topics"), 2u);
}

TEST(SnsTopics, Attributes) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  ASSERT_TRUE(host.create("t.fifo").ok());
  struct Case {
    std::string_view topic, name, value, text;  // text empty: taken
  };
  const std::string large(4097, ' ');
  const Case cases[] = {
      {"t", "DisplayName", "Mine", ""},
      {"t", "DisplayName", "a\nb", "DisplayName"},
      {"t", "FifoTopic", "true", "Invalid parameter: AttributeName"},
      {"t", "Nonsense", "true", "Invalid parameter: AttributeName"},
      {"t", "TopicArn", "x", "Invalid parameter: AttributeName"},
      {"t", "ContentBasedDeduplication", "true", "Invalid parameter: AttributeName"},
      {"t.fifo", "ContentBasedDeduplication", "True", ""},
      {"t.fifo", "ContentBasedDeduplication", "maybe", "Must be true or false."},
      {"t.fifo", "FifoThroughputScope", "MessageGroup", ""},
      {"t.fifo", "FifoThroughputScope", "Everything", "FifoThroughputScope"},
      {"t", "SignatureVersion", "2", ""},
      {"t", "SignatureVersion", "3", "SignatureVersion"},
      {"t", "TracingConfig", "PassThrough", ""},
      {"t", "TracingConfig", "Sometimes", "TracingConfig"},
      {"t", "TracingConfig", "Active", "TracingConfig=Active"},
      {"t", "MaximumMessageSize", "1048576", ""},
      {"t", "MaximumMessageSize", "1023", "MaximumMessageSize"},
      {"t", "MaximumMessageSize", "1048577", "MaximumMessageSize"},
      {"t", "MaximumMessageSize", "large", "MaximumMessageSize"},
      {"t", "KmsMasterKeyId", "alias/aws/sns", ""},
      {"t", "KmsMasterKeyId", "alias/mine", "KmsMasterKeyId"},
      {"t", "ArchivePolicy", R"({"MessageRetentionPeriod":"30"})", "ArchivePolicy"},
      {"t", "HTTPSuccessFeedbackRoleArn", "arn:aws:iam::000000000000:role/r",
       "HTTPSuccessFeedbackRoleArn"},
      {"t", "Policy", "no", "Invalid parameter: Policy Error"},
      {"t", "Policy",
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]})",
       "Invalid parameter: Policy statement action out of service scope!"},
      {"t", "Policy",
       R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sns:publish","Resource":"*"}]})",
       ""},
      {"t", "DeliveryPolicy", "[]", "DeliveryPolicy: failed to parse JSON."},
      {"t", "DeliveryPolicy", large, "DeliveryPolicy: longer than"},
      {"t", "DeliveryPolicy", R"({"http":{"defaultHealthyRetryPolicy":{"numRetries":101}}})",
       "DeliveryPolicy: http.defaultHealthyRetryPolicy.numRetries must be less than"},
      {"t", "DeliveryPolicy",
       R"({"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":30,"maxDelayTarget":10}}})",
       "maxDelayTarget must be greater"},
      {"t", "DeliveryPolicy",
       R"({"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":60,"maxDelayTarget":60,"numRetries":61}}})",
       "total retry delay"},
      {"t", "DeliveryPolicy",
       R"({"http":{"defaultHealthyRetryPolicy":{"numRetries":2,"numNoDelayRetries":3}}})",
       "total of numMinDelayRetries"},
      {"t", "DeliveryPolicy", R"({"http":{"defaultThrottlePolicy":{"maxReceivesPerSecond":0}}})",
       "maxReceivesPerSecond"},
      {"t", "DeliveryPolicy", R"({"http":{"defaultRequestPolicy":{"headerContentType":"x"}}})",
       "headerContentType"},
      {"t", "DeliveryPolicy", R"({"http":{"defaultHealthyRetryPolicy":{"numRetries":5}}})", ""},
  };
  for (const Case& each : cases) {
    const Answer got = host.set(each.topic, each.name, each.value);
    EXPECT_EQ(got.ok(), each.text.empty()) << each.name << " " << each.value << ": " << got.text;
    if (!each.text.empty()) {
      EXPECT_NE(got.text.find(each.text), std::string::npos) << each.name << " " << got.text;
    }
  }
  EXPECT_EQ(host.attribute("t", "DisplayName"), "Mine");
  EXPECT_EQ(host.attribute("t.fifo", "ContentBasedDeduplication"), "true");
  EXPECT_EQ(host.attribute("t", "MaximumMessageSize"), "1048576");
  EXPECT_NE(host.attribute("t", "EffectiveDeliveryPolicy").find(R"("numRetries":5)"),
            std::string::npos);
  EXPECT_TRUE(host.set("t", "DeliveryPolicy", R"({"http":null})").ok());
  EXPECT_NE(host.attribute("t", "EffectiveDeliveryPolicy").find(R"("numRetries":3)"),
            std::string::npos);
  EXPECT_TRUE(host.set("t", "DeliveryPolicy", "").ok());
  EXPECT_EQ(host.attribute("t", "DeliveryPolicy"), "");
  host.restart();
  EXPECT_EQ(host.attribute("t", "SignatureVersion"), "2");
  EXPECT_EQ(host.attribute("t.fifo", "FifoThroughputScope"), "MessageGroup");
}

TEST(SnsTopics, ArnsThatAreNone) {
  Host host;
  const Refusal cases[] = {
      {"one part", R"({"TopicArn":"x"})", "InvalidParameter",
       "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"},
      {"empty", R"({"TopicArn":""})", "InvalidParameter",
       "Invalid parameter: TopicArn Reason: no value for required parameter"},
      {"another region", R"({"TopicArn":"arn:aws:sns:eu-west-1:000000000000:t"})",
       "InvalidParameter", "Invalid parameter: TopicArn"},
      {"another service", R"({"TopicArn":"arn:aws:sqs:us-east-1:000000000000:t"})",
       "InvalidParameter", "Invalid parameter: TopicArn"},
      {"another account", R"({"TopicArn":"arn:aws:sns:us-east-1:111111111111:t"})",
       "AuthorizationError", "is not authorized"},
      {"missing", R"({"TopicArn":"arn:aws:sns:us-east-1:000000000000:t"})", "NotFound",
       "Topic does not exist"},
  };
  for (const Refusal& each : cases) expect_refused(host, "GetTopicAttributes", each);
  for (const Refusal& each : cases) expect_refused(host, "ListSubscriptionsByTopic", each);
  EXPECT_TRUE(host.call("DeleteTopic", cases[5].input).ok());
}

TEST(SnsTopics, AreListedByPagesOf100) {
  Host host;
  for (int i = 0; i < 150; ++i) ASSERT_TRUE(host.create(fmt::format("t{:03}", i)).ok());
  const Answer first = host.call("ListTopics");
  EXPECT_EQ(first.size("Topics"), 100u);
  const Answer second =
      host.call("ListTopics", fmt::format(R"({{"NextToken":"{}"}})", first.at("NextToken")));
  EXPECT_EQ(second.size("Topics"), 50u);
  EXPECT_EQ(second.at("Topics.0.TopicArn"), Host::arn("t100"));
  EXPECT_EQ(second.at("NextToken"), "");
  EXPECT_EQ(host.call("ListTopics", R"({"NextToken":"x"})").text, "Invalid parameter: NextToken");
}

TEST(SnsTopics, DeletingTakesSubscriptionsAlong) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  ASSERT_TRUE(host.create("tt").ok());
  const std::string one = host.subscribe("t", "sqs", Host::queue("q")).at("SubscriptionArn");
  ASSERT_TRUE(host.subscribe("tt", "sqs", Host::queue("q")).ok());
  EXPECT_EQ(host.call("ListSubscriptions").size("Subscriptions"), 2u);
  ASSERT_TRUE(
      host.call("DeleteTopic", fmt::format("{{{}}}", members({{"TopicArn", Host::arn("t")}})))
          .ok());
  EXPECT_EQ(host.subscription(one).error, "NotFound");
  EXPECT_EQ(host.call("ListSubscriptions").size("Subscriptions"), 1u);
  host.restart();
  EXPECT_EQ(host.call("ListSubscriptions").size("Subscriptions"), 1u);
  ASSERT_TRUE(host.create("t").ok());
  EXPECT_EQ(host.attribute("t", "SubscriptionsConfirmed"), "0");
}

TEST(SnsTopics, Permissions) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  const auto add = [&](std::string_view label, std::string_view action) {
    return host.call(
        "AddPermission",
        fmt::format(
            R"({{"TopicArn":"{}","Label":"{}","AWSAccountId":["111111111111"],"ActionName":["{}"]}})",
            Host::arn("t"), label, action));
  };
  ASSERT_TRUE(add("mine", "Publish").ok());
  EXPECT_EQ(add("mine", "Publish").text, "Invalid parameter: Statement already exists");
  EXPECT_EQ(add("other", "Fly").text,
            "Invalid parameter: Policy statement action out of service scope!");
  EXPECT_NE(
      host.attribute("t", "Policy")
          .find(
              R"({"Sid":"mine","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"SNS:Publish","Resource":"arn:aws:sns:us-east-1:000000000000:t"})"),
      std::string::npos);
  const auto remove = [&](std::string_view label) {
    return host.call("RemovePermission",
                     fmt::format(R"({{"TopicArn":"{}","Label":"{}"}})", Host::arn("t"), label));
  };
  EXPECT_TRUE(remove("unknown").ok());
  EXPECT_TRUE(remove("mine").ok());
  EXPECT_EQ(host.attribute("t", "Policy").find("mine"), std::string::npos);
}

TEST(SnsTopics, Tags) {
  Host host;
  ASSERT_TRUE(host.create("t", "", R"("Tags":[{"Key":"a","Value":"1"}])").ok());
  const auto tag = [&](std::string_view tags) {
    return host.call("TagResource",
                     fmt::format(R"({{"ResourceArn":"{}","Tags":[{}]}})", Host::arn("t"), tags));
  };
  EXPECT_TRUE(tag(R"({"Key":"b","Value":""})").ok());
  EXPECT_EQ(tag(R"({"Key":"b","Value":"x"},{"Key":"b","Value":"y"})").text,
            "Invalid parameter: Duplicated keys are not allowed.");
  std::string many;
  for (int i = 0; i < 49; ++i) {
    many += fmt::format(R"({}{{"Key":"k{}","Value":"v"}})", i == 0 ? "" : ",", i);
  }
  EXPECT_EQ(tag(many).error, "TagLimitExceeded");
  const auto list = [&] {
    return host.call("ListTagsForResource",
                     fmt::format(R"({{"ResourceArn":"{}"}})", Host::arn("t")));
  };
  EXPECT_EQ(list().size("Tags"), 2u);
  EXPECT_TRUE(
      host.call("UntagResource",
                fmt::format(R"({{"ResourceArn":"{}","TagKeys":["b","x"]}})", Host::arn("t")))
          .ok());
  EXPECT_EQ(list().size("Tags"), 1u);
  EXPECT_EQ(list().at("Tags.0.Value"), "1");
  EXPECT_EQ(host.call("ListTagsForResource",
                      fmt::format(R"({{"ResourceArn":"{}"}})", Host::arn("missing")))
                .error,
            "ResourceNotFound");
}

TEST(SnsTopics, DataProtectionPolicy) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  const auto put = [&](std::string_view policy) {
    return host.call("PutDataProtectionPolicy",
                     fmt::format("{{{}}}", members({{"ResourceArn", Host::arn("t")},
                                                    {"DataProtectionPolicy", policy}})));
  };
  EXPECT_EQ(put(R"({"Name":"p"})").error, "NotImplemented");
  EXPECT_TRUE(put("").ok());
  EXPECT_EQ(host.call("CreateTopic", R"({"Name":"u","DataProtectionPolicy":"{}"})").error,
            "NotImplemented");
  EXPECT_EQ(
      host.call("GetDataProtectionPolicy", fmt::format(R"({{"ResourceArn":"{}"}})", Host::arn("t")))
          .at("DataProtectionPolicy"),
      "");
}

TEST(SnsTopics, LargeMessagesGoToFew) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  ASSERT_TRUE(host.subscribe("t", "email", "a@b.c").ok());
  EXPECT_EQ(host.set("t", "MaximumMessageSize", "262145").error, "InvalidParameter");
  ASSERT_TRUE(host.create("u", R"("MaximumMessageSize":"1048576")").ok());
  EXPECT_EQ(host.subscribe("u", "http", "http://x/").error, "InvalidParameter");
  EXPECT_TRUE(host.subscribe("u", "sqs", Host::queue("q")).ok());
}

}  // namespace lapwing::sns::testing
