// Events of other services in log groups.
#include "services/logs/deliveries.hpp"

#include <future>
#include <memory>
#include <stdexcept>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "hosting/testing/host.hpp"
#include "net/loop_group.hpp"
#include "net/worker_pool.hpp"
#include "services/logs/limits.hpp"
#include "services/logs/service.hpp"
#include "services/logs/testing/fixture.hpp"

namespace lapwing::logs {
namespace {

using hosting::testing::Host;
using ports::Delivered;

constexpr const char* kGroup = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/g";

// Under a role of the group's account.
std::vector<ports::Parcel> parcels_of(std::size_t count) {
  std::vector<ports::Parcel> out(count);
  for (ports::Parcel& each : out) {
    each.as.source_account = AccountId("000000000000");
    each.as.role_arn = "arn:aws:iam::000000000000:role/r";
    each.target = kGroup;
  }
  return out;
}

std::vector<Delivered> send(net::Loop& loop, ports::Destination& logs,
                            const std::vector<ports::Parcel>& parcels) {
  auto promise = std::make_shared<std::promise<std::vector<Delivered>>>();
  loop.post([&loop, &logs, &parcels, promise] {
    loop.spawn([](net::Loop& on, ports::Destination& to, const std::vector<ports::Parcel>& what,
                  std::shared_ptr<std::promise<std::vector<Delivered>>> answer) -> net::Task<void> {
      answer->set_value(co_await to.deliver(on, what));
    }(loop, logs, parcels, promise));
  });
  return promise->get_future().get();
}

std::vector<Delivered> send(Host<Service>& host, const std::vector<ports::Parcel>& parcels) {
  ports::Destination* const logs = host.ports.destinations->find(kGroup);
  if (logs == nullptr) throw std::runtime_error("logs are no destination");
  return send(host.loop(), *logs, parcels);
}

TEST(LogDeliveries, BecomeEventsOfAGroupThatIsThere) {
  Host<Service> host;
  std::vector<ports::Parcel> parcels = parcels_of(2);
  parcels[0].target = fmt::format("{}:*", kGroup);
  parcels[0].body = R"({"detail":{}})";
  parcels[1].body = R"({"timestamp":1699999999000,"message":"said"})";
  const auto refused = send(host, parcels);
  EXPECT_EQ(refused.at(0).kind, Delivered::Kind::kRefused);
  EXPECT_EQ(refused.at(0).code, "ResourceNotFoundException");
  ASSERT_TRUE(host.call("CreateLogGroup", R"({"logGroupName":"/aws/events/g"})").ok());
  for (const Delivered& each : send(host, parcels)) {
    EXPECT_EQ(each.kind, Delivered::Kind::kTaken) << each.message;
  }
  const auto found = host.call("FilterLogEvents", R"({"logGroupName":"/aws/events/g"})");
  EXPECT_EQ(found.at("events.0.message"), "said") << found.text;
  EXPECT_EQ(found.at("events.0.logStreamName"), "events/2023/11/14");
  EXPECT_EQ(found.at("events.1.message"), R"({"detail":{}})");
  parcels.resize(1);
  parcels[0].body = "timed";
  parcels[0].time_ms = 1'699'999'998'000;
  parcels[0].log_stream = "own";
  EXPECT_EQ(send(host, parcels).at(0).kind, Delivered::Kind::kTaken);
  const auto own =
      host.call("FilterLogEvents", R"({"logGroupName":"/aws/events/g","logStreamNames":["own"]})");
  EXPECT_EQ(own.at("events.0.message"), "timed") << own.text;
  EXPECT_EQ(own.at("events.0.timestamp"), "1699999998000");
  parcels[0].body = std::string(1024 * 1024, 'x');
  EXPECT_EQ(send(host, parcels).at(0).kind, Delivered::Kind::kRefused);
}

TEST(LogDeliveries, AreTakenOnceForFiveMinutes) {
  Host<Service> host;
  ASSERT_TRUE(host.call("CreateLogGroup", R"({"logGroupName":"/aws/events/g"})").ok());
  std::vector<ports::Parcel> parcels = parcels_of(3);
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    parcels[i].id = i == 2 ? "0" : std::to_string(i);
    parcels[i].body = std::to_string(i);
  }
  const auto first = send(host, parcels);
  EXPECT_EQ(first[0].kind, Delivered::Kind::kTaken);
  EXPECT_EQ(first[2].kind, Delivered::Kind::kLater);  // the same, not written yet
  for (const Delivered& each : send(host, parcels)) EXPECT_EQ(each.kind, Delivered::Kind::kTaken);
  const auto count = [&] {
    return host.call("FilterLogEvents", R"({"logGroupName":"/aws/events/g"})").size("events");
  };
  EXPECT_EQ(count(), 2U);
  host.advance(kTakenOnceFor);
  parcels.resize(2);
  send(host, parcels);
  EXPECT_EQ(count(), 4U);
}

// One that was not written is no repeat.
TEST(LogDeliveries, ThatWereRefusedMayComeAgain) {
  Host<Service> host;
  std::vector<ports::Parcel> parcels = parcels_of(1);
  parcels[0].id = "1";
  EXPECT_EQ(send(host, parcels)[0].kind, Delivered::Kind::kRefused);
  ASSERT_TRUE(host.call("CreateLogGroup", R"({"logGroupName":"/aws/events/g"})").ok());
  EXPECT_EQ(send(host, parcels)[0].kind, Delivered::Kind::kTaken);
}

class TogetherTest : public LogsFixture {
 protected:
  TogetherTest() { loops_.start(); }
  ~TogetherTest() override { loops_.stop(); }

  SystemClock real_time_;
  net::LoopGroup loops_{1, real_time_, null_logger()};
  net::WorkerPool workers_{1};
};

TEST_F(TogetherTest, OfManyStreamsComeInFewCommits) {
  make_group("/aws/events/g");
  Deliveries deliveries(*core_, workers_);
  std::vector<ports::Parcel> parcels = parcels_of(kDeliveriesOfCommit + 10);
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    parcels[i].body = std::to_string(i);
    parcels[i].log_stream = fmt::format("s{}", i % 7);
  }
  for (const Delivered& each : send(loops_.at(0), deliveries, parcels)) {
    EXPECT_EQ(each.kind, Delivered::Kind::kTaken);
  }
  EXPECT_EQ(disk_.commits_of_several, 2);
  EXPECT_EQ(filter("/aws/events/g")->events->size(), parcels.size());
}

}  // namespace
}  // namespace lapwing::logs
