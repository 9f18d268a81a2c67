// /_lapwing/events and /_lapwing/outbox through the whole server: lists and their pages, the story
// of one event over services, what has died sent again, and who may see it.
#include <atomic>
#include <set>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/testing/eventually.hpp"
#include "hosting/outbox_page.hpp"
#include "server/testing/test_server.hpp"
#include "text/json.hpp"

namespace lapwing::server {
namespace {

using hosting::testing::Answer;
using hosting::testing::in_quotes;
using lapwing::testing::eventually;
using std::chrono::minutes;
using testing::HttpAnswer;
using testing::TestServer;
using testing::TestServerOptions;

constexpr char kZip[] =
    "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
    "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
    "AQABADQAAABOAAAAAAA=";

std::string arn(std::string_view service, std::string_view resource) {
  return fmt::format("arn:aws:{}:us-east-1:000000000000:{}", service, resource);
}
std::string url(std::string_view queue) {
  return fmt::format("http://localhost:4566/000000000000/{}", queue);
}

class EventPagesTest : public ::testing::Test {
 protected:
  EventPagesTest() {
    server_ = std::make_unique<TestServer>(TestServerOptions{
        .services = {"events", "sqs", "sns", "lambda", "scheduler"},
        .script = [this](const runtime::FunctionVersion&, const runtime::Invocation&) {
          runtime::Outcome out;
          ++runs_;
          out.body = "null";
          if (fails_) {
            out.kind = runtime::Outcome::Kind::kFunctionError;
            out.error_type = "Weather";
            out.body = R"({"errorMessage":"not today","errorType":"Weather"})";
          }
          return out;
        }});
  }
  Answer call(std::string_view service, std::string_view operation, const std::string& input) {
    const Answer out = server_->call(service, operation, input);
    EXPECT_TRUE(out.ok()) << operation << ": " << out.error << " " << out.text;
    return out;
  }
  void create_function(const std::string& more = {}) {
    call(
        "lambda", "CreateFunction",
        fmt::format(R"({{"FunctionName":"f","Runtime":"python3.12","Handler":"app.handler","Role":)"
                    R"("arn:aws:iam::000000000000:role/r","Code":{{"ZipFile":"{}"}}{}}})",
                    kZip, more));
    ASSERT_TRUE(eventually([&] {
      return call("lambda", "GetFunction", R"({"FunctionName":"f"})").at("Configuration.State") ==
             "Active";
    }));
  }
  // One that anybody may send to.
  void create_queue(const std::string& name, const std::string& more = {}) {
    const std::string policy =
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*",)"
        R"("Action":"sqs:SendMessage","Resource":")" +
        arn("sqs", name) + R"("}]})";
    call("sqs", "CreateQueue",
         fmt::format(R"({{"QueueName":"{}","Attributes":{{"Policy":{}{}{}}}}})", name,
                     in_quotes(policy), more.empty() ? "" : ",", more));
  }
  void rule_to(const std::string& target, const std::string& more = {}) {
    call("events", "PutRule", R"({"Name":"r","EventPattern":"{\"source\":[\"app\"]}"})");
    call("events", "PutTargets",
         fmt::format(R"({{"Rule":"r","Targets":[{{"Id":"t","Arn":"{}"{}}}]}})", target, more));
  }
  std::string put() {
    const Answer out =
        call("events", "PutEvents",
             R"({"Entries":[{"Source":"app","DetailType":"t","Detail":"{\"a\":1}"}]})");
    return out.at("Entries.0.EventId");
  }
  HttpAnswer get(const std::string& target) { return server_->request("GET", target); }
  HttpAnswer replay(const std::string& id, bool again = false) {
    return server_->request("POST", "/_lapwing/events/replay", {},
                            fmt::format(R"({{"id":"{}"{}}})", id, again ? R"(,"again":true)" : ""));
  }
  // "accepted@bus/x ..."; the last part of each ARN.
  std::string story(const std::string& id) {
    const HttpAnswer answer = get("/_lapwing/events/trace/" + id);
    std::string out;
    const auto document = text::parse_json(answer.body);
    const text::JsonValue* const steps = document ? document->root().find("steps") : nullptr;
    if (steps == nullptr) return out;
    for (const text::JsonValue& step : steps->items()) {
      const std::string at(step.find("at")->as_string());
      out += fmt::format("{}{}@{}", out.empty() ? "" : " ", step.find("step")->as_string(),
                         at.substr(at.find_last_of(":/") + 1));
    }
    return out;
  }
  // Rows of a list, page by page.
  std::vector<std::string> rows(const std::string& list, const std::string& member,
                                const std::string& more = {}) {
    std::vector<std::string> out;
    std::string after;
    for (int pages = 0; pages < 50; ++pages) {
      const HttpAnswer answer =
          get("/_lapwing/events?list=" + list + more + (after.empty() ? "" : "&after=" + after));
      EXPECT_EQ(answer.status, 200) << answer.body;
      const auto document = text::parse_json(answer.body);
      const text::JsonValue* const page = document ? document->root().find(list) : nullptr;
      if (page == nullptr) return out;
      for (const text::JsonValue& row : page->find("rows")->items()) {
        const text::JsonValue* const value = row.find(member);
        out.emplace_back(value != nullptr && value->is_string() ? value->as_string()
                         : value != nullptr                     ? value->number_text()
                                                                : std::string_view());
      }
      const text::JsonValue* const next = page->find("next");
      if (next == nullptr) return out;
      after = next->as_string();
    }
    return out;
  }

  std::atomic<int> runs_{0};
  std::atomic<bool> fails_{false};
  std::unique_ptr<TestServer> server_;
};

TEST_F(EventPagesTest, AStoryGoesOverBusRuleQueueMappingAndFunction) {
  create_function();
  create_queue("q");
  call("lambda", "CreateEventSourceMapping",
       fmt::format(R"({{"FunctionName":"f","EventSourceArn":"{}"}})", arn("sqs", "q")));
  rule_to(arn("sqs", "q"));
  const std::string id = put();
  ASSERT_TRUE(eventually([&] { return story(id).contains("delivered@f"); })) << story(id);
  const std::string told = story(id);
  EXPECT_TRUE(told.contains("delivered@r")) << told;  // its sender hears of it after the queue
  std::size_t at = 0;
  for (const char* const each :
       {"accepted@default", "matched@default", "accepted@q", "accepted@f", "delivered@f"}) {
    at = told.find(each, at);
    ASSERT_NE(at, std::string::npos) << each << " in " << told;
  }
  EXPECT_EQ(runs_, 1);
  // The mapping says how it is.
  EXPECT_EQ(rows("mappings", "state"), std::vector<std::string>{"Enabled"});
  EXPECT_TRUE(
      eventually([&] { return rows("mappings", "reason") == std::vector<std::string>{"done"}; }));
}

TEST_F(EventPagesTest, AnEventThatItsFunctionFailedIsToldOfAndRunAgain) {
  create_queue("dead");
  create_function(fmt::format(R"(,"DeadLetterConfig":{{"TargetArn":"{}"}})", arn("sqs", "dead")));
  fails_ = true;
  const HttpAnswer sent = server_->request("POST", "/2015-03-31/functions/f/invocations",
                                           "X-Amz-Invocation-Type: Event\r\n", R"({"order":7})");
  ASSERT_EQ(sent.status, 202);
  const std::string key = "x-amzn-RequestId: ";
  const std::string id = sent.head.substr(sent.head.find(key) + key.size(), 36);
  ASSERT_TRUE(eventually([&] { return rows("retries", "delayed").size() == 1; }));
  EXPECT_EQ(rows("retries", "reason"), std::vector<std::string>{"Weather"});
  EXPECT_EQ(rows("retries", "name"), std::vector<std::string>{arn("lambda", "function:f")});
  EXPECT_EQ(replay(id).status, 409);  // it has not died
  server_->advance(minutes(1));
  server_->advance(minutes(2));
  ASSERT_TRUE(eventually([&] { return story(id).contains("dead-lettered@"); })) << story(id);
  EXPECT_TRUE(story(id).starts_with("accepted@f attempted@f attempted@f attempted@f")) << story(id);
  EXPECT_EQ(rows("dead-letters", "id"), std::vector<std::string>{id});
  EXPECT_EQ(rows("dead-letters", "dead_letters"), std::vector<std::string>{arn("sqs", "dead")});
  EXPECT_TRUE(rows("dead-letters", "id", "&function=g").empty());
  EXPECT_EQ(rows("dead-letters", "id", "&function=f").size(), 1u);
  EXPECT_EQ(rows("dead-letters", "id", "&function=f&holds=" + id.substr(0, 20)).size(), 1u);
  EXPECT_TRUE(rows("dead-letters", "id", "&function=f&holds=other").empty());
  EXPECT_TRUE(rows("dead-letters", "id", "&service=sqs").empty());
  fails_ = false;
  const HttpAnswer again = replay(id);
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_TRUE(again.body.starts_with(R"({"replayed":1,)")) << again.body;
  ASSERT_TRUE(eventually([&] { return story(id).ends_with("delivered@f"); })) << story(id);
  EXPECT_TRUE(story(id).contains("replayed@f"));
  EXPECT_EQ(runs_, 4);
  // The list says so, and it is not done twice without being asked for.
  EXPECT_EQ(rows("dead-letters", "replayed").at(0).size(), 24U);  // a time
  const HttpAnswer twice = replay(id);
  EXPECT_EQ(twice.status, 409);
  EXPECT_TRUE(twice.body.contains("was sent again already, at ")) << twice.body;
  EXPECT_EQ(runs_, 4);
  EXPECT_EQ(replay(id, true).status, 200);
  EXPECT_TRUE(eventually([&] { return runs_ == 5; }));
}

TEST_F(EventPagesTest, WhatARuleCouldNotDeliverIsSentAgain) {
  create_queue("dead");
  rule_to(arn("sqs", "gone"),
          fmt::format(R"(,"DeadLetterConfig":{{"Arn":"{}"}})", arn("sqs", "dead")));
  const std::string id = put();
  ASSERT_TRUE(eventually([&] { return story(id).contains("dead-lettered@r"); })) << story(id);
  create_queue("gone");
  // Found by what it became in the dead-letter queue, too.
  const Answer buried =
      call("sqs", "ReceiveMessage", fmt::format(R"({{"QueueUrl":"{}"}})", url("dead")));
  EXPECT_EQ(story(buried.at("Messages.0.MessageId")), story(id));
  EXPECT_EQ(replay(id).status, 200);
  ASSERT_TRUE(eventually([&] {
    return call("sqs", "ReceiveMessage", fmt::format(R"({{"QueueUrl":"{}"}})", url("gone")))
               .size("Messages") == 1;
  }));
  EXPECT_TRUE(story(id).contains("replayed@r")) << story(id);
}

TEST_F(EventPagesTest, AMessageGoesBackFromItsDeadLetterQueue) {
  create_queue("dead");
  create_queue("q",
               R"("VisibilityTimeout":"1","RedrivePolicy":)" +
                   in_quotes(fmt::format(R"({{"deadLetterTargetArn":"{}","maxReceiveCount":1}})",
                                         arn("sqs", "dead"))));
  const std::string id =
      call("sqs", "SendMessage", fmt::format(R"({{"QueueUrl":"{}","MessageBody":"m"}})", url("q")))
          .at("MessageId");
  const auto receive = [&](std::string_view queue) {
    return call("sqs", "ReceiveMessage",
                fmt::format(R"({{"QueueUrl":"{}","AttributeNames":["All"]}})", url(queue)));
  };
  EXPECT_EQ(receive("q").size("Messages"), 1u);
  server_->advance(std::chrono::seconds(2));
  EXPECT_EQ(receive("q").size("Messages"), 0u);
  EXPECT_EQ(story(id), "accepted@q dead-lettered@q");
  EXPECT_EQ(rows("dead-letters", "id"), std::vector<std::string>{id});
  const Answer held = receive("dead");
  EXPECT_EQ(held.size("Messages"), 1u);
  EXPECT_EQ(replay(id).status, 409);  // somebody has it
  server_->advance(minutes(1));
  EXPECT_EQ(replay(id).status, 200);
  EXPECT_EQ(story(id), "accepted@q dead-lettered@q replayed@dead");
  const Answer back = receive("q");
  EXPECT_EQ(back.at("Messages.0.MessageId"), id);
  EXPECT_EQ(back.at("Messages.0.Attributes.DeadLetterQueueSourceArn"), "");
  EXPECT_EQ(back.at("Messages.0.Attributes.ApproximateReceiveCount"), "1");
  EXPECT_EQ(replay(id).status, 409);
  const HttpAnswer gone = replay(id, true);
  EXPECT_EQ(gone.status, 409);
  EXPECT_TRUE(gone.body.contains("no more")) << gone.body;
}

TEST_F(EventPagesTest, ListsComeInPages) {
  for (int i = 0; i < 25; ++i) create_queue(fmt::format("q{:02}", i));
  call("scheduler", "CreateSchedule",
       fmt::format(R"j({{"Name":"s","ScheduleExpression":"rate(1 hour)",)j"
                   R"("FlexibleTimeWindow":{{"Mode":"OFF"}},"Target":{{"Arn":"{}",)"
                   R"("RoleArn":"arn:aws:iam::000000000000:role/r"}}}})",
                   arn("sqs", "q00")));
  call("events", "PutRule", R"j({"Name":"every","ScheduleExpression":"rate(1 day)"})j");
  EXPECT_EQ(rows("schedules", "name"),
            (std::vector<std::string>{arn("events", "rule/every"),
                                      arn("scheduler", "schedule/default/s")}));
  for (const char* const limit : {"1", "7", "100"}) {
    const auto names =
        rows("queues", "name", std::string("&limit=") + limit + "&service=sqs&holds=:q");
    EXPECT_EQ(names.size(), 25u) << limit;
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), 25u) << limit;
  }
  EXPECT_EQ(rows("queues", "name", "&holds=q07&limit=1"),
            std::vector<std::string>{arn("sqs", "q07")});
  const HttpAnswer all = get("/_lapwing/events?limit=2");
  for (const char* const list : {"queues", "mappings", "schedules", "retries", "dead-letters"}) {
    EXPECT_TRUE(all.body.contains(fmt::format("\"{}\":{{\"rows\":", list))) << list;
  }
}

TEST_F(EventPagesTest, WhatMakesNoSenseIsRefused) {
  for (const char* const query : {"?list=no", "?limit=0", "?limit=1001", "?limit=x", "?after=x",
                                  "?list=queues&after=x", "?else=1", "?list=%zz"}) {
    EXPECT_EQ(get(std::string("/_lapwing/events") + query).status, 400) << query;
  }
  EXPECT_EQ(
      get("/_lapwing/events?service=foo").body,
      R"({"message":"There is no service foo here: say one of iam, sqs, lambda, sns, events, )"
      R"(scheduler."})");
  EXPECT_EQ(get("/_lapwing/events?list=no").body,
            R"({"message":"There is no list no: say one of queues, mappings, schedules, retries, )"
            R"(dead-letters."})");
  EXPECT_EQ(get("/_lapwing/outbox?limit=501").status, 400);
  EXPECT_EQ(get("/_lapwing/outbox?after=x").status, 400);
  EXPECT_EQ(get("/_lapwing/events/trace/nothing").status, 404);
  EXPECT_EQ(get("/_lapwing/events/replay").status, 405);
  EXPECT_EQ(server_->request("POST", "/_lapwing/events", {}, "{}").status, 405);
  EXPECT_EQ(replay("nothing").status, 404);
  for (const char* const body : {"", "{}", "[]", R"({"id":1})", R"({"id":""})", "no"}) {
    EXPECT_EQ(server_->request("POST", "/_lapwing/events/replay", {}, body).status, 400) << body;
  }
  for (const std::size_t bytes : {10'000U, 100'000U}) {
    EXPECT_EQ(
        server_->request("POST", "/_lapwing/events/replay", {}, std::string(bytes, 'x')).status,
        413);
  }
  EXPECT_EQ(server_->request("GET", "/_lapwing/events", "Origin: http://evil.test\r\n").status,
            403);
}

TEST_F(EventPagesTest, WhatGoesToPeopleIsShown) {
  call("sns", "CreateTopic", R"({"Name":"t"})");
  call("sns", "Subscribe",
       fmt::format(R"({{"TopicArn":"{}","Protocol":"email","Endpoint":"a@b.test"}})",
                   arn("sns", "t")));
  for (int i = 0; i < 3; ++i) {
    call("sns", "Publish", R"({"PhoneNumber":"+491700000000","Message":"hello"})");
  }
  const HttpAnswer mail = get("/_lapwing/outbox?protocol=email&to=a%40b.test");
  EXPECT_EQ(mail.status, 200);
  EXPECT_TRUE(mail.body.contains(R"("to":"a@b.test","subject":"AWS Notification - Subscription)"))
      << mail.body;
  const HttpAnswer first = get("/_lapwing/outbox?protocol=sms&limit=2");
  const auto document = text::parse_json(first.body);
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().find("messages")->items().size(), 2u);
  const text::JsonValue* const next = document->root().find("next");
  ASSERT_NE(next, nullptr);
  const HttpAnswer rest =
      get("/_lapwing/outbox?protocol=sms&limit=2&after=" + std::string(next->as_string()));
  EXPECT_EQ(text::parse_json(rest.body)->root().find("messages")->items().size(), 1u);
  EXPECT_TRUE(get("/_lapwing/outbox?account=111111111111").body.starts_with(R"({"messages":[])"));
}

// However many are asked for, and however little of a message is what it takes as JSON.
TEST_F(EventPagesTest, APageOfWhatGoesToPeopleIsBounded) {
  call("sns", "CreateTopic", R"({"Name":"t"})");
  call("sns", "Subscribe",
       fmt::format(R"({{"TopicArn":"{}","Protocol":"email","Endpoint":"a@b.test"}})",
                   arn("sns", "t")));
  const HttpAnswer asked = get("/_lapwing/outbox");
  const std::string body = asked.body.substr(asked.body.find("Token="));
  const std::string token = body.substr(6, body.find_first_of("&\"\\ ") - 6);
  call("sns", "ConfirmSubscription",
       fmt::format(R"({{"TopicArn":"{}","Token":"{}"}})", arn("sns", "t"), token));
  constexpr std::size_t kCount = 12;
  for (std::size_t i = 0; i < kCount; ++i) {
    call("sns", "Publish",
         fmt::format(R"({{"TopicArn":"{}","Message":{}}})", arn("sns", "t"),
                     in_quotes(std::string(100'000, '"'))));
  }
  std::size_t seen = 0;
  std::size_t pages = 0;
  std::string after;
  do {
    const HttpAnswer page = get("/_lapwing/outbox?limit=500" + after);
    ASSERT_EQ(page.status, 200) << page.body.substr(0, 200);
    EXPECT_LE(page.body.size(), hosting::kOutboxPageBytes);
    const auto document = text::parse_json(page.body);
    ASSERT_TRUE(document);
    seen += document->root().find("messages")->items().size();
    const text::JsonValue* const next = document->root().find("next");
    after = next != nullptr ? "&after=" + std::string(next->as_string()) : "";
  } while (!after.empty() && ++pages < 50);
  EXPECT_EQ(seen, kCount + 1);
  EXPECT_GE(pages, 2u);
}

TEST(EventPagesSigned, AreTheOperators) {
  TestServer server({.services = {"sqs"}, .settings = {"auth=verify"}});
  for (const char* const path :
       {"/_lapwing/events", "/_lapwing/events/trace/x", "/_lapwing/outbox"}) {
    EXPECT_EQ(server.request("GET", path).status, 403) << path;
  }
  EXPECT_EQ(server.request("POST", "/_lapwing/events/replay", {}, R"({"id":"x"})").status, 403);
}

}  // namespace
}  // namespace lapwing::server
