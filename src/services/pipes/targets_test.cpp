// What each kind of target and enrichment gets, and what is written into logs.
#include "services/pipes/testing/host.hpp"

namespace lapwing::pipes::testing {
namespace {

ports::Parcel sent(Host& host, const std::string& body = R"({"id":"x","at":1700000000,"n":2})") {
  host.queues.send("q", body);
  EXPECT_TRUE(host.empties());
  const auto all = host.targets.all();
  EXPECT_EQ(all.size(), 1U);
  return all.empty() ? ports::Parcel() : all[0];
}

TEST(PipeTargets, AFunctionThatIsNotWaitedFor) {
  Host host;
  host.run(
      kFunction,
      R"("TargetParameters":{"LambdaFunctionParameters":{"InvocationType":"FIRE_AND_FORGET"}})");
  const ports::Parcel parcel = sent(host);
  EXPECT_EQ(parcel.target, kFunction);
  EXPECT_EQ(parcel.body.front(), '[');
  EXPECT_TRUE(host.functions.given(kFunction).empty());
}

TEST(PipeTargets, AQueueWithGroups) {
  Host host;
  host.run(queue_arn("t.fifo"),
           R"("TargetParameters":{"SqsQueueParameters":{"MessageGroupId":"$.body.id",)"
           R"("MessageDeduplicationId":"$.messageId"}})");
  const ports::Parcel parcel = sent(host);
  EXPECT_EQ(parcel.group, "x");
  EXPECT_EQ(parcel.deduplication_id, "m1");
}

TEST(PipeTargets, APathThatFindsNothingFailsTheEvent) {
  Host host;
  host.run(queue_arn("t.fifo"),
           R"("TargetParameters":{"SqsQueueParameters":{"MessageGroupId":"$.body.id"}})");
  host.queues.send("q", "{}");
  host.queues.send("q", R"({"id":"y"})");
  ASSERT_TRUE(eventually([&] { return host.queues.waiting("q") == 1; }));
  ASSERT_EQ(host.targets.all().size(), 1U);
  EXPECT_EQ(host.targets.all()[0].group, "y");
}

TEST(PipeTargets, ABusHasASourceAndADetailType) {
  {
    Host host;
    host.run(kBus);
    const ports::Parcel parcel = sent(host);
    EXPECT_EQ(parcel.source, "Pipe p");
    EXPECT_EQ(parcel.detail_type, "Event from aws:sqs");
    EXPECT_FALSE(parcel.time_ms);
  }
  Host host;
  host.run(kBus, R"("TargetParameters":{"EventBridgeEventBusParameters":{"Source":"app",)"
                 R"("DetailType":"$.body.id","Resources":["arn:aws:s3:::b","$.eventSourceARN"],)"
                 R"("Time":"$.body.at"},"InputTemplate":"<$.body>"})");
  const ports::Parcel parcel = sent(host);
  EXPECT_EQ(parcel.source, "app");
  EXPECT_EQ(parcel.detail_type, "x");
  EXPECT_EQ(parcel.resources, (Texts{"arn:aws:s3:::b", queue_arn("q")}));
  EXPECT_EQ(parcel.time_ms, 1'700'000'000'000);
  EXPECT_EQ(parcel.body, R"({"id":"x","at":1700000000,"n":2})");
}

TEST(PipeTargets, ALogGroupHasAStreamAndATime) {
  Host host;
  host.run(kGroup, R"("TargetParameters":{"CloudWatchLogsParameters":{"LogStreamName":"s",)"
                   R"("Timestamp":"$.body.at"},"InputTemplate":"n is <$.body.n>"})");
  const ports::Parcel parcel = sent(host);
  EXPECT_EQ(parcel.target, kGroup);
  EXPECT_EQ(parcel.log_stream, "s");
  EXPECT_EQ(parcel.time_ms, 1'700'000'000'000);
  EXPECT_EQ(parcel.body, "n is 2");
}

TEST(PipeTargets, ATopic) {
  Host host;
  host.run(kTopic, R"("TargetParameters":{"InputTemplate":"<$.body.id>"})");
  EXPECT_EQ(sent(host).body, "x");
}

TEST(PipeTargets, AnApiDestination) {
  Host host;
  host.run(kApi, R"("TargetParameters":{"InputTemplate":"{\"n\": <$.body.n>}","HttpParameters":{)"
                 R"("PathParameterValues":["$.body.id"],"HeaderParameters":{"X-N":"$.body.n"},)"
                 R"("QueryStringParameters":{"q":"v"}}})");
  EXPECT_EQ(host.describe().at("SourceParameters.SqsQueueParameters.BatchSize"), "1");
  host.queues.send("q", R"({"id":"x","n":2})");
  ASSERT_TRUE(host.empties());
  const ports::Parcel parcel = host.apis.all().at(0);
  EXPECT_EQ(parcel.target, "api-destination:" + std::string(kApi));
  EXPECT_EQ(parcel.path_values, Texts{"x"});
  EXPECT_EQ(parcel.headers.at(0).value, "2");
  EXPECT_EQ(parcel.query.at(0).name, "q");
  EXPECT_EQ(parcel.body, R"({"n": 2})");
}

TEST(PipeTargets, AnApiDestinationEnriches) {
  Host host;
  host.apis.answers(R"({"city":"Ulm"})");
  host.run({},
           fmt::format(R"("Enrichment":"{}","EnrichmentParameters":{{"InputTemplate":"<$.body>",)"
                       R"("HttpParameters":{{"PathParameterValues":["$.messageId"]}}}})",
                       kApi));
  EXPECT_EQ(sent(host, R"({"id":"x"})").body, R"({"city":"Ulm"})");
  EXPECT_EQ(host.apis.bodies(), Texts{R"({"id":"x"})"});
  EXPECT_EQ(host.apis.all()[0].path_values, Texts{"m1"});
  EXPECT_GT(host.apis.all()[0].answer_bytes_max, 0U);
}

// Whatever is wrong with a destination, what was on its way to it comes again.
TEST(PipeTargets, ADestinationWithABugFailsTheBatchAndNothingElse) {
  const std::string enriched = fmt::format(R"("Enrichment":"{}")", kApi);
  for (const Taker::Odd odd : {Taker::Odd::kThrows, Taker::Odd::kSilent}) {
    for (const bool enriches : {false, true}) {
      for (const char* const source : {"q", "q.fifo"}) {
        Host host;
        host.queues.make("q.fifo");
        Taker& taker = enriches ? host.apis : host.targets;
        taker.is(odd);
        host.run({}, enriches ? enriched : std::string(), source);
        host.queues.send(source, "1", "g");
        ASSERT_TRUE(eventually([&] { return taker.calls() >= 1; }));
        taker.is(Taker::Odd::kNot);
        EXPECT_TRUE(eventually([&] {
          host.pass(seconds(60));
          return host.queues.waiting(source) == 0;
        }));
      }
    }
  }
}

std::string logging(std::string_view level, std::string_view more = "") {
  return fmt::format(
      R"("LogConfiguration":{{"Level":"{}","CloudwatchLogsLogDestination":{{"LogGroupArn":"{}"}}{}}})",
      level, kGroup, more);
}

TEST(PipeLogs, StagesAtInfo) {
  Host host;
  host.functions.answers(kEnricher, {FunctionRun{.answer = "[1]"}, FunctionRun{.answer = "[]"}});
  host.run({}, fmt::format(R"("Enrichment":"{}",{})", kEnricher, logging("INFO")));
  EXPECT_EQ(host.describe().at("LogConfiguration.Level"), "INFO");
  (void)sent(host);
  host.queues.send("q", "again");
  ASSERT_TRUE(host.empties());
  host.advance(Duration::zero());
  EXPECT_EQ(host.logs.types(),
            (Texts{"ExecutionStarted", "EnrichmentStageEntered", "EnrichmentStageSucceeded",
                   "TargetStageEntered", "TargetStageSucceeded", "ExecutionSucceeded",
                   "ExecutionStarted", "EnrichmentStageEntered", "EnrichmentStageSucceeded",
                   "TargetStageSkipped", "ExecutionSucceeded"}));
  EXPECT_EQ(host.logs.all()[0].find("/g pipes/p/"), 0U);
  EXPECT_EQ(host.logs.all()[0].find("payload"), std::string::npos);
}

TEST(PipeLogs, FailuresAtErrorAndDataWhereItIsWanted) {
  Host host;
  host.run({}, logging("ERROR", R"(,"IncludeExecutionData":["ALL"])") +
                   R"(,"TargetParameters":{"InputTemplate":"<$.body>"})");
  host.queues.send("q", "good");
  ASSERT_TRUE(host.empties());
  EXPECT_TRUE(host.logs.all().empty());
  host.targets.refuses({"bad"});
  host.queues.send("q", "bad");
  ASSERT_TRUE(eventually([&] { return host.logs.all().size() == 3; }));
  EXPECT_EQ(host.logs.types(),
            (Texts{"TargetInvocationFailed", "TargetStageFailed", "ExecutionFailed"}));
  EXPECT_NE(host.logs.all()[0].find(R"("error":{"message":"Refused: no","awsService":"sqs"})"),
            std::string::npos)
      << host.logs.all()[0];
}

TEST(PipeLogs, EachStepAtTrace) {
  Host host;
  host.run(kFunction, logging("TRACE", R"(,"IncludeExecutionData":["ALL"])") +
                          R"(,"TargetParameters":{"InputTemplate":"{\"b\": <$.body>}"})");
  host.queues.send("q", std::string(40'000, 'x'));
  ASSERT_TRUE(host.empties());
  host.advance(Duration::zero());
  EXPECT_EQ(host.logs.types(),
            (Texts{"ExecutionStarted", "TargetStageEntered", "TargetTransformationStarted",
                   "TargetTransformationSucceeded", "TargetInvocationStarted",
                   "TargetInvocationSucceeded", "TargetStageSucceeded", "ExecutionSucceeded"}));
  EXPECT_NE(host.logs.all()[4].find(R"("truncatedFields":["awsRequest"])"), std::string::npos);
  EXPECT_NE(host.logs.all()[5].find(R"("awsResponse":"null")"), std::string::npos);
}

}  // namespace
}  // namespace lapwing::pipes::testing
