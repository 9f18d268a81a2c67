// What is in memory while the store is in doubt; deleting in steps.
#include "services/sns/catalog.hpp"

#include <memory>
#include <utility>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "services/sns/limits.hpp"
#include "services/sns/tables.hpp"
#include "store/memory/memory_engine.hpp"

namespace lapwing::sns {
namespace {

// Commits, and says that nobody knows; reads nothing.
class Doubtful final : public store::Store {
 public:
  explicit Doubtful(store::Store& store) : store_(store) {}

  Result<std::optional<store::Record>> get(std::string_view kind, std::string_view key) override {
    return store_.get(kind, key);
  }
  Result<store::ScanPage> scan(const store::ScanQuery& query) override {
    if (scans_fail) return fail(make_error(ErrorKind::kUnavailable, "no scans"));
    return store_.scan(query);
  }
  Status read(FunctionRef<Status(store::Reader&)> body) override {
    if (reads_fail) return fail(make_error(ErrorKind::kUnavailable, "no reads"));
    return store_.read(body);
  }
  Result<store::Committed> transact(FunctionRef<Status(store::Txn&)> body,
                                    const store::TransactOptions& options) override {
    auto done = store_.transact(body, options);
    if (done && doubts) return fail(make_error(ErrorKind::kUnknown, "nobody knows"));
    return done;
  }
  Status submit(store::TxnBody body, store::TransactOptions options, store::TxnDone done) override {
    return store_.submit(std::move(body), std::move(options), std::move(done));
  }
  Result<std::vector<std::string>> undeclared_owners() override {
    return store_.undeclared_owners();
  }
  Status declare_blobs(std::string_view owner) override { return store_.declare_blobs(owner); }

  bool doubts = false;
  bool scans_fail = false;
  bool reads_fail = false;

 private:
  store::Store& store_;
};

class SnsCatalog : public ::testing::Test {
 protected:
  SnsCatalog() : engine_(store::make_memory_engine(clock_)), store_(engine_->store()) {
    EXPECT_TRUE(catalog_.load());
  }

  static TopicAddress topic(std::string_view name) {
    return {{AccountId("000000000000"), Region("us-east-1")}, std::string(name)};
  }
  Result<TopicPtr> create(std::string_view name, std::string display = {}) {
    return catalog_.change(topic(name), [&](TopicPtr there) -> Result<TopicPtr> {
      Topic made = there != nullptr ? *there : Topic();
      made.scope = topic(name).scope;
      made.name = name;
      made.place = fmt::format("{}/{}", made.key(), ++places_);
      made.attributes["DisplayName"] = display;
      return std::make_shared<const Topic>(std::move(made));
    });
  }
  Result<SubscriptionPtr> subscribe(std::string_view name, std::string id) {
    const SubscriptionAddress address{topic(name), std::move(id)};
    return catalog_.change(address,
                           [&](const Topic&, const SubscriptionPtr&) -> Result<SubscriptionPtr> {
                             Subscription made;
                             made.topic = address.topic;
                             made.id = address.id;
                             made.protocol = "sqs";
                             made.endpoint = "arn:" + address.id;
                             made.state = SubscriptionState::kConfirmed;
                             return std::make_shared<const Subscription>(std::move(made));
                           });
  }
  std::size_t records(std::string_view kind) {
    std::size_t out = 0;
    EXPECT_TRUE(store::for_each_record(engine_->store(), {.kind = std::string(kind)},
                                       [&](store::Record&) -> Status {
                                         ++out;
                                         return {};
                                       }));
    return out;
  }

  ManualClock clock_;
  std::unique_ptr<store::Engine> engine_;
  Doubtful store_;
  Catalog catalog_{store_};
  int places_ = 0;
};

TEST_F(SnsCatalog, ADoubtfulCommitIsReadAgainAndNothingElse) {
  ASSERT_TRUE(create("other"));
  ASSERT_TRUE(subscribe("other", "s"));
  ASSERT_TRUE(create("t"));
  store_.doubts = store_.scans_fail = true;
  EXPECT_FALSE(create("t", "shown"));
  EXPECT_EQ(catalog_.find(topic("t"))->attribute("DisplayName"), "shown");
  EXPECT_FALSE(create("new"));
  EXPECT_NE(catalog_.find(topic("new")), nullptr);
  EXPECT_FALSE(subscribe("t", "s"));
  EXPECT_EQ(catalog_.counts(topic("t")).confirmed, 1u);
  EXPECT_NE(catalog_.find_endpoint(topic("t"), "sqs", "arn:s"), nullptr);
  EXPECT_FALSE(catalog_.erase(topic("t")));
  EXPECT_EQ(catalog_.find(topic("t")), nullptr);
  EXPECT_NE(catalog_.find(SubscriptionAddress{topic("other"), "s"}), nullptr);
  EXPECT_EQ(catalog_.count_topics(topic("t").scope, false), 2u);
}

TEST_F(SnsCatalog, WhatCannotBeReadAgainStaysAsItWas) {
  ASSERT_TRUE(create("other"));
  ASSERT_TRUE(create("t", "before"));
  ASSERT_TRUE(subscribe("t", "s"));
  store_.doubts = store_.scans_fail = store_.reads_fail = true;
  EXPECT_FALSE(create("t", "after"));
  EXPECT_FALSE(subscribe("t", "s2"));
  EXPECT_FALSE(catalog_.erase(topic("t")));
  ASSERT_NE(catalog_.find(topic("t")), nullptr);
  EXPECT_EQ(catalog_.find(topic("t"))->attribute("DisplayName"), "before");
  EXPECT_NE(catalog_.find(SubscriptionAddress{topic("t"), "s"}), nullptr);
  EXPECT_NE(catalog_.find(topic("other")), nullptr);
}

TEST_F(SnsCatalog, SubscriptionsGoInSteps) {
  const std::size_t many = 2 * kRemovalStep + 10;
  ASSERT_TRUE(create("t"));
  for (std::size_t i = 0; i < many; ++i) ASSERT_TRUE(subscribe("t", fmt::format("s{:05}", i)));
  ASSERT_TRUE(create("t-2"));
  ASSERT_TRUE(subscribe("t-2", "s"));
  const auto gone = catalog_.erase(topic("t"));
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->size(), many);
  EXPECT_EQ(catalog_.find(topic("t")), nullptr);
  EXPECT_EQ(records("sns.subscription"), many - kRemovalStep + 1);
  EXPECT_TRUE(catalog_.has_left());
  // After a crash it goes on.
  Catalog restarted(store_);
  ASSERT_TRUE(restarted.load());
  EXPECT_TRUE(restarted.has_left());
  EXPECT_TRUE(restarted.remove_some());
  EXPECT_EQ(records("sns.subscription"), many - 2 * kRemovalStep + 1);
  EXPECT_TRUE(restarted.has_left());
  EXPECT_TRUE(restarted.remove_some());
  EXPECT_FALSE(restarted.has_left());
  EXPECT_EQ(records("sns.subscription"), 1u);
  EXPECT_EQ(records("sns.removal"), 0u);
  EXPECT_TRUE(restarted.remove_some());
}

// What it has left is not the new one's, and the new one's is not removed with it.
TEST_F(SnsCatalog, ATopicOfTheSameNameBeginsWithoutSubscriptions) {
  ASSERT_TRUE(create("t"));
  for (std::size_t i = 0; i < 2 * kRemovalStep + 10; ++i) {
    ASSERT_TRUE(subscribe("t", fmt::format("s{:05}", i)));
  }
  ASSERT_TRUE(catalog_.erase(topic("t")));
  ASSERT_TRUE(create("t"));
  EXPECT_EQ(records("sns.subscription"), 0u);
  EXPECT_FALSE(catalog_.has_left());
  ASSERT_TRUE(subscribe("t", "mine"));
  EXPECT_TRUE(catalog_.remove_some());
  Catalog restarted(store_);
  ASSERT_TRUE(restarted.load());
  EXPECT_EQ(restarted.counts(topic("t")).confirmed, 1u);
}

}  // namespace
}  // namespace lapwing::sns
