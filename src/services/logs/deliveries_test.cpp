// Events of other services in log groups.
#include "services/logs/deliveries.hpp"

#include <future>
#include <memory>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "hosting/testing/host.hpp"
#include "services/logs/service.hpp"

namespace lapwing::logs {
namespace {

using hosting::testing::Host;
using ports::Delivered;

constexpr const char* kGroup = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/events/g";

std::vector<Delivered> send(Host<Service>& host, const std::vector<ports::Parcel>& parcels) {
  ports::Destination* const logs = host.ports.destinations->find(kGroup);
  EXPECT_NE(logs, nullptr);
  auto promise = std::make_shared<std::promise<std::vector<Delivered>>>();
  net::Loop& loop = host.loop();
  loop.post([&loop, logs, &parcels, promise] {
    loop.spawn([](net::Loop& on, ports::Destination& to, const std::vector<ports::Parcel>& what,
                  std::shared_ptr<std::promise<std::vector<Delivered>>> answer) -> net::Task<void> {
      answer->set_value(co_await to.deliver(on, what));
    }(loop, *logs, parcels, promise));
  });
  return promise->get_future().get();
}

TEST(LogDeliveries, BecomeEventsOfAGroupThatIsThere) {
  Host<Service> host;
  std::vector<ports::Parcel> parcels(2);
  parcels[0].target = fmt::format("{}:*", kGroup);
  parcels[0].body = R"({"detail":{}})";
  parcels[1].target = kGroup;
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

}  // namespace
}  // namespace lapwing::logs
