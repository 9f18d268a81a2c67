// From Publish to those who get it, over the outbox.
#include <deque>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/destination.hpp"
#include "services/sns/testing/topics.hpp"
#include "text/json.hpp"

namespace lapwing::sns::testing {

using ports::Delivered;
using ports::Parcel;

// Keeps what comes, and answers what it is told; then it takes everything.
class Recorder final : public ports::Destination {
 public:
  explicit Recorder(bool is_quick) : quick_(is_quick) {}

  net::Task<std::vector<Delivered>> deliver(net::Loop&,
                                            const std::vector<Parcel>& parcels) override {
    const std::scoped_lock lock(mutex_);
    std::vector<Delivered> out;
    for (const Parcel& parcel : parcels) {
      parcels_.push_back(parcel);
      Delivered answer;
      if (!script_.empty()) {
        answer = script_.front();
        script_.pop_front();
      }
      out.push_back(std::move(answer));
    }
    co_return out;
  }
  bool quick() const override { return quick_; }

  void answers(std::vector<Delivered> script) {
    const std::scoped_lock lock(mutex_);
    script_.assign(script.begin(), script.end());
  }
  // And forgets it.
  std::vector<Parcel> take() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(parcels_, {});
  }

 private:
  const bool quick_;
  std::mutex mutex_;
  std::vector<Parcel> parcels_;
  std::deque<Delivered> script_;
};

class SnsDelivered : public ::testing::Test {
 protected:
  SnsDelivered() {
    host.ports.destinations->add("sqs", queues);
    host.ports.destinations->add("lambda", functions);
    host.ports.destinations->add("http", web);
    EXPECT_TRUE(host.create("t").ok());
  }
  // What is due has been attempted.
  void settle() { host.advance(Duration::zero()); }
  static std::string member(const std::string& body, std::string_view name) {
    const auto document = text::parse_json_copy(body);
    const text::JsonValue* const found = document ? document->root().find(name) : nullptr;
    return found == nullptr ? "(none)" : std::string(found->as_string());
  }

  Recorder queues{true};
  Recorder functions{true};
  Recorder web{false};
  Host host;
};

TEST_F(SnsDelivered, ToAllThatMatchOnce) {
  ASSERT_TRUE(host.subscribe("t", "sqs", Host::queue("a")).ok());
  ASSERT_TRUE(
      host.subscribe("t", "sqs", Host::queue("b"), R"("FilterPolicy":"{\"k\":[\"v\"]}")").ok());
  ASSERT_TRUE(host.subscribe("t", "sqs", Host::queue("c"), R"("RawMessageDelivery":"true")").ok());
  ASSERT_TRUE(host.subscribe("t", "lambda", Host::function("f")).ok());
  const std::string id = host.publish("t", "hello").at("MessageId");
  settle();
  const auto parcels = queues.take();
  ASSERT_EQ(parcels.size(), 2u);
  for (const Parcel& parcel : parcels) {
    EXPECT_EQ(parcel.target == Host::queue("c") ? parcel.body : member(parcel.body, "Message"),
              "hello");
  }
  EXPECT_EQ(member(parcels[0].target == Host::queue("a") ? parcels[0].body : parcels[1].body,
                   "MessageId"),
            id);
  EXPECT_EQ(functions.take().size(), 1u);
  host.restart();
  settle();
  EXPECT_TRUE(queues.take().empty()) << "once";
}

TEST_F(SnsDelivered, WhatAnEarlierRunAcceptedArrives) {
  ASSERT_TRUE(host.subscribe("t", "sqs", Host::queue("a")).ok());
  queues.answers({{.kind = Delivered::Kind::kLater, .code = "Throttled"},
                  {.kind = Delivered::Kind::kLater, .code = "Throttled"},
                  {.kind = Delivered::Kind::kLater, .code = "Throttled"},
                  {.kind = Delivered::Kind::kLater, .code = "Throttled"}});
  ASSERT_TRUE(host.publish("t", "hello").ok());
  settle();
  EXPECT_GE(queues.take().size(), 3u) << "three at once";
  host.restart();
  host.advance(minutes(1));
  const auto parcels = queues.take();
  ASSERT_FALSE(parcels.empty());
  EXPECT_EQ(member(parcels.back().body, "Message"), "hello");
}

TEST_F(SnsDelivered, RefusedOnesGoToTheDeadLetterQueueAtOnce) {
  ASSERT_TRUE(
      host.subscribe(
              "t", "lambda", Host::function("f"),
              R"("RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:d\"}")")
          .ok());
  functions.answers({{.kind = Delivered::Kind::kRefused, .code = "ResourceNotFoundException"}});
  ASSERT_TRUE(host.publish("t", "hello").ok());
  settle();
  EXPECT_EQ(functions.take().size(), 1u);
  const auto letters = queues.take();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].target, Host::queue("d"));
  EXPECT_EQ(member(letters[0].body, "Type"), "Notification") << letters[0].body;
}

TEST_F(SnsDelivered, HttpConfirmsAndIsTriedAgain) {
  const std::string arn =
      host.subscribe("t", "http", "http://x/in", "", R"("ReturnSubscriptionArn":true)")
          .at("SubscriptionArn");
  settle();
  auto asked = web.take();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].target, "http://x/in");
  EXPECT_EQ(member(asked[0].body, "Type"), "SubscriptionConfirmation");
  EXPECT_EQ(member(asked[0].body, "Message"),
            "You have chosen to subscribe to the topic " + Host::arn("t") +
                ".\nTo confirm the subscription, visit the SubscribeURL included in this message.");
  ASSERT_TRUE(host.publish("t", "too early").ok());
  settle();
  EXPECT_TRUE(web.take().empty()) << "only after it confirmed";
  const std::string token = member(asked[0].body, "Token");
  ASSERT_EQ(
      host.follow("ConfirmSubscription",
                  fmt::format("{{{}}}", members({{"TopicArn", Host::arn("t")}, {"Token", token}})))
          .at("SubscriptionArn"),
      arn);
  const Delivered failed{.kind = Delivered::Kind::kLater, .code = "500"};
  web.answers({failed, failed, failed});
  ASSERT_TRUE(host.publish("t", "hello").ok());
  settle();
  std::vector<Parcel> all = web.take();
  ASSERT_EQ(all.size(), 1u);
  for (int i = 0; i < 3; ++i) {
    host.advance(seconds(19));
    EXPECT_TRUE(web.take().empty());
    host.advance(seconds(1));
    const auto again = web.take();
    ASSERT_EQ(again.size(), 1u) << i;
    EXPECT_EQ(member(again[0].body, "MessageId"), member(all[0].body, "MessageId"));
    EXPECT_EQ(again[0].body, all[0].body);
  }
  host.advance(minutes(10));
  EXPECT_TRUE(web.take().empty());
  // Ended by a link: told, and restored by another.
  ASSERT_TRUE(
      host.follow("Unsubscribe", fmt::format("{{{}}}", members({{"SubscriptionArn", arn}}))).ok());
  settle();
  asked = web.take();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(member(asked[0].body, "Type"), "UnsubscribeConfirmation");
  ASSERT_TRUE(host.publish("t", "to nobody").ok());
  settle();
  EXPECT_TRUE(web.take().empty());
}

TEST_F(SnsDelivered, FifoKeepsTheOrderOfAGroup) {
  ASSERT_TRUE(host.create("t.fifo", R"("ContentBasedDeduplication":"true")").ok());
  ASSERT_TRUE(
      host.subscribe("t.fifo", "sqs", Host::queue("q.fifo"), R"("RawMessageDelivery":"true")")
          .ok());
  queues.answers({{.kind = Delivered::Kind::kLater, .code = "Throttled"}});
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(host.publish("t.fifo", std::to_string(i), members({{"MessageGroupId", "g"}})).ok());
  }
  ASSERT_TRUE(host.publish("t.fifo", "0", members({{"MessageGroupId", "g"}})).ok()) << "again";
  host.advance(minutes(1));
  std::string bodies;
  for (const Parcel& parcel : queues.take()) {
    bodies += parcel.body;
    EXPECT_EQ(parcel.group, "g");
  }
  EXPECT_EQ(bodies, "001234") << "the first one twice";
}

// As an outbox of another service hands it over.
std::vector<Delivered> hand_over(ports::Destination& to, std::vector<Parcel> parcels) {
  SystemClock real;
  net::Loop loop(real, null_logger());
  std::vector<Delivered> out;
  loop.post([&] {
    loop.spawn([](ports::Destination& where, net::Loop& on, const std::vector<Parcel>& what,
                  std::vector<Delivered>& answers) -> net::Task<void> {
      answers = co_await where.deliver(on, what);
      on.stop();
    }(to, loop, parcels, out));
  });
  loop.run();
  return out;
}

TEST_F(SnsDelivered, ATopicIsADestination) {
  ASSERT_TRUE(host.subscribe("t", "sqs", Host::queue("a"), R"("RawMessageDelivery":"true")").ok());
  ports::Destination* const topics = host.ports.destinations->find(Host::arn("t"));
  ASSERT_NE(topics, nullptr);
  const ports::OnBehalf as{.service = "lambda.amazonaws.com",
                           .source_arn = Host::function("f"),
                           .source_account = AccountId("000000000000"),
                           .role_arn = {}};
  EXPECT_EQ(hand_over(*topics, {{.target = Host::arn("t"), .body = "hello", .as = as}})[0].code,
            "AuthorizationError")
      << "the default lets no service";
  ASSERT_TRUE(
      host.set(
              "t", "Policy",
              R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"SNS:Publish","Resource":"arn:aws:sns:us-east-1:000000000000:t","Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}}]})")
          .ok());
  const ports::OnBehalf stranger{.service = "lambda.amazonaws.com",
                                 .source_arn = Host::function("f"),
                                 .source_account = AccountId("111111111111"),
                                 .role_arn = {}};
  const auto answers = hand_over(
      *topics,
      {{.target = Host::arn("t"), .body = "hello", .as = as, .attributes = {{"n", "Number", "1"}}},
       {.target = Host::arn("missing"), .body = "hello", .as = as},
       {.target = Host::arn("t"), .body = "hello", .as = stranger},
       {.target = Host::arn("t"), .body = "", .as = as}});
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[0].kind, Delivered::Kind::kTaken);
  EXPECT_EQ(answers[0].answer.size(), 36u);
  EXPECT_EQ(answers[1].code, "NotFound");
  EXPECT_EQ(answers[2].code, "AuthorizationError");
  EXPECT_EQ(answers[3].kind, Delivered::Kind::kRefused);
  settle();
  const auto parcels = queues.take();
  ASSERT_EQ(parcels.size(), 1u);
  EXPECT_EQ(parcels[0].attributes.at(0).type, "Number");
}

// An outbox's call has up to a thousand parcels and a limit of time; what it does not hear of comes
// again.
TEST_F(SnsDelivered, ManyParcelsAreOneCommitAndTakenOnce) {
  ASSERT_TRUE(host.subscribe("t", "sqs", Host::queue("a"), R"("RawMessageDelivery":"true")").ok());
  ASSERT_TRUE(host.create("u").ok());
  ASSERT_TRUE(host.subscribe("u", "sqs", Host::queue("b"), R"("RawMessageDelivery":"true")").ok());
  ports::Destination* const topics = host.ports.destinations->find(Host::arn("t"));
  const ports::OnBehalf as{.service = {},
                           .source_arn = {},
                           .source_account = AccountId("000000000000"),
                           .role_arn = "arn:aws:iam::000000000000:role/r"};
  constexpr int kMany = 200;
  std::vector<Parcel> parcels;
  for (int i = 0; i < kMany; ++i) {
    parcels.push_back({.id = "p" + std::to_string(i),
                       .target = Host::arn(i % 2 == 0 ? "t" : "u"),
                       .body = std::to_string(i),
                       .as = as});
  }
  parcels.push_back({.id = "nowhere", .target = Host::arn("v"), .body = "x", .as = as});
  const std::uint64_t before = host.changes();
  const auto first = hand_over(*topics, parcels);
  ASSERT_EQ(first.size(), parcels.size());
  EXPECT_LE(host.changes() - before, 2u);
  EXPECT_EQ(first.back().code, "NotFound");
  const auto again = hand_over(*topics, parcels);
  for (int i = 0; i < kMany; ++i) EXPECT_EQ(again[i].answer, first[i].answer) << i;
  settle();
  std::multiset<std::string> bodies;
  for (const Parcel& parcel : queues.take()) bodies.insert(parcel.body);
  EXPECT_EQ(bodies.size(), static_cast<std::size_t>(kMany));
  EXPECT_EQ(std::set<std::string>(bodies.begin(), bodies.end()).size(), bodies.size());
  // It is forgotten after a while, as deduplication ids are.
  host.advance(minutes(6));
  const auto space = host.engine->space("sns");
  EXPECT_TRUE((*space)->store().scan({.kind = "sns.taken"})->records.empty());
}

TEST_F(SnsDelivered, ManySubscribersGetItAll) {
  constexpr int kMany = 1200;
  for (int i = 0; i < kMany; ++i) {
    ASSERT_TRUE(host.subscribe("t", "sqs", Host::queue(fmt::format("q{}", i)),
                               R"("RawMessageDelivery":"true")")
                    .ok());
  }
  ASSERT_TRUE(host.publish("t", "hello").ok());
  settle();
  std::set<std::string> targets;
  for (const Parcel& parcel : queues.take()) targets.insert(parcel.target);
  EXPECT_EQ(targets.size(), static_cast<std::size_t>(kMany));
}

}  // namespace lapwing::sns::testing
