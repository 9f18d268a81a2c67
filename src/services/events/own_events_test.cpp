// Events of services on default buses: for those who want them, and from nobody else.
#include "services/events/own_events.hpp"

#include <future>

#include "services/events/testing/bus_host.hpp"

namespace lapwing::events {
namespace {

using testing::BusHost;
using testing::Delivered;

class OwnEventsTest : public ::testing::Test {
 protected:
  ports::OwnEvents& own() {
    EXPECT_TRUE(h.call("ListRules").ok());  // it is there
    return *h.ports.own_events;
  }
  ports::OwnEvent event(std::string source = "aws.s3") {
    return {.scope = {AccountId("000000000000"), Region("us-east-1")},
            .source = std::move(source),
            .detail_type = "Object Created",
            .detail = R"({"bucket":{"name":"b"}})",
            .resources = {"arn:aws:s3:::b"}};
  }
  Status put(ports::OwnEvent what) {
    const Status out = put_alone(std::move(what));
    h.settle();
    return out;
  }
  Status put_alone(ports::OwnEvent what) {
    std::promise<Status> done;
    h.loop().post([&] {
      h.loop().spawn([](ports::OwnEvents& to, net::Loop& loop, ports::OwnEvent each,
                        std::promise<Status>& out) -> net::Task<void> {
        out.set_value(co_await to.put(loop, std::move(each)));
      }(own_, h.loop(), what, done));
    });
    return done.get_future().get();
  }
  // What a bus says to a parcel.
  Delivered parcel(const ports::Parcel& what) {
    std::promise<Delivered> done;
    h.loop().post([&] {
      h.loop().spawn([](ports::Destination& to, net::Loop& loop, ports::Parcel each,
                        std::promise<Delivered>& out) -> net::Task<void> {
        const std::vector<ports::Parcel> one{std::move(each)};
        auto answers = co_await to.deliver(loop, one);
        out.set_value(answers.at(0));
      }(*h.ports.destinations->find(what.target), h.loop(), what, done));
    });
    const Delivered out = done.get_future().get();
    h.settle();
    return out;
  }

  BusHost h;
  ports::OwnEvents& own_ = own();
};

TEST_F(OwnEventsTest, NobodyWantsThemBeforeThereIsARule) {
  const aws::Scope here = event().scope;
  EXPECT_FALSE(own_.wanted(here));
  h.settle();
  const std::uint64_t changes = h.changes();
  EXPECT_TRUE(put_alone(event()));
  EXPECT_EQ(h.changes(), changes);
  ASSERT_TRUE(h.rule("r", R"({"source":["aws.s3"]})").ok());
  EXPECT_TRUE(own_.wanted(here));
  EXPECT_FALSE(own_.wanted({AccountId("111111111111"), here.region}));
  EXPECT_FALSE(own_.wanted({here.account, Region("eu-west-1")}));
  ASSERT_TRUE(h.call("DeleteRule", R"({"Name":"r"})").ok());
  EXPECT_FALSE(own_.wanted(here));
}

TEST_F(OwnEventsTest, ComeToTheTargetsOfRulesThatMatch) {
  ASSERT_TRUE(h.rule("r", R"({"source":["aws.s3"],"detail":{"bucket":{"name":["b"]}}})").ok());
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q")).ok());
  EXPECT_TRUE(put(event()));
  EXPECT_TRUE(put(event("aws.states")));
  const auto taken = h.queues.taken(BusHost::queue("q"));
  ASSERT_EQ(taken.size(), 1u);
  const std::string& body = taken[0].body;
  for (const char* const part : {R"("source":"aws.s3")", R"("detail-type":"Object Created")",
                                 R"("resources":["arn:aws:s3:::b"])", R"("account":"000000000000")",
                                 R"("bucket":{"name":"b"})"}) {
    EXPECT_TRUE(body.contains(part)) << part << " " << body;
  }
}

TEST_F(OwnEventsTest, WhatIsNoneIsRefused) {
  ASSERT_TRUE(h.rule("r", R"({"source":["app"]})").ok());
  EXPECT_FALSE(put(event("app")));
  ports::OwnEvent bad = event();
  bad.detail = "[]";
  EXPECT_FALSE(put(bad));
}

TEST_F(OwnEventsTest, AreTakenOutOfAnOutboxOfTheServiceAlone) {
  ASSERT_TRUE(h.rule("r", R"({"source":["aws.s3"]})").ok());
  ASSERT_TRUE(h.target("r", "t", BusHost::queue("q")).ok());
  ports::Parcel sent = ports::own_event_parcel(event());
  EXPECT_EQ(sent.target, BusHost::arn("event-bus/default"));
  EXPECT_EQ(parcel(sent).kind, Delivered::Kind::kTaken);
  EXPECT_EQ(h.queues.taken(BusHost::queue("q")).size(), 1u);
  // A schedule, a function: under roles, or as themselves.
  for (const char* const service : {"", "scheduler.amazonaws.com", "sns.amazonaws.com"}) {
    sent.as.service = service;
    sent.as.role_arn = "arn:aws:iam::000000000000:role/r";
    const Delivered answer = parcel(sent);
    EXPECT_EQ(answer.kind, Delivered::Kind::kRefused) << service;
    EXPECT_EQ(answer.code, "NotAuthorizedForSourceException");
  }
  EXPECT_EQ(h.queues.taken(BusHost::queue("q")).size(), 1u);
}

TEST_F(OwnEventsTest, ClientsAndRulesForgeNone) {
  const testing::Answer put = h.put("aws.s3", "{}");
  EXPECT_EQ(put.at("Entries.0.ErrorCode"), "NotAuthorizedForSourceException");
  ASSERT_TRUE(h.call("CreateEventBus", R"({"Name":"other"})").ok());
  ASSERT_TRUE(h.rule("r", R"({"source":["app"]})").ok());
  const std::string forged =
      R"({"version":"0","id":"1","detail-type":"t","source":"aws.s3","account":"1",)"
      R"("time":"2026-01-01T00:00:00Z","region":"us-east-1","resources":[],"detail":{}})";
  ASSERT_TRUE(
      h.target("r", "t", BusHost::arn("event-bus/other"), "\"Input\":" + testing::in_quotes(forged))
          .ok());
  ASSERT_TRUE(h.call("PutRule", R"({"Name":"all","EventBusName":"other",)"
                                R"("EventPattern":"{\"source\":[\"aws.s3\"]}"})")
                  .ok());
  ASSERT_TRUE(h.target("all", "t", BusHost::queue("q"), "", "other").ok());
  EXPECT_TRUE(h.put("app", "{}").ok());
  EXPECT_TRUE(h.queues.taken(BusHost::queue("q")).empty());
}

}  // namespace
}  // namespace lapwing::events
