// Pipes as records: what is said of them, what is refused, their states.
#include "services/pipes/testing/host.hpp"

namespace lapwing::pipes::testing {
namespace {

constexpr std::string_view kArn = "arn:aws:pipes:us-east-1:000000000000:pipe/p";

TEST(Pipes, OneIsMadeShownAndDeleted) {
  Host host;
  const Answer made = host.create("p", {}, R"("Description":"d","Tags":{"a":"1"})");
  ASSERT_TRUE(made.ok()) << made.text;
  EXPECT_EQ(made.at("Arn"), kArn);
  EXPECT_EQ(made.at("Name"), "p");
  EXPECT_EQ(made.at("CurrentState"), "CREATING");
  EXPECT_EQ(made.at("DesiredState"), "RUNNING");
  EXPECT_NE(made.at("CreationTime"), "");
  ASSERT_TRUE(host.comes_to("p", "RUNNING"));
  const Answer shown = host.describe();
  EXPECT_EQ(shown.at("Source"), queue_arn("q"));
  EXPECT_EQ(shown.at("Target"), queue_arn("target"));
  EXPECT_EQ(shown.at("RoleArn"), kRole);
  EXPECT_EQ(shown.at("Description"), "d");
  EXPECT_EQ(shown.at("Tags.a"), "1");
  EXPECT_EQ(shown.at("SourceParameters.SqsQueueParameters.BatchSize"), "10");
  EXPECT_EQ(shown.size("TargetParameters"), 0U);
  EXPECT_EQ(shown.at("StateReason"), "");
  const Answer deleted = host.named("DeletePipe");
  EXPECT_EQ(deleted.at("CurrentState"), "DELETING");
  EXPECT_EQ(deleted.at("DesiredState"), "DELETED");
  EXPECT_TRUE(host.goes());
  EXPECT_EQ(host.named("DeletePipe").error, "NotFoundException");
  EXPECT_EQ(host.describe().text, "Pipe p does not exist.");
}

TEST(Pipes, OneNameIsGivenOnce) {
  Host host;
  host.run();
  const Answer again = host.create("p");
  EXPECT_EQ(again.error, "ConflictException");
  EXPECT_EQ(again.text, "Pipe p already exists.");
}

TEST(Pipes, StopAndStart) {
  Host host;
  ASSERT_TRUE(host.create("p", {}, R"("DesiredState":"STOPPED")").ok());
  ASSERT_TRUE(host.comes_to("p", "STOPPED"));
  host.queues.send("q", "a");
  host.advance(Duration::zero());
  EXPECT_EQ(host.targets.calls(), 0U);
  EXPECT_EQ(host.named("StopPipe").at("CurrentState"), "STOPPED");
  const Answer started = host.named("StartPipe");
  EXPECT_EQ(started.at("CurrentState"), "STARTING");
  EXPECT_EQ(started.at("DesiredState"), "RUNNING");
  EXPECT_TRUE(host.empties());
  ASSERT_TRUE(host.comes_to("p", "RUNNING"));
  EXPECT_EQ(host.named("StartPipe").at("CurrentState"), "RUNNING");
  const Answer stopped = host.named("StopPipe");
  EXPECT_EQ(stopped.at("CurrentState"), "STOPPING");
  EXPECT_EQ(stopped.at("DesiredState"), "STOPPED");
  ASSERT_TRUE(host.comes_to("p", "STOPPED"));
  host.queues.send("q", "b");
  host.advance(Duration::zero());
  EXPECT_EQ(host.queues.waiting("q"), 1U);
}

TEST(Pipes, ASourceThatIsNotThereShowsInTheState) {
  Host host;
  ASSERT_TRUE(host.create("p", {}, {}, "none").ok());
  ASSERT_TRUE(host.comes_to("p", "CREATE_FAILED"));
  EXPECT_NE(host.describe().at("StateReason").find("The specified queue does not exist."),
            std::string::npos);
  host.queues.make("none");
  ASSERT_TRUE(host.named("StartPipe").ok());
  ASSERT_TRUE(host.comes_to("p", "RUNNING"));
  EXPECT_EQ(host.describe().at("StateReason"), "");
  // It goes, and comes back.
  host.queues.drop("none");
  ASSERT_TRUE(eventually([&] { return !host.describe().at("StateReason").empty(); }));
  EXPECT_EQ(host.describe().at("CurrentState"), "RUNNING");
  const Answer listed = host.call("ListPipes");
  EXPECT_EQ(listed.at("Pipes.0.StateReason"), host.describe().at("StateReason"));
  host.queues.make("none");
  ASSERT_TRUE(eventually([&] { return host.describe().at("StateReason").empty(); }));
  host.queues.send("none", "a");
  EXPECT_TRUE(host.empties("none"));
}

TEST(Pipes, ARestartTakesThemUp) {
  Host host;
  host.run();
  ASSERT_TRUE(host.create("stopped", {}, R"("DesiredState":"STOPPED")").ok());
  ASSERT_TRUE(host.comes_to("stopped", "STOPPED"));
  host.restart();
  EXPECT_EQ(host.describe().at("CurrentState"), "RUNNING");
  EXPECT_EQ(host.describe("stopped").at("CurrentState"), "STOPPED");
  host.queues.send("q", "a");
  EXPECT_TRUE(host.empties());
  EXPECT_EQ(host.targets.calls(), 1U);
}

TEST(Pipes, AnUpdateReplacesWhatItNames) {
  Host host;
  host.run(
      {},
      R"("Description":"d","SourceParameters":{"SqsQueueParameters":{"BatchSize":5,)"
      R"("MaximumBatchingWindowInSeconds":3},"FilterCriteria":{"Filters":[{"Pattern":"{\"body\":[\"a\"]}"}]}},)"
      R"("TargetParameters":{"InputTemplate":"x","SqsQueueParameters":{"MessageGroupId":"g",)"
      R"("MessageDeduplicationId":"i"}})");
  const Answer updated =
      host.update(R"("SourceParameters":{"SqsQueueParameters":{"BatchSize":7}},)"
                  R"("TargetParameters":{"SqsQueueParameters":{"MessageGroupId":"h"}})");
  EXPECT_EQ(updated.at("CurrentState"), "UPDATING") << updated.text;
  ASSERT_TRUE(host.comes_to("p", "RUNNING"));
  Answer shown = host.describe();
  EXPECT_EQ(shown.at("Description"), "d");
  EXPECT_EQ(shown.at("SourceParameters.SqsQueueParameters.BatchSize"), "7");
  EXPECT_EQ(shown.at("SourceParameters.SqsQueueParameters.MaximumBatchingWindowInSeconds"), "");
  EXPECT_EQ(shown.size("SourceParameters.FilterCriteria.Filters"), 1U);
  EXPECT_EQ(shown.at("TargetParameters.InputTemplate"), "x");
  EXPECT_EQ(shown.at("TargetParameters.SqsQueueParameters.MessageGroupId"), "h");
  EXPECT_EQ(shown.at("TargetParameters.SqsQueueParameters.MessageDeduplicationId"), "");
  // What is given empty is none any more; another kind of target has no parameters of the old one.
  ASSERT_TRUE(host.update(fmt::format(R"("Target":"{}","TargetParameters":{{"InputTemplate":""}},)"
                                      R"("SourceParameters":{{"FilterCriteria":{{}}}})",
                                      kFunction))
                  .ok());
  ASSERT_TRUE(host.comes_to("p", "RUNNING"));
  shown = host.describe();
  EXPECT_EQ(shown.at("Target"), kFunction);
  EXPECT_EQ(shown.at("TargetParameters.InputTemplate"), "");
  EXPECT_EQ(shown.size("TargetParameters.SqsQueueParameters"), 0U);
  EXPECT_EQ(shown.size("SourceParameters.FilterCriteria.Filters"), 0U);
  host.queues.send("q", "a");
  EXPECT_TRUE(host.empties());
  EXPECT_EQ(host.functions.given(kFunction).size(), 1U);
  ASSERT_TRUE(host.update(R"("DesiredState":"STOPPED")").ok());
  EXPECT_TRUE(host.comes_to("p", "STOPPED"));
}

TEST(Pipes, ListsAreFilteredAndPaged) {
  Host host;
  for (const char* const name : {"a1", "a2", "b1"}) {
    ASSERT_TRUE(host.create(name, name == std::string("a2") ? kFunction : "",
                            name == std::string("b1") ? R"("DesiredState":"STOPPED")" : "")
                    .ok());
  }
  ASSERT_TRUE(host.comes_to("a1", "RUNNING"));
  ASSERT_TRUE(host.comes_to("a2", "RUNNING"));
  ASSERT_TRUE(host.comes_to("b1", "STOPPED"));
  const Answer first = host.call("ListPipes", R"({"Limit":2})");
  EXPECT_EQ(first.size("Pipes"), 2U);
  EXPECT_EQ(first.at("Pipes.0.Name"), "a1");
  EXPECT_EQ(first.at("Pipes.0.Source"), queue_arn("q"));
  const Answer second = host.call(
      "ListPipes", fmt::format(R"({{"Limit":2,"NextToken":"{}"}})", first.at("NextToken")));
  EXPECT_EQ(second.size("Pipes"), 1U);
  EXPECT_EQ(second.at("Pipes.0.Name"), "b1");
  EXPECT_EQ(second.at("NextToken"), "");
  EXPECT_EQ(host.call("ListPipes", R"({"NextToken":"x"})").error, "ValidationException");
  const auto count = [&](std::string_view ask) {
    return host.call("ListPipes", std::string(ask)).size("Pipes");
  };
  EXPECT_EQ(count(R"({"NamePrefix":"a"})"), 2U);
  EXPECT_EQ(count(R"({"CurrentState":"RUNNING"})"), 2U);
  EXPECT_EQ(count(R"({"DesiredState":"STOPPED"})"), 1U);
  EXPECT_EQ(count(R"({"TargetPrefix":"arn:aws:lambda"})"), 1U);
  EXPECT_EQ(count(R"({"SourcePrefix":"arn:aws:sqs"})"), 3U);
  EXPECT_EQ(count(R"({"SourcePrefix":"arn:aws:kinesis"})"), 0U);
}

TEST(Pipes, Tags) {
  Host host;
  host.run();
  const std::string arn = fmt::format(R"("resourceArn":"{}")", kArn);
  EXPECT_TRUE(host.call("TagResource", "{" + arn + R"(,"tags":{"a":"1","b":"2"}})").ok());
  EXPECT_TRUE(host.call("UntagResource", "{" + arn + R"(,"tagKeys":["a"]})").ok());
  const Answer tags = host.call("ListTagsForResource", "{" + arn + "}");
  EXPECT_EQ(tags.size("tags"), 1U);
  EXPECT_EQ(tags.at("tags.b"), "2");
  EXPECT_EQ(host.call("TagResource", "{" + arn + R"(,"tags":{"aws:a":"1"}})").error,
            "ValidationException");
  EXPECT_EQ(host.call("ListTagsForResource", fmt::format(R"({{"resourceArn":"{}x"}})", kArn)).error,
            "NotFoundException");
}

TEST(Pipes, WhatIsNotBuiltIsRefusedByName) {
  Host host;
  const auto refuses = [&](const Answer& answer, std::string_view name) {
    EXPECT_EQ(answer.error, "NotImplemented") << name;
    EXPECT_NE(answer.text.find(name), std::string::npos) << answer.text;
  };
  const auto from = [&](std::string_view source, std::string_view more = "") {
    return host.call("CreatePipe",
                     fmt::format(R"({{"Name":"p","Source":"{}","Target":"{}","RoleArn":"{}"{}}})",
                                 source, queue_arn("t"), kRole, more));
  };
  refuses(from("arn:aws:kinesis:us-east-1:000000000000:stream/s"), "Source=arn:aws:kinesis");
  refuses(from("smk://kafka.example.com:9092"), "Source=smk://");
  refuses(host.create("p", "arn:aws:states:us-east-1:000000000000:stateMachine:s"), "Target=");
  refuses(host.create("p", {},
                      R"("Enrichment":"arn:aws:states:us-east-1:000000000000:stateMachine:s")"),
          "Enrichment=");
  refuses(host.create("p", {}, R"("KmsKeyIdentifier":"arn:aws:kms:us-east-1:000000000000:key/k")"),
          "KmsKeyIdentifier");
  refuses(host.create("p", {},
                      R"("TargetParameters":{"KinesisStreamParameters":{"PartitionKey":"k"}})"),
          "TargetParameters.KinesisStreamParameters");
  refuses(host.create("p", {},
                      R"("LogConfiguration":{"Level":"INFO","S3LogDestination":)"
                      R"({"BucketName":"bucket","BucketOwner":"000000000000"}})"),
          "LogConfiguration.S3LogDestination");
  refuses(
      host.create("p", kBus,
                  R"("TargetParameters":{"EventBridgeEventBusParameters":{"EndpointId":"a.b"}})"),
      "EndpointId");
  EXPECT_EQ(host.call("ListPipes").size("Pipes"), 0U);
}

TEST(Pipes, WhatDoesNotFitIsRefused) {
  Host host;
  const auto refuses = [&](const Answer& answer, std::string_view part) {
    EXPECT_EQ(answer.error, "ValidationException") << part;
    EXPECT_NE(answer.text.find(part), std::string::npos) << answer.text;
  };
  const auto size = [](int messages, int window) {
    return fmt::format(R"("SourceParameters":{{"SqsQueueParameters":{{"BatchSize":{},)"
                       R"("MaximumBatchingWindowInSeconds":{}}}}})",
                       messages, window);
  };
  refuses(host.create("p", {}, size(11, 1)), "must not be above 10");
  refuses(host.create("p", kApi, size(2, 0)), "must not be above 1,");
  refuses(host.create("p", kFunction, size(11, 0)), "must be greater than 0");
  refuses(host.create("p", kFunction, size(5, 1), "q.fifo"), "not supported for FIFO");
  refuses(host.create("p", kFunction, size(11, 0), "q.fifo"), "10 at most");
  EXPECT_TRUE(host.create("window", kFunction, size(100, 1)).ok());
  refuses(host.create("p", queue_arn("t.fifo")), "MessageGroupId");
  refuses(host.create("p", "arn:aws:sns:us-east-1:000000000000:t.fifo"), "FIFO topics");
  refuses(host.create("p", kFunction,
                      R"("TargetParameters":{"SqsQueueParameters":{"MessageGroupId":"g"}})"),
          "another kind of target");
  refuses(host.create("p", "arn:aws:iam::000000000000:role/r"), "no target of pipes");
  refuses(host.create("p", {}, R"("Enrichment":"arn:aws:sns:us-east-1:000000000000:t")"),
          "no enrichment");
  refuses(host.create("p", {},
                      R"("SourceParameters":{"FilterCriteria":{"Filters":[{"Pattern":"{"}]}})"),
          "SourceParameters.FilterCriteria");
  refuses(host.create("p", {}, R"("TargetParameters":{"InputTemplate":"<aws.pipes.nothing>"})"),
          "is no variable");
  refuses(host.create("p", {}, R"("LogConfiguration":{"Level":"INFO"})"), "destination");
  refuses(host.call("CreatePipe",
                    fmt::format(R"({{"Name":"p","Source":"arn:aws:sqs:eu-west-1:000000000000:q",)"
                                R"("Target":"{}","RoleArn":"{}"}})",
                                queue_arn("t"), kRole)),
          "account and region");
}

TEST(Pipes, PermissionsNameThePipe) {
  Host host;
  host.run();
  (void)host.describe();
  EXPECT_EQ(host.last_resource(), kArn);
}

}  // namespace
}  // namespace lapwing::pipes::testing
