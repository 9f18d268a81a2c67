// Archives and replays.
#include <set>
#include <string>

#include "services/events/testing/bus_host.hpp"

namespace lapwing::events {
namespace {

using testing::Answer;
using testing::BusHost;
using testing::in_quotes;
using testing::minutes;
using testing::seconds;

std::string in(std::string_view body, std::string_view path) {
  return Answer{.text = std::string(body), .error = {}}.at(path);
}

class ArchiveHost : public BusHost {
 public:
  Answer archive(std::string_view name, std::string_view more = "") {
    return call("CreateArchive",
                fmt::format(R"({{"ArchiveName":"{}","EventSourceArn":"{}"{}{}}})", name,
                            arn("event-bus/default"), more.empty() ? "" : ",", more));
  }
  std::string described(std::string_view name, std::string_view member) {
    return call("DescribeArchive", fmt::format(R"({{"ArchiveName":"{}"}})", name)).at(member);
  }
  // Everything from 2020 to 2030.
  Answer replay(std::string_view name, std::string_view archive_name, std::string_view filters = "",
                std::string_view from = "2020-01-01T00:00:00Z",
                std::string_view until = "2030-01-01T00:00:00Z") {
    return call("StartReplay",
                fmt::format(R"({{"ReplayName":"{}","EventSourceArn":"{}","EventStartTime":"{}",)"
                            R"("EventEndTime":"{}","Destination":{{"Arn":"{}"{}}}}})",
                            name, arn(fmt::format("archive/{}", archive_name)), from, until,
                            arn("event-bus/default"), filters));
  }
  std::string state(std::string_view name) {
    return call("DescribeReplay", fmt::format(R"({{"ReplayName":"{}"}})", name)).at("State");
  }
};

TEST(EventArchives, KeepWhatTheirPatternWants) {
  ArchiveHost h;
  ASSERT_EQ(h.archive("all").at("State"), "ENABLED");
  ASSERT_TRUE(h.archive("some", fmt::format(R"("EventPattern":{},"RetentionDays":2)",
                                            in_quotes(R"({"detail":{"n":[1]}})")))
                  .ok());
  h.put("app", R"({"n":1})");
  h.put("app", R"({"n":2})");
  EXPECT_EQ(h.described("all", "EventCount"), "2");
  EXPECT_EQ(h.described("some", "EventCount"), "1");
  h.restart();
  h.put("app", R"({"n":1})");
  EXPECT_EQ(h.described("all", "EventCount"), "3");
  EXPECT_EQ(h.described("some", "EventCount"), "2");
  EXPECT_EQ(h.described("some", "EventSourceArn"), BusHost::arn("event-bus/default"));
  h.advance(std::chrono::hours(49));
  EXPECT_EQ(h.described("some", "EventCount"), "0");
  EXPECT_EQ(h.described("all", "EventCount"), "3");
  EXPECT_EQ(h.call("ListArchives").size("Archives"), 2u);
  EXPECT_EQ(h.call("ListArchives", R"({"NamePrefix":"s"})").at("Archives.0.ArchiveName"), "some");
  ASSERT_TRUE(
      h.call("UpdateArchive", R"({"ArchiveName":"some","Description":"d","RetentionDays":0})")
          .ok());
  EXPECT_EQ(h.described("some", "Description"), "d");
  ASSERT_TRUE(h.call("DeleteArchive", R"({"ArchiveName":"all"})").ok());
  EXPECT_EQ(h.described("all", "EventCount"), "");
  ASSERT_TRUE(h.archive("all").ok());
  EXPECT_EQ(h.described("all", "EventCount"), "0");
}

struct Refused {
  const char* operation;
  const char* input;
  const char* text;
};

TEST(EventArchives, AreRefusedInAwssWords) {
  ArchiveHost h;
  ASSERT_TRUE(h.archive("a").ok());
  EXPECT_EQ(h.archive("a").text, "Archive a already exists.");
  const Refused cases[] = {
      {"DescribeArchive", R"({"ArchiveName":"no"})", "Archive no does not exist."},
      {"DeleteArchive", R"({"ArchiveName":"no"})", "Archive no does not exist."},
      {"UpdateArchive", R"({"ArchiveName":"no"})",
       "At least one of EventPattern, RetentionDays or Description must be provided."},
      {"UpdateArchive", R"({"ArchiveName":"no","RetentionDays":1})", "Archive no does not exist."},
      {"CreateArchive",
       R"({"ArchiveName":"b","EventSourceArn":"arn:aws:events:us-east-1:000000000000:event-bus/no"})",
       "Event bus no does not exist."},
      {"ListArchives", R"({"EventSourceArn":"arn:aws:events:us-east-1:000000000000:event-bus/no"})",
       "Event bus no does not exist."},
      {"DescribeReplay", R"({"ReplayName":"no"})", "Replay no does not exist."},
      {"CancelReplay", R"({"ReplayName":"no"})", "Replay no does not exist."},
  };
  for (const Refused& each : cases) {
    EXPECT_EQ(h.call(each.operation, each.input).text, each.text) << each.input;
  }
  EXPECT_EQ(h.replay("r", "no").text,
            "Parameter EventSourceArn is not valid. Reason: Archive no does not exist.");
  EXPECT_EQ(h.replay("r", "a", "", "2021-01-01T00:00:00Z", "2021-01-01T00:00:00Z").text,
            "Parameter EventEndTime is not valid. Reason: EventStartTime must be before "
            "EventEndTime.");
  EXPECT_EQ(
      h.call("StartReplay",
             fmt::format(R"({{"ReplayName":"r","EventSourceArn":"{}","EventStartTime":0,)"
                         R"("EventEndTime":1,"Destination":{{"Arn":"{}"}}}})",
                         BusHost::arn("archive/a"), BusHost::arn("event-bus/other")))
          .text,
      "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.");
  ASSERT_TRUE(h.replay("r", "a").ok());
  EXPECT_EQ(h.replay("r", "a").text, "Replay r already exists.");
  h.advance(seconds(1));
  const Answer late = h.call("CancelReplay", R"({"ReplayName":"r"})");
  EXPECT_EQ(late.error, "IllegalStatusException");
  EXPECT_EQ(late.text, "Replay r is not in a valid state for this operation.");
}

TEST(EventReplays, SendWhatIsArchivedOnceMore) {
  ArchiveHost h;
  ASSERT_TRUE(h.archive("a").ok());
  h.to_queue("q");
  ASSERT_TRUE(h.rule("other", R"({"source":["app"]})").ok());
  ASSERT_TRUE(h.target("other", "t", BusHost::queue("o")).ok());
  for (int i = 0; i < 3; ++i) h.put("app", fmt::format(R"({{"n":{}}})", i));
  const std::string id = in(h.queues.taken(BusHost::queue("q")).at(0).body, "id");
  h.queues.clear();
  const Answer started =
      h.replay("again", "a", fmt::format(R"(,"FilterArns":["{}"])", BusHost::arn("rule/r")));
  EXPECT_EQ(started.at("State"), "STARTING");
  EXPECT_EQ(started.at("ReplayArn"), BusHost::arn("replay/again"));
  h.advance(seconds(1));
  EXPECT_EQ(h.state("again"), "COMPLETED");
  ASSERT_EQ(h.count("q"), 3u);
  EXPECT_EQ(h.count("o"), 0u);
  const std::string body = h.queues.taken(BusHost::queue("q")).at(0).body;
  EXPECT_EQ(in(body, "replay-name"), "again");
  EXPECT_EQ(in(body, "id"), id);
  EXPECT_NE(body.find(R"("region":"us-east-1","replay-name":"again","resources":[])"),
            std::string::npos)
      << body;
  EXPECT_EQ(h.described("a", "EventCount"), "3");
  EXPECT_EQ(h.call("ListReplays", R"({"NamePrefix":"ag"})").at("Replays.0.State"), "COMPLETED");
  ASSERT_TRUE(h.replay("all", "a").ok());
  h.advance(seconds(1));
  EXPECT_EQ(h.count("q"), 6u);
  EXPECT_EQ(h.count("o"), 3u);
}

TEST(EventReplays, OfATimeGoOnAfterARestartAndSkipNothing) {
  ArchiveHost h;
  ASSERT_TRUE(h.archive("a").ok());
  h.to_queue("q");
  for (int i = 0; i < 250; ++i) {
    h.put("app", fmt::format(R"({{"n":{}}})", i),
          fmt::format(R"("Time":"2023-01-01T00:{:02}:00Z")", i % 60));
  }
  h.queues.clear();
  ASSERT_TRUE(h.replay("r", "a", "", "2023-01-01T00:00:00Z", "2023-01-01T00:30:00Z").ok());
  h.settle();
  EXPECT_EQ(h.state("r"), "RUNNING");
  h.restart();
  h.advance(seconds(2));
  EXPECT_EQ(h.state("r"), "COMPLETED");
  EXPECT_EQ(h.count("q"), 130u);  // half an hour of each round, the last one of ten
  std::set<std::string> seen;
  for (const ports::Parcel& parcel : h.queues.taken(BusHost::queue("q"))) {
    seen.insert(in(parcel.body, "detail.n"));
  }
  EXPECT_EQ(seen.size(), 130u);
}

TEST(EventReplays, AreCancelledAndFailWithTheirArchive) {
  ArchiveHost h;
  ASSERT_TRUE(h.archive("a").ok());
  for (int i = 0; i < 250; ++i) h.put("app", "{}");
  ASSERT_TRUE(h.replay("c", "a").ok());
  h.settle();
  EXPECT_EQ(h.call("CancelReplay", R"({"ReplayName":"c"})").at("State"), "CANCELLING");
  h.advance(seconds(1));
  EXPECT_EQ(h.state("c"), "CANCELLED");
  ASSERT_TRUE(h.replay("f", "a").ok());
  h.settle();
  ASSERT_TRUE(h.call("DeleteArchive", R"({"ArchiveName":"a"})").ok());
  h.advance(seconds(1));
  EXPECT_EQ(h.state("f"), "FAILED");
  h.advance(std::chrono::hours(24 * 91));
  EXPECT_EQ(h.state("f"), "");
}

}  // namespace
}  // namespace lapwing::events
