#include "server/events_command.hpp"

#include <gtest/gtest.h>

namespace lapwing::server {
namespace {

TEST(EventsCommand, ListsAreTablesOfWhatThereIs) {
  EXPECT_EQ(events_text(R"({"queues":{"rows":[)"
                        R"({"service":"sqs","what":"queue",)"
                        R"("name":"arn:aws:sqs:us-east-1:000000000000:orders","waiting":12},)"
                        R"({"service":"sns","what":"outbox","name":"sns","waiting":0}]},)"
                        R"("mappings":{"rows":[]},)"
                        R"("dead-letters":{"rows":[{"service":"events","id":"1",)"
                        R"("time":"2026-11-30T09:00:00.125Z","replayable":true,)"
                        R"("reason":"gone"}],"next":"abc"}})"),
            "queues:\n"
            "  service what   name       waiting\n"
            "  sqs     queue  sqs:orders 12\n"
            "  sns     outbox sns        0\n"
            "mappings: none\n"
            "dead-letters:\n"
            "  service id time                    kept why\n"
            "  events  1  2026-11-30 09:00:00.125 yes  gone\n"
            "  there are more: lapwing events --list dead-letters --after abc\n");
}

TEST(EventsCommand, AStoryIsALineAStep) {
  EXPECT_EQ(story_text(R"({"id":"e","steps":[)"
                       R"({"time":"2026-11-30T09:00:00.000Z","step":"accepted",)"
                       R"("at":"arn:aws:events:us-east-1:000000000000:event-bus/default",)"
                       R"("event":"e"},)"
                       R"({"time":"2026-11-30T09:00:00.003Z","step":"attempted","attempt":2,)"
                       R"("at":"arn:aws:events:us-east-1:000000000000:rule/r",)"
                       R"("to":"arn:aws:sqs:us-east-1:000000000000:q","event":"e",)"
                       R"("became":"m","reason":"Throttled"}]})"),
            "  2026-11-30 09:00:00.000 accepted     events:event-bus/default e\n"
            "  2026-11-30 09:00:00.003 attempted #2 events:rule/r -> sqs:q   e => m Throttled\n");
}

TEST(EventsCommand, WhatIsNoAnswerIsShownAsItIs) {
  EXPECT_EQ(events_text("no"), "no\n");
  EXPECT_EQ(story_text("{}"), "{}\n");
}

}  // namespace
}  // namespace lapwing::server
