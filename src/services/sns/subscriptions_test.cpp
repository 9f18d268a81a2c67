// Subscriptions: making, confirming, setting, ending them.
#include "services/sns/service.hpp"
#include "services/sns/testing/topics.hpp"

namespace lapwing::sns::testing {

std::string by_arn(std::string_view subscription_arn) {
  return fmt::format("{{{}}}", members({{"SubscriptionArn", subscription_arn}}));
}

// What is behind "Token=" in the last message that was kept.
std::string token_of(Host& host) {
  const auto kept = host.service().kept(0, 1000);
  if (!kept || kept->empty()) return "nothing was kept";
  const std::string& body = kept->back().body;
  const std::size_t at = body.find("Token=");
  return at == std::string::npos ? body : body.substr(at + 6, 256);
}

std::string confirm_input(std::string_view token, std::string_view topic = "t") {
  return fmt::format("{{{}}}", members({{"TopicArn", Host::arn(topic)}, {"Token", token}}));
}

TEST(SnsSubscriptions, OfAQueueConfirmItself) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  const std::string arn = host.subscribe("t", "sqs", Host::queue("q")).at("SubscriptionArn");
  EXPECT_TRUE(arn.starts_with(Host::arn("t") + ":")) << arn;
  const Answer got = host.subscription(arn);
  EXPECT_EQ(got.size("Attributes"), 9u) << got.text;
  EXPECT_EQ(got.at("Attributes.PendingConfirmation"), "false");
  EXPECT_EQ(got.at("Attributes.ConfirmationWasAuthenticated"), "true");
  EXPECT_EQ(got.at("Attributes.RawMessageDelivery"), "false");
  EXPECT_EQ(got.at("Attributes.Owner"), "000000000000");
  EXPECT_EQ(got.at("Attributes.SubscriptionPrincipal"), "arn:aws:iam::000000000000:root");
  EXPECT_EQ(host.attribute("t", "SubscriptionsConfirmed"), "1");
  host.restart();
  EXPECT_EQ(host.subscription(arn).text, got.text);
  ASSERT_TRUE(host.call("Unsubscribe", by_arn(arn)).ok());
  ASSERT_TRUE(host.call("Unsubscribe", by_arn(arn)).ok());
  EXPECT_EQ(host.subscription(arn).text, "Subscription does not exist");
  EXPECT_EQ(host.attribute("t", "SubscriptionsConfirmed"), "0");
  EXPECT_EQ(host.attribute("t", "SubscriptionsDeleted"), "1");
}

TEST(SnsSubscriptions, TheSameAgainIsTheSame) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  const std::string arn =
      host.subscribe("t", "sqs", Host::queue("q"), R"("RawMessageDelivery":"True")")
          .at("SubscriptionArn");
  EXPECT_EQ(host.subscription(arn).at("Attributes.RawMessageDelivery"), "true");
  EXPECT_EQ(host.subscribe("t", "sqs", Host::queue("q")).at("SubscriptionArn"), arn);
  EXPECT_EQ(host.subscribe("t", "sqs", Host::queue("q"), R"("RawMessageDelivery":"true")")
                .at("SubscriptionArn"),
            arn);
  EXPECT_EQ(host.subscribe("t", "sqs", Host::queue("q"), R"("RawMessageDelivery":"false")").text,
            "Invalid parameter: Attributes Reason: Subscription already exists with different "
            "attributes");
  EXPECT_EQ(host.call("ListSubscriptionsByTopic",
                      fmt::format("{{{}}}", members({{"TopicArn", Host::arn("t")}})))
                .size("Subscriptions"),
            1u);
}

TEST(SnsSubscriptions, RefusedEndpoints) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  ASSERT_TRUE(host.create("t.fifo").ok());
  struct Case {
    std::string_view topic, protocol, endpoint, attributes, text;
  };
  const std::string fifo_queue = Host::queue("q.fifo");
  const std::string queue = Host::queue("q");
  const std::string too_long = "http://" + std::string(2048, 'x');
  const Case cases[] = {
      {"t", "fax", "1", "", "Amazon SNS does not support this protocol string: fax"},
      {"t", "sqs", "http://localhost/000000000000/q", "", "Invalid parameter: SQS endpoint ARN"},
      {"t", "sqs", fifo_queue, "",
       "Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be "
       "subscribed to standard SNS topics"},
      {"t", "http", "https://x/", "", "Endpoint must match the specified protocol"},
      {"t", "https", "http://x/", "", "Endpoint must match the specified protocol"},
      {"t", "http", "http:///x", "", "names no host"},
      {"t", "http", too_long, "", "not an endpoint"},
      {"t", "http", "http://x/ y", "", "not an endpoint"},
      {"t", "email", "nobody", "", "Email address"},
      {"t", "sms", "12345", "", "Invalid SMS endpoint: 12345"},
      {"t", "lambda", "f", "", "Lambda endpoint ARN"},
      {"t", "firehose", "arn:aws:firehose:us-east-1:000000000000:deliverystream/d", "",
       "SubscriptionRoleArn"},
      {"t", "application", "arn:aws:sns:us-east-1:000000000000:endpoint/GCM/a/b", "",
       "Endpoint does not exist for endpoint"},
      {"t", "sqs", "", "", "Endpoint Reason: no value"},
      {"t.fifo", "email", "a@b.c", "", "Endpoint Reason: Please use FIFO SQS queue"},
      {"t", "sqs", queue, R"("Nonsense":"x")",
       "Invalid parameter: Attributes Reason: AttributeName"},
      {"t", "sqs", queue, R"("RawMessageDelivery":"x")",
       "Invalid parameter: Attributes Reason: RawMessageDelivery: Invalid value [x]. Must be true "
       "or false."},
      {"t", "sqs", queue, R"("FilterPolicyScope":"x")",
       "Invalid parameter: Attributes Reason: FilterPolicyScope: Invalid value [x]. Please use "
       "either MessageBody or MessageAttributes"},
      {"t", "sqs", queue, R"("FilterPolicy":"{")",
       "Invalid parameter: Attributes Reason: FilterPolicy: failed to parse JSON. "},
      {"t", "sqs", queue, R"("FilterPolicy":"{\"a\":{\"b\":[\"c\"]}}")",
       "Reason: Filter policy scope MessageAttributes does not support nested filter policy"},
      {"t", "sqs", queue, R"("FilterPolicy":"{\"a\":\"b\"}")",
       R"(FilterPolicy: "a" must be an object or an array)"},
      {"t", "sqs", queue,
       R"("FilterPolicy":"{\"a\":[1],\"b\":[1],\"c\":[1],\"d\":[1],\"e\":[1],\"f\":[1]}")",
       "Filter policy can not have more than 5 keys"},
      {"t", "sqs", queue, R"("RedrivePolicy":"{\"deadLetterTargetArn\":\"x\"}")",
       "RedrivePolicy: deadLetterTargetArn is an invalid arn"},
      {"t.fifo", "sqs", fifo_queue,
       R"("RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:d\"}")",
       "RedrivePolicy: must use a FIFO queue as DLQ for a FIFO Subscription to a FIFO Topic."},
      {"t", "sqs", queue, R"("DeliveryPolicy":"{\"healthyRetryPolicy\":{\"numRetries\":-1}}")",
       "DeliveryPolicy: healthyRetryPolicy.numRetries"},
      {"t", "sqs", queue, R"("ReplayPolicy":"{}")", "ReplayPolicy"},
  };
  for (const Case& each : cases) {
    const Answer got = host.subscribe(each.topic, each.protocol, each.endpoint, each.attributes);
    EXPECT_FALSE(got.ok()) << each.protocol << " " << each.endpoint << " " << each.attributes;
    EXPECT_NE(got.text.find(each.text), std::string::npos) << each.endpoint << " " << got.text;
  }
  EXPECT_EQ(host.call("ListSubscriptions").size("Subscriptions"), 0u);
  // A FIFO topic takes queues of both kinds; whether they are there is nobody's question.
  EXPECT_TRUE(host.subscribe("t.fifo", "sqs", fifo_queue).ok());
  EXPECT_TRUE(host.subscribe("t.fifo", "sqs", queue).ok());
  EXPECT_TRUE(host.subscribe("t", "sms", "+491701234567").ok());
  EXPECT_TRUE(host.subscribe("t", "lambda", Host::function("f")).ok());
}

TEST(SnsSubscriptions, WaitForTheirConfirmation) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  const Answer first = host.subscribe("t", "email", "a@b.c");
  EXPECT_EQ(first.at("SubscriptionArn"), "pending confirmation");
  const std::string arn =
      host.subscribe("t", "email", "a@b.c", "", R"("ReturnSubscriptionArn":true)")
          .at("SubscriptionArn");
  EXPECT_EQ(host.subscription(arn).at("Attributes.PendingConfirmation"), "true");
  EXPECT_EQ(host.call("ListSubscriptions").at("Subscriptions.0.SubscriptionArn"),
            "PendingConfirmation");
  EXPECT_NE(host.call("Unsubscribe", by_arn(arn))
                .text.find("Cannot unsubscribe a subscription that is pending confirmation"),
            std::string::npos);
  EXPECT_EQ(host.attribute("t", "SubscriptionsPending"), "1");
  ASSERT_TRUE(host.publish("t", "before").ok());
  const std::string token = token_of(host);
  ASSERT_EQ(token.size(), 256u) << token;
  const Refusal refusals[] = {
      {"no token", confirm_input("x"), "InvalidParameter", "Invalid parameter: Token"},
      {"unknown", confirm_input(std::string(256, 'a')), "InvalidParameter", "Invalid token"},
      {"no topic", R"({"TopicArn":"x","Token":"x"})", "InvalidParameter",
       "Invalid parameter: Topic"},
  };
  for (const Refusal& each : refusals) expect_refused(host, "ConfirmSubscription", each);
  host.restart();
  // Whose token it is, is: the topic's name is not looked at. Twice is once.
  EXPECT_EQ(
      host.follow("ConfirmSubscription", confirm_input(token, "another")).at("SubscriptionArn"),
      arn);
  EXPECT_EQ(host.follow("ConfirmSubscription", confirm_input(token)).at("SubscriptionArn"), arn);
  EXPECT_EQ(host.subscription(arn).at("Attributes.ConfirmationWasAuthenticated"), "false");
  ASSERT_TRUE(host.publish("t", "after").ok());
  const auto kept = host.service().kept(0, 10);
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 3u);
  EXPECT_TRUE(kept->back().body.starts_with("after\n\n--\n")) << kept->back().body;
}

TEST(SnsSubscriptions, ThatNobodyConfirmsGoAfterTwoDays) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  const std::string arn =
      host.subscribe("t", "email", "a@b.c", "", R"("ReturnSubscriptionArn":true)")
          .at("SubscriptionArn");
  host.advance(hours(47));
  EXPECT_TRUE(host.subscription(arn).ok());
  const std::string token = token_of(host);
  host.advance(hours(1));
  EXPECT_EQ(host.subscription(arn).error, "NotFound");
  EXPECT_EQ(host.follow("ConfirmSubscription", confirm_input(token)).text, "Invalid token");
  EXPECT_EQ(host.attribute("t", "SubscriptionsPending"), "0");
}

TEST(SnsSubscriptions, EndByALinkAndComeBackByAnother) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  const std::string arn =
      host.subscribe("t", "email", "a@b.c", "", R"("ReturnSubscriptionArn":true)")
          .at("SubscriptionArn");
  ASSERT_TRUE(host.follow("ConfirmSubscription", confirm_input(token_of(host))).ok());
  ASSERT_TRUE(host.follow("Unsubscribe", by_arn(arn)).ok());
  EXPECT_EQ(host.subscription(arn).error, "NotFound");
  EXPECT_EQ(host.call("ListSubscriptions").size("Subscriptions"), 0u);
  const std::string token = token_of(host);
  EXPECT_EQ(host.follow("ConfirmSubscription", confirm_input(token)).at("SubscriptionArn"), arn);
  EXPECT_TRUE(host.subscription(arn).ok());
  // Whose confirmation asks for it, ends by a signed request alone.
  ASSERT_TRUE(host.subscribe("t", "email", "d@e.f").ok());
  const std::string other =
      host.call("ConfirmSubscription",
                fmt::format("{{{}}}", members({{"TopicArn", Host::arn("t")},
                                               {"Token", token_of(host)},
                                               {"AuthenticateOnUnsubscribe", "true"}})))
          .at("SubscriptionArn");
  EXPECT_EQ(host.follow("Unsubscribe", by_arn(other)).error, "AuthorizationError");
  EXPECT_TRUE(host.call("Unsubscribe", by_arn(other)).ok());
}

TEST(SnsSubscriptions, ArnsThatAreNone) {
  Host host;
  const Refusal cases[] = {
      {"one part", R"({"SubscriptionArn":"x"})", "InvalidParameter",
       "SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"},
      {"empty", R"({"SubscriptionArn":""})", "InvalidParameter",
       "Invalid parameter: SubscriptionArn Reason: no value for required parameter"},
      {"a topic", R"({"SubscriptionArn":"arn:aws:sns:us-east-1:000000000000:t"})",
       "InvalidParameter", "Invalid parameter: SubscriptionId"},
      {"no UUID", R"({"SubscriptionArn":"arn:aws:sns:us-east-1:000000000000:t:x"})",
       "InvalidParameter", "Invalid parameter: SubscriptionId"},
  };
  for (const Refusal& each : cases) expect_refused(host, "Unsubscribe", each);
  for (const Refusal& each : cases) expect_refused(host, "GetSubscriptionAttributes", each);
  const std::string missing =
      by_arn("arn:aws:sns:us-east-1:000000000000:t:3f2504e0-4f89-41d3-9a0c-0305e82c3301");
  EXPECT_TRUE(host.call("Unsubscribe", missing).ok());
  EXPECT_EQ(host.call("GetSubscriptionAttributes", missing).text, "Subscription does not exist");
}

TEST(SnsSubscriptions, Attributes) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  const std::string arn =
      host.subscribe("t", "http", "http://x/", "", R"("ReturnSubscriptionArn":true)")
          .at("SubscriptionArn");
  EXPECT_EQ(
      host.subscription(arn).at("Attributes.EffectiveDeliveryPolicy"),
      R"({"healthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"sicklyRetryPolicy":null,"throttlePolicy":null,"requestPolicy":{"headerContentType":"text/plain; charset=UTF-8"},"guaranteed":false})");
  ASSERT_TRUE(host.set_subscription(arn, "DeliveryPolicy",
                                    R"({"requestPolicy":{"headerContentType":"application/json"}})")
                  .ok());
  EXPECT_EQ(
      host.subscription(arn).at("Attributes.DeliveryPolicy"),
      R"({"healthyRetryPolicy":null,"sicklyRetryPolicy":null,"throttlePolicy":null,"requestPolicy":{"headerContentType":"application/json"},"guaranteed":false})");
  const std::string policy = R"({"a":["b"]})";
  ASSERT_TRUE(host.set_subscription(arn, "FilterPolicy", policy).ok());
  EXPECT_EQ(host.subscription(arn).at("Attributes.FilterPolicyScope"), "MessageAttributes");
  EXPECT_EQ(
      host.set_subscription(arn, "FilterPolicy", R"({"a":{"b":["c"]}})").text,
      "Invalid parameter: Filter policy scope MessageAttributes does not support nested filter "
      "policy");
  ASSERT_TRUE(host.set_subscription(arn, "FilterPolicyScope", "MessageBody").ok());
  EXPECT_TRUE(host.set_subscription(arn, "FilterPolicy", R"({"a":{"b":["c"]}})").ok());
  // As attributes it would be nested.
  EXPECT_FALSE(host.set_subscription(arn, "FilterPolicyScope", "MessageAttributes").ok());
  EXPECT_TRUE(host.set_subscription(arn, "FilterPolicy", "{}").ok());
  EXPECT_EQ(host.subscription(arn).at("Attributes.FilterPolicy"), "");
  const std::string redrive = R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:d"})";
  ASSERT_TRUE(host.set_subscription(arn, "RedrivePolicy", redrive).ok());
  EXPECT_EQ(host.subscription(arn).at("Attributes.RedrivePolicy"), redrive);
  EXPECT_FALSE(host.set_subscription(arn, "RedrivePolicy", "").ok());
  ASSERT_TRUE(host.call("SetSubscriptionAttributes",
                        fmt::format("{{{}}}", members({{"SubscriptionArn", arn},
                                                       {"AttributeName", "RedrivePolicy"}})))
                  .ok());
  EXPECT_EQ(host.subscription(arn).at("Attributes.RedrivePolicy"), "");
  EXPECT_EQ(host.set_subscription(arn, "Endpoint", "http://y/").text,
            "Invalid parameter: AttributeName");
}

TEST(SnsSubscriptions, Limits) {
  Host host;
  ASSERT_TRUE(host.create("t").ok());
  ASSERT_TRUE(host.create("t.fifo").ok());
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(host.subscribe("t", "sqs", Host::queue(fmt::format("q{}", i)),
                               R"("FilterPolicy":"{\"a\":[\"b\"]}")")
                    .ok());
  }
  EXPECT_EQ(
      host.subscribe("t", "sqs", Host::queue("more"), R"("FilterPolicy":"{\"a\":[\"b\"]}")").error,
      "FilterPolicyLimitExceeded");
  const std::string without = host.subscribe("t", "sqs", Host::queue("more")).at("SubscriptionArn");
  EXPECT_EQ(host.set_subscription(without, "FilterPolicy", R"({"a":["b"]})").error,
            "FilterPolicyLimitExceeded");
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(host.subscribe("t.fifo", "sqs", Host::queue(fmt::format("q{}.fifo", i))).ok());
  }
  EXPECT_EQ(host.subscribe("t.fifo", "sqs", Host::queue("more.fifo")).error,
            "SubscriptionLimitExceeded");
  const Answer page = host.call("ListSubscriptionsByTopic",
                                fmt::format("{{{}}}", members({{"TopicArn", Host::arn("t")}})));
  EXPECT_EQ(page.size("Subscriptions"), 100u);
  std::size_t all = 0;
  std::string token;
  do {
    const Answer next = host.call(
        "ListSubscriptions", token.empty() ? "{}" : fmt::format(R"({{"NextToken":"{}"}})", token));
    all += next.size("Subscriptions");
    token = next.at("NextToken");
  } while (!token.empty());
  EXPECT_EQ(all, 301u);
}

}  // namespace lapwing::sns::testing
