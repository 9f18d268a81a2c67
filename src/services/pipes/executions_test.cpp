// What goes through a pipe: filters, enrichments, templates, what comes back.
#include "services/pipes/testing/host.hpp"

namespace lapwing::pipes::testing {
namespace {

FunctionRun answered(std::string text) { return {.answer = std::move(text)}; }
FunctionRun failed() { return {.kind = FunctionRun::Kind::kFailed, .reason = "Weather"}; }
FunctionRun not_now() { return {.kind = FunctionRun::Kind::kNotNow, .reason = "no room"}; }

std::string enriched(std::string_view more = "") {
  return fmt::format(R"("Enrichment":"{}"{}{})", kEnricher, more.empty() ? "" : ",", more);
}

std::string transformed(std::string_view body) {
  return fmt::format(R"("TargetParameters":{{"InputTemplate":{}}})", in_quotes(body));
}

TEST(Executions, ARecordGoesAsItIs) {
  Host host;
  host.run();
  host.queues.send("q", "hello");
  ASSERT_TRUE(host.empties());
  ASSERT_EQ(host.targets.calls(), 1U);
  const ports::Parcel parcel = host.targets.all()[0];
  EXPECT_EQ(parcel.target, queue_arn("target"));
  EXPECT_EQ(parcel.as.role_arn, kRole);
  EXPECT_EQ(parcel.as.service, "");
  EXPECT_NE(parcel.id, "");
  EXPECT_EQ(parcel.body.find(R"({"messageId":"m1","body":"hello","attributes":{)"), 0U)
      << parcel.body;
}

TEST(Executions, AFunctionGetsAnArrayEvenOfOne) {
  Host host;
  host.run(kFunction);
  host.queues.send("q", "a");
  ASSERT_TRUE(host.empties());
  const Texts given = host.functions.given(kFunction);
  ASSERT_EQ(given.size(), 1U);
  EXPECT_EQ(given[0].find(R"([{"messageId":"m1")"), 0U);
  EXPECT_EQ(host.targets.calls(), 0U);
}

TEST(Executions, WhatNoFilterWantsIsConsumed) {
  Host host;
  host.run({}, R"("SourceParameters":{"FilterCriteria":{"Filters":[)"
               R"({"Pattern":"{\"body\":{\"n\":[{\"numeric\":[\">\",1]}]}}"}]}})");
  for (const char* const body : {R"({"n":1})", R"({"n":2})", "plain"}) host.queues.send("q", body);
  ASSERT_TRUE(host.empties());
  ASSERT_EQ(host.targets.all().size(), 1U);
  EXPECT_NE(host.targets.bodies()[0].find(R"({\"n\":2})"), std::string::npos);
}

TEST(Executions, TemplatesLookIntoABodyThatIsJson) {
  Host host;
  host.run({},
           transformed(R"({"id": <$.body.id>, "all": <$.body>, "pipe": "<aws.pipes.pipe-name>",)"
                       R"( "none": "<$.body.nothing>", "at": <aws.pipes.event.ingestion-time>})"));
  host.queues.send("q", R"({"id":"x","n":[1,2]})");
  ASSERT_TRUE(host.empties());
  const std::string body = host.targets.bodies().at(0);
  EXPECT_EQ(body.find(R"({"id": "x", "all": {"id":"x","n":[1,2]}, "pipe": "p", "none": "",)"), 0U)
      << body;
}

TEST(Executions, ATemplateMayBeText) {
  Host host;
  host.run({}, transformed("order <$.body.id>: <$.messageId>"));
  host.queues.send("q", R"({"id":7})");
  ASSERT_TRUE(host.empties());
  EXPECT_EQ(host.targets.bodies(), Texts{"order 7: m1"});
}

TEST(Executions, ForAFunctionEachEventIsTransformed) {
  Host host;
  host.run(kFunction, transformed("<$.body>") +
                          R"(,"SourceParameters":{"SqsQueueParameters":)"
                          R"({"BatchSize":2,"MaximumBatchingWindowInSeconds":1}})");
  host.queues.send("q", R"({"a":1})");
  host.queues.send("q", "text");
  ASSERT_TRUE(host.empties());
  EXPECT_EQ(host.functions.given(kFunction), Texts{R"([{"a":1},"text"])"});
}

TEST(Executions, AnEnrichmentReplacesTheBatch) {
  Host host;
  host.functions.answers(kEnricher, {answered(R"([{"x":1},{"x":2},{"x":3}])")});
  host.run({}, enriched(transformed("<$.x>")));
  host.queues.send("q", "a");
  ASSERT_TRUE(host.empties());
  EXPECT_EQ(host.functions.given(kEnricher).at(0).find(R"([{"messageId":"m1")"), 0U);
  EXPECT_EQ(host.targets.bodies(), (Texts{"1", "2", "3"}));
  std::set<std::string> ids;
  for (const ports::Parcel& each : host.targets.all()) ids.insert(each.id);
  EXPECT_EQ(ids.size(), 3U);
}

TEST(Executions, AnEnrichmentHasATemplateOfItsOwn) {
  Host host;
  host.functions.answers(kEnricher, {answered(R"({"one":true})")});
  host.run(kFunction, enriched(R"("EnrichmentParameters":{"InputTemplate":"{\"b\": <$.body>}"})"));
  host.queues.send("q", "a");
  ASSERT_TRUE(host.empties());
  EXPECT_EQ(host.functions.given(kEnricher), Texts{R"([{"b": "a"}])"});
  EXPECT_EQ(host.functions.given(kFunction), Texts{R"([{"one":true}])"});
}

TEST(Executions, AnEmptyAnswerEndsTheBatch) {
  for (const char* const answer : {"[]", "{}", R"("")", "null"}) {
    Host host;
    host.functions.answers(kEnricher, {answered(answer)});
    host.run({}, enriched());
    host.queues.send("q", "a");
    ASSERT_TRUE(host.empties()) << answer;
    EXPECT_EQ(host.targets.calls(), 0U) << answer;
  }
}

TEST(Executions, MoreThanTheTargetTakesIsNotSent) {
  Host host;
  host.functions.answers(kEnricher, {answered("[1,2,3,4,5,6,7,8,9,10,11]"), answered("[]")});
  host.run({}, enriched());
  host.queues.send("q", "a");
  ASSERT_TRUE(eventually([&] { return host.functions.given(kEnricher).size() == 1; }));
  host.advance(Duration::zero());
  EXPECT_EQ(host.queues.waiting("q"), 1U);
  EXPECT_EQ(host.targets.calls(), 0U);
}

TEST(Executions, WhatFailsComesBackAndIsDeadLettered) {
  Host host;
  host.queues.receives_max = 2;
  host.functions.answers(kFunction, {failed(), failed()});
  host.run(kFunction);
  host.queues.send("q", "poison");
  ASSERT_TRUE(eventually([&] { return host.functions.given(kFunction).size() == 1; }));
  host.pass(seconds(29));
  EXPECT_EQ(host.functions.given(kFunction).size(), 1U);
  host.pass(seconds(1));
  ASSERT_TRUE(eventually([&] { return host.functions.given(kFunction).size() == 2; }));
  host.pass(seconds(30));
  ASSERT_TRUE(host.empties());
  EXPECT_EQ(host.queues.dead(), Texts{"poison"});
}

TEST(Executions, OfABatchOnlyWhatFailedComesBack) {
  Host host;
  host.run({}, transformed("<$.body>") + R"(,"SourceParameters":{"SqsQueueParameters":)"
                                         R"({"BatchSize":3,"MaximumBatchingWindowInSeconds":1}})");
  host.targets.refuses({"b"});
  for (const char* const body : {"a", "b", "c"}) host.queues.send("q", body);
  ASSERT_TRUE(eventually([&] { return host.queues.waiting("q") == 1; }));
  EXPECT_EQ(host.targets.bodies(), (Texts{"a", "b", "c"}));
  const std::string id = host.targets.all()[1].id;
  host.targets.refuses({});
  host.pass(seconds(40));
  host.pass(seconds(1));
  ASSERT_TRUE(host.empties());
  EXPECT_EQ(host.targets.bodies(), (Texts{"a", "b", "c", "b"}));
  EXPECT_EQ(host.targets.all()[3].id, id);
}

TEST(Executions, AFunctionSaysWhatFailed) {
  Host host;
  host.functions.answers(kFunction,
                         {answered(R"({"batchItemFailures":[{"itemIdentifier":"m2"}]})"),
                          answered(R"({"batchItemFailures":[{"itemIdentifier":"unknown"}]})")});
  host.run(kFunction, R"("SourceParameters":{"SqsQueueParameters":)"
                      R"({"BatchSize":2,"MaximumBatchingWindowInSeconds":1}})");
  host.queues.send("q", "a");
  host.queues.send("q", "b");
  ASSERT_TRUE(eventually([&] { return host.queues.waiting("q") == 1; }));
  host.pass(seconds(40));
  host.pass(seconds(1));
  ASSERT_TRUE(eventually([&] { return host.functions.given(kFunction).size() == 2; }));
  EXPECT_EQ(host.queues.waiting("q"), 1U);
}

TEST(Executions, WithAnEnrichmentTheWholeBatchComesBack) {
  Host host;
  host.functions.answers(kEnricher, {answered(R"(["a","b"])"), answered(R"(["a","b"])")});
  host.run({}, enriched(transformed("<$>")));
  host.targets.refuses({"b"});
  host.queues.send("q", "1");
  ASSERT_TRUE(eventually([&] { return host.targets.calls() == 1; }));
  host.advance(Duration::zero());
  EXPECT_EQ(host.queues.waiting("q"), 1U);
  host.targets.refuses({});
  host.pass(seconds(40));
  ASSERT_TRUE(host.empties());
  const auto sent = host.targets.all();
  ASSERT_EQ(sent.size(), 4U);
  // Who took it once knows it.
  EXPECT_EQ(sent[0].id, sent[2].id);
}

TEST(Executions, AThrottleKeepsTheBatch) {
  Host host;
  host.functions.answers(kFunction, {not_now(), not_now()});
  host.run(kFunction);
  host.queues.send("q", "a");
  ASSERT_TRUE(host.empties());
  EXPECT_EQ(host.functions.given(kFunction).size(), 3U);
  EXPECT_NE(host.functions.given(kFunction)[2].find(R"("ApproximateReceiveCount":"1")"),
            std::string::npos);
}

TEST(Executions, GroupsOfAFifoQueueStayInOrder) {
  Host host;
  host.queues.make("q.fifo");
  host.run({}, transformed("<$.body>"), "q.fifo");
  host.targets.refuses({"a2"});
  ASSERT_TRUE(host.named("StopPipe").ok());
  ASSERT_TRUE(host.comes_to("p", "STOPPED"));
  for (const char* const body : {"a1", "a2", "b1", "a3", "b2"}) {
    host.queues.send("q.fifo", body, std::string(body, 1));
  }
  ASSERT_TRUE(host.named("StartPipe").ok());
  ASSERT_TRUE(eventually([&] { return host.queues.waiting("q.fifo") == 2; }));
  EXPECT_EQ(host.targets.bodies(), (Texts{"a1", "a2", "b1", "b2"}));
  host.targets.refuses({});
  host.pass(seconds(30));
  ASSERT_TRUE(host.empties("q.fifo"));
  EXPECT_EQ(host.targets.bodies(), (Texts{"a1", "a2", "b1", "b2", "a2", "a3"}));
}

TEST(Executions, ATemplateThatMakesNoJsonFailsItsEvent) {
  Host host;
  host.run({}, transformed(R"({"x": "<$.body>"})"));
  host.queues.send("q", R"({"a":1})");
  host.queues.send("q", "fine");
  ASSERT_TRUE(eventually([&] { return host.queues.waiting("q") == 1; }));
  EXPECT_EQ(host.targets.bodies(), Texts{R"({"x": "fine"})"});
}

TEST(Executions, DeletedAtWorkItLeavesTheRest) {
  Host host;
  host.run();
  host.queues.send("q", "a");
  ASSERT_TRUE(host.empties());
  ASSERT_TRUE(host.named("DeletePipe").ok());
  ASSERT_TRUE(host.goes());
  host.queues.send("q", "b");
  host.advance(Duration::zero());
  EXPECT_EQ(host.queues.waiting("q"), 1U);
  // One of the same name is another one.
  host.run();
  EXPECT_TRUE(host.empties());
}

}  // namespace
}  // namespace lapwing::pipes::testing
