// Events: what is taken, what targets get of it, and what becomes of those that fail.
#include <future>
#include <memory>

#include "services/events/limits.hpp"
#include "services/events/testing/bus_host.hpp"
#include "text/json.hpp"

namespace lapwing::events {
namespace {

using testing::Answer;
using testing::BusHost;
using testing::Delivered;
using testing::in_quotes;
using testing::minutes;
using testing::seconds;

Delivered later(std::string code) {
  return {.kind = Delivered::Kind::kLater, .code = std::move(code), .message = "not now"};
}
Delivered refused(std::string code) {
  return {.kind = Delivered::Kind::kRefused, .code = std::move(code), .message = "never"};
}

// A member of a body that is JSON.
std::string in(std::string_view body, std::string_view path) {
  return Answer{.text = std::string(body), .error = {}}.at(path);
}

TEST(PutEvents, ATargetGetsTheEnvelopeInItsOrder) {
  BusHost h;
  h.to_queue("q");
  const Answer put = h.put("app", R"({ "a" : 1, "b": [ 1.50, null ], "a": "\u00e9" })",
                           R"("Resources":["arn:x"],"Time":"2023-01-01T10:20:30.999Z")");
  const std::string id = put.at("Entries.0.EventId");
  EXPECT_EQ(put.at("FailedEntryCount"), "0");
  EXPECT_EQ(h.bodies("q"),
            fmt::format(R"({{"version":"0","id":"{}","detail-type":"t","source":"app",)"
                        R"("account":"000000000000","time":"2023-01-01T10:20:30Z",)"
                        R"("region":"us-east-1","resources":["arn:x"],)"
                        R"("detail":{{"a":"é","b":[1.50,null]}}}})",
                        id));
  const ports::Parcel parcel = h.queues.taken(BusHost::queue("q"))[0];
  EXPECT_EQ(parcel.as.service, "events.amazonaws.com");
  EXPECT_EQ(parcel.as.source_arn, BusHost::arn("rule/r"));
  EXPECT_EQ(parcel.as.source_account.view(), "000000000000");
}

TEST(PutEvents, GoToEachTargetOfEachRuleThatMatches) {
  BusHost h;
  ASSERT_TRUE(h.rule("a", R"({"source":["app"]})").ok());
  ASSERT_TRUE(h.rule("b", R"({"detail":{"n":[{"numeric":[">",1]}]}})").ok());
  ASSERT_TRUE(h.target("a", "1", BusHost::queue("q")).ok());
  ASSERT_TRUE(h.target("a", "2", BusHost::queue("p")).ok());
  ASSERT_TRUE(h.target("b", "1", BusHost::queue("q")).ok());
  h.put("app", R"({"n":2})");
  EXPECT_EQ(h.count("q"), 2u);  // two messages of one event
  EXPECT_EQ(h.count("p"), 1u);
  const auto taken = h.queues.taken(BusHost::queue("q"));
  EXPECT_EQ(taken[0].body, taken[1].body);
  EXPECT_NE(taken[0].id, taken[1].id);
  h.put("app", R"({"n":1})");
  EXPECT_EQ(h.count("q"), 3u);
  ASSERT_TRUE(h.call("DisableRule", R"({"Name":"a"})").ok());
  h.put("app", R"({"n":1})");
  EXPECT_EQ(h.count("q"), 3u);
  h.restart();
  h.put("app", R"({"n":3})");
  EXPECT_EQ(h.count("q"), 4u);
  ASSERT_TRUE(h.call("EnableRule", R"({"Name":"a"})").ok());
  h.put("app", R"({"n":1})");
  EXPECT_EQ(h.count("q"), 5u);
}

struct BadEntry {
  const char* entry;
  const char* code;
  const char* text;
};

TEST(PutEvents, RefuseEntriesOneByOne) {
  BusHost h;
  h.to_queue("q");
  const std::string good = BusHost::entry("app", "{}");
  const BadEntry cases[] = {
      {R"({"Source":"app","DetailType":"t"})", "InvalidArgument",
       "Parameter Detail is not valid. Reason: Detail is a required argument."},
      {R"({"Source":"app","DetailType":"","Detail":"{}"})", "InvalidArgument",
       "Parameter DetailType is not valid. Reason: DetailType is a required argument."},
      {R"({"DetailType":"t","Detail":"{}"})", "InvalidArgument",
       "Parameter Source is not valid. Reason: Source is a required argument."},
      {R"({"Source":"app","DetailType":"t","Detail":"[1]"})", "MalformedDetail",
       "Detail is malformed."},
      {R"({"Source":"app","DetailType":"t","Detail":"\"x\""})", "MalformedDetail",
       "Detail is malformed."},
      {R"({"Source":"app","DetailType":"t","Detail":"{"})", "MalformedDetail",
       "Detail is malformed."},
      {R"({"Source":"aws.x","DetailType":"t","Detail":"{}"})", "NotAuthorizedForSourceException",
       "Not authorized for the source."},
  };
  std::size_t delivered = 0;
  for (const BadEntry& bad : cases) {
    const Answer got =
        h.call("PutEvents", fmt::format(R"({{"Entries":[{},{}]}})", bad.entry, good));
    h.settle();
    EXPECT_EQ(got.at("FailedEntryCount"), "1") << got.text;
    EXPECT_EQ(got.at("Entries.0.ErrorCode"), bad.code);
    EXPECT_EQ(got.at("Entries.0.ErrorMessage"), bad.text);
    EXPECT_NE(got.at("Entries.1.EventId"), "");
    EXPECT_EQ(h.count("q"), ++delivered);
  }
}

TEST(PutEvents, HaveLimits) {
  BusHost h;
  h.to_queue("q");
  std::string eleven = BusHost::entry("app", "{}");
  for (int i = 1; i < 11; ++i) eleven += "," + BusHost::entry("app", "{}");
  const Answer many = h.call("PutEvents", fmt::format(R"({{"Entries":[{}]}})", eleven));
  EXPECT_EQ(many.error, "ValidationException");
  EXPECT_NE(many.text.find("at 'entries' failed to satisfy constraint: Member must have length "
                           "less than or equal to 10"),
            std::string::npos)
      << many.text.substr(0, 200);
  // Counted: "app", "t", the detail, and 14 for a Time.
  const auto detail = [](std::size_t bytes) {
    return fmt::format(R"({{"x":"{}"}})", std::string(bytes - 8, 'x'));
  };
  const std::size_t most = kPutEventsBytesMax - 1;
  EXPECT_TRUE(h.put("app", detail(most - 4)).ok());
  EXPECT_EQ(h.count("q"), 1u);
  EXPECT_EQ(h.put("app", detail(most - 3)).text,
            "Total size of the entries in the request is over the limit.");
  EXPECT_EQ(h.put("app", detail(most - 4), R"("Time":0)").text,
            "Total size of the entries in the request is over the limit.");
  // A source whose quotes are escaped in the event.
  const std::string quotes(kPutEventsBytesMax / 2 + 64 * 1024, '"');
  const Answer long_source =
      h.call("PutEvents",
             fmt::format(R"({{"Entries":[{{"Source":{},"DetailType":"t","Detail":"{{}}"}}]}})",
                         in_quotes(quotes)));
  EXPECT_EQ(long_source.at("Entries.0.ErrorMessage"), "The event is larger than can be kept.")
      << long_source.text;
  std::string deep = "{}";
  for (int i = 0; i < 998; ++i) deep = R"({"a":)" + deep + "}";
  EXPECT_EQ(h.put("app", deep).at("FailedEntryCount"), "0");
  EXPECT_EQ(h.count("q"), 2u);
  EXPECT_EQ(h.put("app", R"({"a":)" + deep + "}").at("Entries.0.ErrorCode"), "MalformedDetail");
  EXPECT_EQ(h.count("q"), 2u);
}

TEST(PutEvents, ToABusThatIsNotThereAreTakenAndDropped) {
  BusHost h;
  h.to_queue("q");
  const Answer got = h.put("app", "{}", R"("EventBusName":"nope")");
  EXPECT_EQ(got.at("FailedEntryCount"), "0");
  EXPECT_NE(got.at("Entries.0.EventId"), "");
  EXPECT_EQ(h.count("q"), 0u);
}

TEST(PutEvents, OnAnotherAccountsBusNeedItsPolicy) {
  BusHost h;
  h.to_queue("q");
  aws::Caller other = h.caller;
  other.account = AccountId("111111111111");
  other.principal_arn = "arn:aws:iam::111111111111:root";
  const std::string input = fmt::format(
      R"({{"Entries":[{}]}})",
      BusHost::entry("app", "{}",
                     fmt::format(R"("EventBusName":"{}")", BusHost::arn("event-bus/default"))));
  EXPECT_EQ(h.call_as(other, "PutEvents", input).error, "AccessDeniedException");
  ASSERT_TRUE(
      h.call("PutPermission",
             R"({"Action":"events:PutEvents","Principal":"111111111111","StatementId":"x"})")
          .ok());
  EXPECT_TRUE(h.call_as(other, "PutEvents", input).ok());
  h.settle();
  EXPECT_EQ(in(h.bodies("q"), "account"), "111111111111");
}

struct InputCase {
  const char* how;   // the target's
  const char* want;  // the body; null: nothing is delivered
};

TEST(EventTargets, GetWhatTheirInputSays) {
  const InputCase cases[] = {
      {R"("Input":"{\"a\": [1]}")", R"({"a": [1]})"},
      {R"("InputPath":"$.detail")", R"({"s":"baz","o":{"k":1},"l":["x","y"]})"},
      {R"("InputPath":"$.detail.s")", R"("baz")"},
      {R"("InputPath":"$.detail.no")", nullptr},
      {R"("InputTransformer":{"InputPathsMap":{"o":"$.detail.o"},"InputTemplate":"{\"x\": <o>}"})",
       R"({"x": {"k":1}})"},
      {R"("InputTransformer":{"InputPathsMap":{"o":"$.detail.o"},"InputTemplate":"\"p <o>\""})",
       R"("p {k:1}")"},
      {R"("InputTransformer":{"InputPathsMap":{"l":"$.detail.l"},"InputTemplate":"{\"x\":\"<l>\"}"})",
       nullptr},
      {R"("InputTransformer":{"InputTemplate":"\"<aws.events.rule-name> of <aws.events.rule-arn>\""})",
       R"("r of arn:aws:events:us-east-1:000000000000:rule/r")"},
  };
  for (const InputCase& each : cases) {
    BusHost h;
    h.to_queue("q", fmt::format(R"({},"DeadLetterConfig":{{"Arn":"{}"}})", each.how,
                                BusHost::queue("dead")));
    h.put("app", R"({"s":"baz","o":{"k":1},"l":["x","y"]})");
    if (each.want != nullptr) {
      EXPECT_EQ(h.bodies("q"), each.want) << each.how;
      continue;
    }
    EXPECT_EQ(h.count("q"), 0u);
    EXPECT_EQ(h.dead("dead", "ERROR_CODE"), "INVALID_JSON") << each.how;
    EXPECT_EQ(in(h.bodies("dead"), "detail.s"), "baz");
  }
}

// Wildcards that pass a large event again and again would keep everybody waiting.
TEST(EventTargets, WhatTakesTooMuchLookingForIsADeadLetter) {
  std::string paths;
  std::string body;
  for (int i = 0; i < 30; ++i) {
    paths += fmt::format(R"({}"a{}":"$.detail.*.zz")", i == 0 ? "" : ",", i);
    body += fmt::format("<a{}>", i);
  }
  BusHost h;
  h.to_queue("q", fmt::format(R"("InputTransformer":{{"InputPathsMap":{{{}}},)"
                              R"("InputTemplate":"\"{}\""}},"DeadLetterConfig":{{"Arn":"{}"}})",
                              paths, body, BusHost::queue("dead")));
  const auto members = [](int count) {
    std::string detail = "{";
    for (int i = 0; i < count; ++i) detail += fmt::format(R"({}"{}":0)", i == 0 ? "" : ",", i);
    return detail + "}";
  };
  h.put("app", members(1000));
  EXPECT_EQ(h.count("q"), 1u);
  h.put("app", members(20'000));
  EXPECT_EQ(h.count("q"), 1u);
  EXPECT_EQ(h.dead("dead", "ERROR_CODE"), "INVALID_JSON");
  EXPECT_EQ(h.dead("dead", "RETRY_ATTEMPTS"), "0");
  EXPECT_TRUE(h.dead("dead", "ERROR_MESSAGE").contains("too much looking"))
      << h.dead("dead", "ERROR_MESSAGE");
}

TEST(EventTargets, GetTheEventWithoutItsDetail) {
  BusHost h;
  h.to_queue("q", R"("InputTransformer":{"InputTemplate":"{\"e\": <aws.events.event>}"})");
  h.put("app", R"({"s":1})");
  EXPECT_EQ(in(h.bodies("q"), "e.detailType"), "t");
  EXPECT_EQ(in(h.bodies("q"), "e.detail"), "");
}

TEST(EventTargets, ActUnderTheirRoleAndInTheirGroup) {
  BusHost h;
  h.to_queue("q.fifo", R"("RoleArn":"arn:aws:iam::000000000000:role/r",)"
                       R"("SqsParameters":{"MessageGroupId":"g"})");
  h.put("app", "{}", R"("TraceHeader":"Root=1-65f0c5a0-0123456789abcdef01234567")");
  const ports::Parcel parcel = h.queues.taken(BusHost::queue("q.fifo")).at(0);
  EXPECT_EQ(parcel.as.service, "");
  EXPECT_EQ(parcel.as.role_arn, "arn:aws:iam::000000000000:role/r");
  EXPECT_EQ(parcel.group, "g");
  EXPECT_EQ(parcel.trace, "Root=1-65f0c5a0-0123456789abcdef01234567");
}

TEST(EventTargets, WhatCannotSucceedGoesToTheDeadLetterQueueAtOnce) {
  const std::pair<const char*, const char*> cases[] = {
      {"AWS.SimpleQueueService.NonExistentQueue", "NO_RESOURCE"},
      {"ResourceNotFoundException", "NO_RESOURCE"},
      {"AccessDeniedException", "NO_PERMISSIONS"},
      {"InvalidParameterValue", "SDK_CLIENT_ERROR"}};
  for (const auto& [code, shown] : cases) {
    BusHost h;
    h.to_queue("q", fmt::format(R"("DeadLetterConfig":{{"Arn":"{}"}})", BusHost::queue("dead")));
    h.queues.answers(BusHost::queue("q"), {refused(code)});
    h.put("app", R"({"a":1})");
    EXPECT_EQ(in(h.bodies("dead"), "detail.a"), "1");
    EXPECT_EQ(h.dead("dead", "RULE_ARN"), BusHost::arn("rule/r"));
    EXPECT_EQ(h.dead("dead", "TARGET_ARN"), BusHost::queue("q"));
    EXPECT_EQ(h.dead("dead", "ERROR_CODE"), shown);
    EXPECT_EQ(h.dead("dead", "ERROR_MESSAGE"), "never");
    EXPECT_EQ(h.dead("dead", "RETRY_ATTEMPTS"), "0");
    EXPECT_EQ(h.dead("dead", "EXHAUSTED_RETRY_CONDITION"), "");
  }
}

TEST(EventTargets, AreTriedAgainAsTheirPolicySays) {
  BusHost h;
  h.to_queue("q", fmt::format(R"("DeadLetterConfig":{{"Arn":"{}"}},)"
                              R"("RetryPolicy":{{"MaximumRetryAttempts":1}})",
                              BusHost::queue("dead")));
  h.queues.answers(BusHost::queue("q"), {later("ThrottlingException")});
  h.put("app", "{}");
  EXPECT_EQ(h.count("q"), 0u);
  h.advance(minutes(1));
  EXPECT_EQ(h.count("q"), 1u);  // the second attempt
  h.queues.answers(BusHost::queue("q"),
                   {later("ThrottlingException"), later("ThrottlingException")});
  h.put("app", "{}");
  h.advance(minutes(1));
  EXPECT_EQ(h.count("q"), 1u);
  EXPECT_EQ(h.dead("dead", "ERROR_CODE"), "THROTTLING");
  EXPECT_EQ(h.dead("dead", "EXHAUSTED_RETRY_CONDITION"), "MaximumRetryAttempts");
  EXPECT_EQ(h.dead("dead", "RETRY_ATTEMPTS"), "1");
}

TEST(EventTargets, AreGivenUpWhenTheEventIsTooOld) {
  BusHost h;
  h.to_queue("q", fmt::format(R"("DeadLetterConfig":{{"Arn":"{}"}},)"
                              R"("RetryPolicy":{{"MaximumEventAgeInSeconds":60}})",
                              BusHost::queue("dead")));
  h.queues.stay();
  h.queues.answers(BusHost::queue("q"), {later("ServiceUnavailable")});
  h.put("app", "{}");
  h.advance(minutes(3));
  EXPECT_EQ(h.dead("dead", "EXHAUSTED_RETRY_CONDITION"), "MaximumEventAgeInSeconds");
  const std::size_t attempts = h.queues.attempts(BusHost::queue("q"));
  EXPECT_GT(attempts, 2u);
  h.advance(minutes(30));
  EXPECT_EQ(h.queues.attempts(BusHost::queue("q")), attempts);
}

TEST(EventTargets, ByDefaultAreTriedForADay) {
  BusHost h;
  h.to_queue("q", fmt::format(R"("DeadLetterConfig":{{"Arn":"{}"}})", BusHost::queue("dead")));
  h.queues.stay();
  h.queues.answers(BusHost::queue("q"), {later("ServiceUnavailable")});
  h.put("app", "{}");
  h.advance(std::chrono::hours(20));
  EXPECT_EQ(h.count("dead"), 0u);
  EXPECT_GT(h.queues.attempts(BusHost::queue("q")), 50u);
  h.advance(std::chrono::hours(5));
  EXPECT_EQ(h.count("dead"), 1u);
  EXPECT_LE(h.queues.attempts(BusHost::queue("q")), 186u);
}

TEST(EventTargets, ThatAreGoneGetNothingMore) {
  BusHost h;
  h.to_queue("q", fmt::format(R"("DeadLetterConfig":{{"Arn":"{}"}})", BusHost::queue("dead")));
  h.queues.answers(BusHost::queue("q"), {later("ServiceUnavailable")});
  h.put("app", "{}");
  ASSERT_TRUE(h.call("RemoveTargets", R"({"Rule":"r","Ids":["t"]})").ok());
  ASSERT_TRUE(h.call("DeleteRule", R"({"Name":"r"})").ok());
  h.to_queue("q");
  h.advance(minutes(5));
  EXPECT_EQ(h.count("q"), 0u);
  EXPECT_EQ(h.count("dead"), 0u);
}

TEST(EventTargets, WhatWasAcceptedArrivesAfterARestart) {
  BusHost h;
  h.to_queue("q");
  h.queues.answers(BusHost::queue("q"), {later("ServiceUnavailable")});
  h.put("app", R"({"kept":true})");
  h.restart();
  h.advance(minutes(1));
  EXPECT_EQ(in(h.bodies("q"), "detail.kept"), "true");
}

// Of ten thousand rules the one that matches is found as quickly as one alone (the bench of
// patterns/ measures it); here that it is found, and stays so while others come and go.
TEST(EventRules, OfManyTheOneThatMatches) {
  BusHost h;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(h.rule(fmt::format("r{}", i),
                       fmt::format(R"({{"source":["app"],"detail":{{"n":[{}]}}}})", i))
                    .ok());
  }
  ASSERT_TRUE(h.target("r500", "t", BusHost::queue("q")).ok());
  h.put("app", R"({"n":500})");
  h.put("app", R"({"n":501})");
  EXPECT_EQ(h.count("q"), 1u);
  h.restart();
  h.put("app", R"({"n":500})");
  EXPECT_EQ(h.count("q"), 2u);
}

TEST(PutEvents, OfTheLargestSizeGoToManyRules) {
  BusHost h;
  for (int i = 0; i < 150; ++i) {
    const std::string name = fmt::format("{}{}", std::string(60, 'r'), i);
    ASSERT_TRUE(h.rule(name, R"({"source":["app"]})").ok());
    std::string targets;
    for (int t = 0; t < 5; ++t) {
      targets += fmt::format(R"({}{{"Id":"{}{}","Arn":"{}"}})", t == 0 ? "" : ",",
                             std::string(60, 't'), t, BusHost::queue("q"));
    }
    ASSERT_TRUE(
        h.call("PutTargets", fmt::format(R"({{"Rule":"{}","Targets":[{}]}})", name, targets)).ok());
  }
  const Answer put =
      h.put("app", fmt::format(R"({{"x":"{}"}})", std::string(kPutEventsBytesMax - 100, 'x')));
  EXPECT_EQ(put.at("FailedEntryCount"), "0") << put.text;
  EXPECT_EQ(h.count("q"), 750u);
}

class JournalHost final : public BusHost {
 public:
  JournalHost() {
    end_service();
    hosting::Dependencies given = dependencies();
    given.journal = &journal;
    service_ = std::make_unique<Service>(given);
    EXPECT_TRUE(service_->start());
  }
  ~JournalHost() override { end_service(); }
  // "accepted matched delivered"
  std::string told(const std::string& id) {
    journal.stop();  // writes what was noted
    std::string out;
    const auto steps = journal.about(caller.account, id);
    EXPECT_TRUE(steps);
    for (const journal::Step& step : *steps) {
      out += (out.empty() ? "" : " ") + std::string(to_string(step.kind));
    }
    return out;
  }

  journal::Journal journal{engine->bulk_log(), clock, clock, null_logger()};
};

TEST(PutEvents, AreToldByTheJournal) {
  for (const auto& [source, steps] :
       {std::pair("app", "accepted matched delivered"), std::pair("other", "accepted filtered")}) {
    JournalHost h;
    h.to_queue("q");
    const Answer put = h.put(source, "{}");
    EXPECT_EQ(h.told(put.at("Entries.0.EventId")), steps);
  }
  JournalHost h;
  h.to_queue("q", fmt::format(R"("DeadLetterConfig":{{"Arn":"{}"}})", BusHost::queue("dead")));
  h.queues.answers(BusHost::queue("q"), {refused("NotFound")});
  const Answer put = h.put("app", "{}");
  EXPECT_EQ(h.told(put.at("Entries.0.EventId")), "accepted matched attempted dead-lettered");
}

TEST(EventBuses, SendToBusesOnceAndNotInCircles) {
  BusHost h;
  for (const char* name : {"b", "c"}) {
    ASSERT_TRUE(h.call("CreateEventBus", fmt::format(R"({{"Name":"{}"}})", name)).ok());
    ASSERT_TRUE(
        h.rule("r", R"({"source":["app"]})", fmt::format(R"("EventBusName":"{}")", name)).ok());
    ASSERT_TRUE(h.target("r", "q", BusHost::queue(name), "", name).ok());
  }
  ASSERT_TRUE(h.target("r", "back", BusHost::arn("event-bus/default"), "", "b").ok());
  ASSERT_TRUE(h.target("r", "on", BusHost::arn("event-bus/c"), "", "b").ok());
  h.to_queue("q");
  ASSERT_TRUE(h.target("r", "b", BusHost::arn("event-bus/b")).ok());
  const Answer put = h.put("app", "{}");
  EXPECT_EQ(h.count("q"), 1u);
  ASSERT_EQ(h.count("b"), 1u);
  EXPECT_EQ(in(h.bodies("b"), "id"), put.at("Entries.0.EventId"));
  EXPECT_EQ(h.count("c"), 0u);  // a second hop
  h.put("app", "{}", R"("EventBusName":"b")");
  EXPECT_EQ(h.count("c"), 1u);
  EXPECT_EQ(h.count("q"), 2u);
}

class DiskHost : public BusHost {
 public:
  DiskHost() {
    end_service();
    hosting::Dependencies given = dependencies();
    given.disk = &disk;
    service_ = std::make_unique<Service>(given);
    service_->publish(ports);
    EXPECT_TRUE(service_->start());
  }
  ~DiskHost() override { end_service(); }

  os::DiskSpace disk{"/tmp", 1};
};

TEST(EventBuses, AreDestinationsOfOthers) {
  DiskHost h;
  h.to_queue("q");
  ports::Destination* const bus = h.ports.destinations->find(BusHost::arn("event-bus/default"));
  ASSERT_NE(bus, nullptr);
  const auto send = [&](ports::Parcel parcel) {
    const std::vector<ports::Parcel> parcels{std::move(parcel)};
    auto promise = std::make_shared<std::promise<std::vector<Delivered>>>();
    net::Loop& loop = h.loop();
    loop.post([&] {
      loop.spawn(
          [](net::Loop& on, ports::Destination& to, const std::vector<ports::Parcel>& what,
             std::shared_ptr<std::promise<std::vector<Delivered>>> answer) -> net::Task<void> {
            answer->set_value(co_await to.deliver(on, what));
          }(loop, *bus, parcels, promise));
    });
    const Delivered out = promise->get_future().get().at(0);
    h.settle();
    return out;
  };
  ports::Parcel parcel{.target = BusHost::arn("event-bus/default"), .body = R"({"a":1})"};
  parcel.source = "app";
  parcel.detail_type = "Lambda Function Invocation Result - Success";
  parcel.resources = {"arn:f"};
  parcel.as.role_arn = "arn:aws:iam::000000000000:role/r";
  parcel.as.source_account = AccountId("000000000000");
  EXPECT_EQ(send(parcel).kind, Delivered::Kind::kTaken);
  EXPECT_EQ(in(h.bodies("q"), "resources.0"), "arn:f");
  EXPECT_EQ(in(h.bodies("q"), "detail.a"), "1");
  // The reserve of the disk is not theirs.
  h.disk.set_promised(1ULL << 62);
  EXPECT_EQ(send(parcel).kind, Delivered::Kind::kLater);
  h.disk.set_promised(0);
  parcel.body = "[]";
  EXPECT_EQ(send(parcel).code, "MalformedDetail");
  parcel.body = "{}";
  parcel.as.role_arn = "arn:aws:iam::111111111111:role/r";
  EXPECT_EQ(send(parcel).code, "AccessDeniedException") << "a role of another account";
  parcel.as.source_account = AccountId("111111111111");
  EXPECT_EQ(send(parcel).code, "AccessDeniedException");
  parcel.as.role_arn = "arn:aws:iam::000000000000:role/r";
  EXPECT_EQ(send(parcel).code, "AccessDeniedException") << "the bus owner's role does not help";
  parcel.target = BusHost::arn("event-bus/no");
  EXPECT_EQ(send(parcel).code, "ResourceNotFoundException");
  EXPECT_EQ(h.count("q"), 1u);
}

}  // namespace
}  // namespace lapwing::events
