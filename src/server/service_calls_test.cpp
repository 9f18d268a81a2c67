// Services that call other services: any operation, as some principal, over the whole server.
#include "server/service_calls.hpp"

#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/testing/eventually.hpp"
#include "gen/toy/types.hpp"
#include "net/testing/run.hpp"
#include "server/engine_part.hpp"
#include "server/testing/test_server.hpp"
#include "text/base64.hpp"
#include "text/json.hpp"
#include "text/pattern.hpp"

namespace lapwing::server {
namespace {

namespace toy = gen::toy;
using testing::TestServer;

ports::ApiRequest request_of(std::string service, std::string operation, std::string input) {
  ports::ApiRequest out{
      .service = std::move(service), .operation = std::move(operation), .input = std::move(input)};
  out.call.caller.host = "localhost:4566";
  out.call.caller.principal_arn = "arn:aws:sts::000000000000:assumed-role/caller/schedule";
  out.call.caller.user_id = "AROAEXAMPLE:schedule";
  return out;
}

// Begun as by a task in the background, on no loop.
Result<std::string> call(TestServer& server, ports::ApiRequest request) {
  std::promise<Result<std::string>> promise;
  server.instance().api().begin(std::move(request), [&promise](Result<std::string> output) {
    promise.set_value(std::move(output));
  });
  return promise.get_future().get();
}

std::string member(const Result<std::string>& output, std::string_view name) {
  const auto document = output ? text::parse_json_copy(*output) : fail(output.error());
  if (!document) return {};
  const text::JsonValue* const value = document->root().find(name);
  if (value == nullptr) return {};
  return std::string(value->is_number() ? value->number_text() : value->as_string());
}

TEST(ServiceCalls, ActAsThePrincipalThatIsSaid) {
  TestServer server({.services = {"sqs", "sts"}});
  const auto who = call(server, request_of("sts", "GetCallerIdentity", "{}"));
  EXPECT_EQ(member(who, "Arn"), "arn:aws:sts::000000000000:assumed-role/caller/schedule");
  const auto made = call(server, request_of("sqs", "CreateQueue", R"({"QueueName":"q"})"));
  EXPECT_EQ(member(made, "QueueUrl"), "http://localhost:4566/000000000000/q");
  EXPECT_TRUE(server.call("sqs", "GetQueueUrl", R"({"QueueName":"q"})").ok());
  const std::string metrics = server.request("GET", "/_lapwing/metrics").body;
  EXPECT_NE(metrics.find("lapwing_operations_total{service=\"sqs\",operation=\"CreateQueue\","
                         "outcome=\"ok\"} 1\n"),
            std::string::npos);
}

TEST(ServiceCalls, ErrorsAreThoseOfClients) {
  TestServer server({.services = {"sqs"}});
  const auto gone = call(server, request_of("sqs", "GetQueueUrl", R"({"QueueName":"none"})"));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code(), "QueueDoesNotExist");
  EXPECT_EQ(gone.error().message(), "The specified queue does not exist.");
  EXPECT_EQ(gone.error().http_status(), 400);
  const auto wrong = call(server, request_of("sqs", "GetQueueUrl", "{}"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().http_status(), 400);
  for (const auto& [service, operation] :
       {std::pair("sqs", "NoSuchOperation"), std::pair("logs", "DescribeLogGroups"),
        std::pair("nothing", "CreateQueue")}) {
    const auto unbuilt = call(server, request_of(service, operation, "{}"));
    ASSERT_FALSE(unbuilt);
    EXPECT_EQ(unbuilt.error().code(), "NotImplemented") << service;
    EXPECT_EQ(unbuilt.error().http_status(), 501) << service;
  }
}

// def handler(event, context): return event
constexpr char kZip[] =
    "UEsDBBQAAAAAAAAAIVg1ODTkKgAAACoAAAAGAAAAYXBwLnB5ZGVmIGhhbmRsZXIoZXZlbnQsIGNvbnRleHQpOiByZXR1"
    "cm4gZXZlbnQKUEsBAhQDFAAAAAAAAAAhWDU4NOQqAAAAKgAAAAYAAAAAAAAAAAAAAKSBAAAAAGFwcC5weVBLBQYAAAAA"
    "AQABADQAAABOAAAAAAA=";

class InvokeByServices : public ::testing::Test {
 protected:
  InvokeByServices() {
    EXPECT_TRUE(
        server
            .call("lambda", "CreateFunction",
                  std::string(R"({"FunctionName":"f","Runtime":"python3.12",)") +
                      R"("Handler":"app.handler","Role":"arn:aws:iam::000000000000:role/r",)"
                      R"("Code":{"ZipFile":")" +
                      kZip + R"("}})")
            .ok());
    while (
        server.call("lambda", "GetFunction", R"({"FunctionName":"f"})").at("Configuration.State") ==
        "Pending") {
      std::this_thread::yield();
    }
  }
  Result<std::string> invoke(const std::string& more, std::string_view payload = R"({"a":1})") {
    return call(server, request_of("lambda", "Invoke",
                                   R"({"FunctionName":"f","Payload":")" +
                                       text::base64_encode(payload) + "\"" + more + "}"));
  }

  TestServer server{
      {.services = {"lambda"},
       .script = [](const runtime::FunctionVersion&, const runtime::Invocation& invocation) {
         runtime::Outcome out;
         out.body = invocation.payload;
         out.log_tail = "the tail";
         if (invocation.payload == "\"fail\"") {
           out.kind = runtime::Outcome::Kind::kFunctionError;
           out.body = R"({"errorType":"Oh"})";
         }
         return out;
       }}};
};

TEST_F(InvokeByServices, AnswersWhatTheFunctionDoes) {
  const auto done = invoke(R"(,"LogType":"Tail")");
  ASSERT_TRUE(done) << done.error().to_log();
  EXPECT_EQ(member(done, "StatusCode"), "200");
  EXPECT_EQ(member(done, "ExecutedVersion"), "$LATEST");
  EXPECT_EQ(member(done, "Payload"), text::base64_encode(R"({"a":1})"));
  EXPECT_EQ(member(done, "LogResult"), text::base64_encode("the tail"));
  EXPECT_EQ(member(done, "FunctionError"), "");
  const auto failed = invoke("", "\"fail\"");
  EXPECT_EQ(member(failed, "StatusCode"), "200");
  EXPECT_EQ(member(failed, "FunctionError"), "Unhandled");
  EXPECT_EQ(member(failed, "Payload"), text::base64_encode(R"({"errorType":"Oh"})"));
  EXPECT_EQ(server.machine().made(), 1U);
}

TEST_F(InvokeByServices, TriesAndRefusesAsTheFastPathDoes) {
  const auto tried = invoke(R"(,"InvocationType":"DryRun")");
  EXPECT_EQ(member(tried, "StatusCode"), "204");
  EXPECT_EQ(server.machine().made(), 0U);
  struct Refused {
    std::string more;
    std::string payload;
    int status;
    std::string code;
  };
  for (const Refused& each :
       {Refused{R"(,"InvocationType":"Event")", "\"" + std::string(1024 * 1024, 'x') + "\"", 413,
                "RequestTooLargeException"},
        Refused{R"(,"DurableExecutionName":"t")", "{}", 501, "NotImplemented"},
        Refused{R"(,"TenantId":"t")", "{}", 400, "InvalidParameterValueException"},
        Refused{R"(,"Qualifier":"7")", "{}", 404, "ResourceNotFoundException"},
        Refused{"", "{", 400, "InvalidRequestContentException"},
        Refused{"", std::string(6 * 1024 * 1024, ' ') + "{}", 413, "RequestTooLargeException"}}) {
    const auto refused = invoke(each.more, each.payload);
    ASSERT_FALSE(refused) << each.more;
    EXPECT_EQ(refused.error().http_status(), each.status) << refused.error().to_log();
    EXPECT_EQ(refused.error().code(), each.code) << refused.error().to_log();
  }
  EXPECT_EQ(server.machine().made(), 0U);
  const auto accepted = invoke(R"(,"InvocationType":"Event")");
  EXPECT_EQ(member(accepted, "StatusCode"), "202");
  EXPECT_TRUE(lapwing::testing::eventually([&] { return server.machine().made() == 1; }));
}

// What is given to functions counts, who calls them.
TEST(EngineOrders, PayloadsOfServicesHaveTheirShare) {
  testing::ScriptedMachine machine({});
  http::Memory memory({.payloads = kMiB});
  EngineOrders orders(machine, memory, 1);
  net::testing::TestLoop loop;
  Result<runtime::Outcome> outcome;
  loop.run(
      [](engine::Invoker& invoker, net::Loop& l, Result<runtime::Outcome>& out) -> net::Task<void> {
        runtime::Invocation invocation;
        invocation.payload = std::string(2 * kMiB, 'x');
        out = co_await invoker.invoke(l, nullptr, std::move(invocation));
      }(orders.side().invoker, loop.get(), outcome));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().http_status(), 429);
  EXPECT_EQ(memory.payloads.held(), 0U);
  orders.stop();
}

// What a service of one operation stands on.
struct ToyParts {
  SystemClock clock;
  SeededRandom random{7};
  text::PatternCache patterns;
  const aws::AuthoriseAll everybody;
  net::WorkerPool workers{1};
  net::LoopGroup loops{1, clock, null_logger()};
  aws::Pipeline pipeline{patterns, null_logger(), clock, everybody, workers};
};

// Answers as many bytes as it is asked for, and notes what is counted while it runs.
struct Counted {
  http::Memory memory{{.payloads = 64 * kKiB}};
  std::uint64_t held = 0;
};

Result<toy::KindsStruct> answer_bytes(Counted& core, const aws::Call&, toy::KindsStruct in) {
  core.held = core.memory.payloads.held();
  toy::KindsStruct out;
  out.text = std::string(static_cast<std::size_t>(in.huge.value_or(0)), 'x');
  return out;
}

TEST(ServiceCalls, WhatTheyHoldCountsAmongPayloads) {
  ToyParts parts;
  parts.loops.start();
  Counted core;
  ServiceCalls calls(parts.loops, parts.random, &core.memory);
  aws::OperationTable table(toy::kModel);
  table.add<toy::Kinds>(core, answer_bytes,
                        {.access = aws::Access::kRead, .resource = aws::kNoResource});
  const aws::Service service(std::move(table), parts.pipeline);
  calls.add(service);
  const auto call = [&](std::string input) {
    std::promise<std::pair<Result<std::string>, std::uint64_t>> promise;
    calls.begin(request_of("toy", "Kinds", std::move(input)), [&](Result<std::string> output) {
      promise.set_value({std::move(output), core.memory.payloads.held()});
    });
    auto out = promise.get_future().get();
    EXPECT_TRUE(lapwing::testing::eventually([&] { return core.memory.payloads.held() == 0; }));
    return out;
  };
  const std::string ask = R"({"Huge":100000})";
  const auto [output, held] = call(ask);
  ASSERT_TRUE(output) << output.error().to_log();
  EXPECT_EQ(core.held, ask.size());
  EXPECT_EQ(held, ask.size() + output->size());
  const std::string large = R"({"Text":")" + std::string(100'000, 'x') + "\"}";
  const auto [refused, nothing] = call(large);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().http_status(), 429);
  EXPECT_EQ(nothing, 0U);
}

// A service whose operation calls itself.
struct Circle {
  ports::AwsApi* api = nullptr;
  unsigned calls = 0;
};

net::Task<Result<toy::KindsStruct>> call_itself(Circle& core, net::Loop& loop,
                                                const aws::Call& call, toy::KindsStruct) {
  ++core.calls;
  ports::ApiRequest again{.call = call, .service = "toy", .operation = "Kinds"};
  LAPWING_CO_CHECK(co_await core.api->perform(loop, std::move(again)));
  co_return toy::KindsStruct();
}

TEST(ServiceCalls, ACircleEnds) {
  ToyParts parts;
  ServiceCalls calls(parts.loops, parts.random);
  Circle core{.api = &calls};
  aws::OperationTable table(toy::kModel);
  table.add<toy::Kinds>(core, call_itself,
                        {.access = aws::Access::kRead, .resource = aws::kNoResource});
  const aws::Service service(std::move(table), parts.pipeline);
  calls.add(service);
  net::testing::TestLoop loop;
  Result<std::string> output;
  loop.run([](ServiceCalls& on, net::Loop& l, Result<std::string>& out) -> net::Task<void> {
    out = co_await on.perform(l, {.service = "toy", .operation = "Kinds"});
  }(calls, loop.get(), output));
  ASSERT_FALSE(output);
  EXPECT_EQ(output.error().code(), "LimitExceededException");
  EXPECT_EQ(output.error().http_status(), 400);
  EXPECT_EQ(core.calls, ports::kApiDepthMax);
}

}  // namespace
}  // namespace lapwing::server
