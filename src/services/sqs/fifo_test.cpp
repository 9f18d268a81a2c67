// FIFO queues: order, deduplication, expiry. Dead letters and move tasks of both kinds.
#include "base/testing/eventually.hpp"
#include "services/sqs/testing/queues.hpp"

namespace lapwing::sqs {
namespace {

using lapwing::testing::eventually;
using testing::Answer;
using testing::minutes;
using testing::Pending;
using testing::Queues;
using testing::seconds;

// The handles of received messages.
std::vector<std::string> handles_of(const Answer& got) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < got.size("Messages"); ++i) {
    out.push_back(got.at(fmt::format("Messages.{}.ReceiptHandle", i)));
  }
  return out;
}

constexpr const char* kTen = R"("MaxNumberOfMessages":10)";

TEST(SqsFifo, FillsUpFromOneGroup) {
  Queues q;
  ASSERT_TRUE(q.create("a.fifo").ok());
  const std::string first = q.send_to("a.fifo", "g1", "m1").at("SequenceNumber");
  q.send_to("a.fifo", "g2", "n1");
  q.send_to("a.fifo", "g1", "m2");
  const std::string last = q.send_to("a.fifo", "g1", "m3").at("SequenceNumber");
  EXPECT_EQ(first.size(), 20u);
  EXPECT_LT(first, last);
  const Answer got = q.receive("a.fifo", kTen);
  EXPECT_EQ(Queues::bodies_of(got), "m1 m2 m3 n1");
  EXPECT_EQ(got.at("Messages.0.Attributes.MessageGroupId"), "g1");
  EXPECT_EQ(got.at("Messages.0.Attributes.MessageDeduplicationId"), "m1");
  EXPECT_EQ(got.at("Messages.0.Attributes.SequenceNumber"), first);
}

TEST(SqsFifo, TheFirstThatIsHiddenHoldsBackTheRest) {
  Queues q;
  ASSERT_TRUE(q.create("a.fifo", R"("VisibilityTimeout":"10")").ok());
  for (const char* body : {"m1", "m2", "m3"}) q.send_to("a.fifo", "g", body);
  const auto handles = handles_of(q.receive("a.fifo", kTen));
  ASSERT_EQ(handles.size(), 3u);
  ASSERT_TRUE(q.hide("a.fifo", handles[1], 100).ok());
  EXPECT_EQ(q.bodies("a.fifo"), "");
  q.send_to("a.fifo", "g", "m4");
  EXPECT_EQ(q.bodies("a.fifo"), "");
  q.advance(seconds(11));
  EXPECT_EQ(q.bodies("a.fifo"), "m1");
  EXPECT_EQ(q.bodies("a.fifo"), "");
}

TEST(SqsFifo, AGroupGoesOnWhenAllOfIsHeldIsDone) {
  Queues q;
  ASSERT_TRUE(q.create("a.fifo").ok());
  for (const char* body : {"m1", "m2", "m3", "m4"}) q.send_to("a.fifo", "g", body);
  const auto handles = handles_of(q.receive("a.fifo", R"("MaxNumberOfMessages":2)"));
  ASSERT_EQ(handles.size(), 2u);
  ASSERT_TRUE(q.erase("a.fifo", handles[0]).ok());
  EXPECT_EQ(q.bodies("a.fifo"), "");
  Pending poll = q.begin(
      "ReceiveMessage", Queues::with("a.fifo", R"("WaitTimeSeconds":20,"MaxNumberOfMessages":10)"));
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() > 0; }));
  ASSERT_TRUE(q.erase("a.fifo", handles[1]).ok());
  EXPECT_EQ(Queues::bodies_of(poll.get()), "m3 m4");
}

TEST(SqsFifo, HandlesExpire) {
  Queues q;
  ASSERT_TRUE(q.create("a.fifo", R"("VisibilityTimeout":"5")").ok());
  q.send_to("a.fifo", "g", "m1");
  q.send_to("a.fifo", "g", "m2");
  const auto handles = handles_of(q.receive("a.fifo", kTen));
  ASSERT_TRUE(q.hide("a.fifo", handles[1], 60).ok());
  q.advance(seconds(6));
  const Answer late = q.erase("a.fifo", handles[0]);
  EXPECT_EQ(late.error, "InvalidParameterValueException");
  EXPECT_NE(late.text.find("for parameter ReceiptHandle is invalid. Reason: The receipt handle has "
                           "expired."),
            std::string::npos);
  EXPECT_FALSE(q.hide("a.fifo", handles[0], 10).ok());
  EXPECT_TRUE(q.erase("a.fifo", handles[1]).ok());
  EXPECT_TRUE(q.erase("a.fifo", handles[1]).ok());
  EXPECT_EQ(q.bodies("a.fifo"), "m1");
}

TEST(SqsFifo, DuplicatesOfFiveMinutesAreDropped) {
  Queues q;
  ASSERT_TRUE(q.create("a.fifo").ok());
  const Answer first = q.send_to("a.fifo", "g", "m");
  EXPECT_TRUE(q.erase("a.fifo", q.receive("a.fifo").at("Messages.0.ReceiptHandle")).ok());
  q.advance(minutes(4));
  q.restart();
  const Answer again = q.send_to("a.fifo", "g", "m");
  EXPECT_EQ(again.at("MessageId"), first.at("MessageId"));
  EXPECT_EQ(again.at("SequenceNumber"), first.at("SequenceNumber"));
  EXPECT_EQ(q.bodies("a.fifo"), "");
  q.advance(minutes(1));
  EXPECT_NE(q.send_to("a.fifo", "g", "m").at("MessageId"), first.at("MessageId"));
  EXPECT_EQ(q.bodies("a.fifo"), "m");
}

TEST(SqsFifo, DuplicatesByContentAndByGroup) {
  Queues q;
  ASSERT_TRUE(q.create("a.fifo", R"("ContentBasedDeduplication":"true")").ok());
  ASSERT_TRUE(q.send("a.fifo", "Test", R"("MessageGroupId":"1")").ok());
  ASSERT_TRUE(q.send("a.fifo", "Test", R"("MessageGroupId":"2")").ok());
  const Answer got = q.receive("a.fifo", kTen);
  EXPECT_EQ(got.size("Messages"), 1u);
  EXPECT_EQ(got.at("Messages.0.Attributes.MessageDeduplicationId"),
            "532eaabd9574880dbf76b9b8cc00832c20a6ec113d682299550d7a6e0f345e25");
  ASSERT_TRUE(q.create("b.fifo", R"("DeduplicationScope":"messageGroup",)"
                                 R"("FifoThroughputLimit":"perMessageGroupId")")
                  .ok());
  q.send_to("b.fifo", "1", "x");
  q.send_to("b.fifo", "2", "x");
  q.send_to("b.fifo", "2", "x");
  EXPECT_EQ(q.bodies("b.fifo"), "x x");
}

TEST(SqsFifo, SendsAreChecked) {
  Queues q;
  ASSERT_TRUE(q.create("a.fifo", R"("DelaySeconds":"2")").ok());
  EXPECT_EQ(q.send("a.fifo", "x").error, "MissingRequiredParameterException");
  EXPECT_EQ(q.send("a.fifo", "x", R"("MessageGroupId":"g")").text,
            "The queue should either have ContentBasedDeduplication enabled or "
            "MessageDeduplicationId provided explicitly");
  EXPECT_EQ(
      q.send("a.fifo", "x", R"("MessageGroupId":"g","MessageDeduplicationId":"d","DelaySeconds":2)")
          .text,
      "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter "
      "that is not valid for this queue type.");
  EXPECT_TRUE(
      q.send("a.fifo", "x", R"("MessageGroupId":"g","MessageDeduplicationId":"d","DelaySeconds":0)")
          .ok());
  EXPECT_EQ(q.bodies("a.fifo"), "");
  q.advance(seconds(2));
  EXPECT_EQ(q.bodies("a.fifo"), "x");
  const Answer batch = q.call(
      "SendMessageBatch",
      Queues::with("a.fifo", R"("Entries":[{"Id":"1","MessageBody":"y","MessageGroupId":"g",)"
                             R"("MessageDeduplicationId":"1"},{"Id":"2","MessageBody":"z"}])"));
  EXPECT_EQ(batch.error, "InvalidParameterValueException");
  EXPECT_EQ(q.get("a.fifo", "ApproximateNumberOfMessagesDelayed"), "0");
}

TEST(SqsFifo, AReceiveCanBeAskedForAgain) {
  Queues q;
  ASSERT_TRUE(q.create("a.fifo").ok());
  q.send_to("a.fifo", "g", "m1");
  q.send_to("a.fifo", "g", "m2");
  const char* const id = R"("ReceiveRequestAttemptId":"try","MaxNumberOfMessages":10)";
  const Answer first = q.receive("a.fifo", id);
  const Answer again = q.receive("a.fifo", id);
  EXPECT_EQ(handles_of(first), handles_of(again));
  EXPECT_EQ(Queues::bodies_of(again), "m1 m2");
  ASSERT_TRUE(q.erase("a.fifo", first.at("Messages.0.ReceiptHandle")).ok());
  EXPECT_EQ(q.receive("a.fifo", id).size("Messages"), 0u);
}

TEST(SqsDeadLetters, AMessageThatIsReceivedTooOftenGoesThere) {
  Queues q;
  ASSERT_TRUE(q.create("d").ok());
  ASSERT_TRUE(q.create("a", R"("VisibilityTimeout":"5")").ok());
  ASSERT_TRUE(q.redrive("a", "d", 1).ok());
  const std::string id = q.send("a", "x").at("MessageId");
  q.advance(seconds(1));
  EXPECT_EQ(q.bodies("a"), "x");
  q.advance(seconds(6));
  EXPECT_EQ(q.bodies("d"), "");
  EXPECT_EQ(q.bodies("a"), "");
  const Answer dead = q.receive("d");
  EXPECT_EQ(dead.at("Messages.0.MessageId"), id);
  EXPECT_EQ(dead.at("Messages.0.Attributes.ApproximateReceiveCount"), "2");
  EXPECT_EQ(dead.at("Messages.0.Attributes.DeadLetterQueueSourceArn"), Queues::arn("a"));
  EXPECT_EQ(dead.at("Messages.0.Attributes.SentTimestamp"), "1700000000000");
  EXPECT_EQ(dead.at("Messages.0.Attributes.ApproximateFirstReceiveTimestamp"), "1700000001000");
}

TEST(SqsDeadLetters, AreReplacedByOthersInTheSameReceive) {
  Queues q;
  ASSERT_TRUE(q.create("d").ok());
  ASSERT_TRUE(q.create("a", R"("VisibilityTimeout":"0")").ok());
  ASSERT_TRUE(q.redrive("a", "d", 1).ok());
  ASSERT_TRUE(q.send("a", "old").ok());
  EXPECT_EQ(q.bodies("a"), "old");
  q.advance(seconds(1));
  ASSERT_TRUE(q.send("a", "new").ok());
  EXPECT_EQ(q.bodies("a", 1), "new");
  EXPECT_EQ(q.bodies("d"), "old");
}

TEST(SqsDeadLetters, AgeFromWhenTheyWereSent) {
  Queues q;
  ASSERT_TRUE(q.create("d", R"("MessageRetentionPeriod":"600")").ok());
  ASSERT_TRUE(q.create("a", R"("VisibilityTimeout":"0")").ok());
  ASSERT_TRUE(q.redrive("a", "d", 1).ok());
  ASSERT_TRUE(q.send("a", "x").ok());
  EXPECT_EQ(q.bodies("a"), "x");
  q.advance(seconds(400));
  EXPECT_EQ(q.bodies("a"), "");
  EXPECT_EQ(q.get("d", "ApproximateNumberOfMessages"), "1");
  q.advance(seconds(201));
  EXPECT_EQ(q.get("d", "ApproximateNumberOfMessages"), "0");
}

TEST(SqsDeadLetters, FormChains) {
  Queues q;
  for (const char* name : {"q3", "q2", "q1"}) {
    ASSERT_TRUE(q.create(name, R"("VisibilityTimeout":"0")").ok());
  }
  ASSERT_TRUE(q.redrive("q1", "q2", 1).ok());
  ASSERT_TRUE(q.redrive("q2", "q3", 1).ok());
  ASSERT_TRUE(q.send("q1", "x").ok());
  for (const char* name : {"q1", "q2", "q3"}) {
    EXPECT_EQ(q.bodies(name), "x") << name;
    EXPECT_EQ(q.bodies(name), name == std::string_view("q3") ? "x" : "") << name;
  }
}

TEST(SqsDeadLetters, AQueueThatIsGoneDestroysNothing) {
  Queues q;
  ASSERT_TRUE(q.create("d").ok());
  ASSERT_TRUE(q.create("a", R"("VisibilityTimeout":"0")").ok());
  ASSERT_TRUE(q.redrive("a", "d", 1).ok());
  ASSERT_TRUE(q.send("a", "x").ok());
  ASSERT_TRUE(q.call("DeleteQueue", Queues::with("d")).ok());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(q.bodies("a"), "x");
}

TEST(SqsDeadLetters, MayBeClosedToSources) {
  Queues q;
  for (const char* name : {"d", "a", "b"}) ASSERT_TRUE(q.create(name).ok());
  ASSERT_TRUE(
      q.set(
           "d", "RedriveAllowPolicy",
           R"({"redrivePermission":"byQueue","sourceQueueArns":["arn:aws:sqs:us-east-1:000000000000:a"]})")
          .ok());
  EXPECT_TRUE(q.redrive("a", "d", 1).ok());
  EXPECT_EQ(q.redrive("b", "d", 1).error, "InvalidParameterValueException");
  ASSERT_TRUE(q.set("d", "RedriveAllowPolicy", R"({"redrivePermission":"denyAll"})").ok());
  EXPECT_EQ(q.redrive("a", "d", 2).error, "InvalidParameterValueException");
  std::string eleven;
  for (int i = 0; i < 11; ++i) eleven += fmt::format(R"({}"{}")", i ? "," : "", Queues::arn("a"));
  EXPECT_EQ(
      q.set("d", "RedriveAllowPolicy",
            fmt::format(R"({{"redrivePermission":"byQueue","sourceQueueArns":[{}]}})", eleven))
          .error,
      "InvalidParameterValueException");
}

TEST(SqsDeadLetters, KeepTheOrderOfAGroup) {
  Queues q;
  ASSERT_TRUE(q.create("d.fifo").ok());
  ASSERT_TRUE(q.create("a.fifo", R"("VisibilityTimeout":"0")").ok());
  ASSERT_TRUE(q.redrive("a.fifo", "d.fifo", 1).ok());
  for (const char* body : {"m1", "m2", "m3"}) q.send_to("a.fifo", "g", body);
  EXPECT_EQ(q.bodies("a.fifo"), "m1 m2 m3");
  EXPECT_EQ(q.bodies("a.fifo"), "");
  EXPECT_EQ(q.bodies("d.fifo"), "m1 m2 m3");
}

std::string source(std::string_view name, std::string_view more = "") {
  return fmt::format(R"({{"SourceArn":"{}"{}{}}})", Queues::arn(name), more.empty() ? "" : ",",
                     more);
}

// One message of each of a and b in their dead-letter queue d.
void bury_two(Queues& q) {
  ASSERT_TRUE(q.create("d").ok());
  for (const char* name : {"a", "b"}) {
    ASSERT_TRUE(q.create(name, R"("VisibilityTimeout":"0")").ok());
    ASSERT_TRUE(q.redrive(name, "d", 1).ok());
    ASSERT_TRUE(q.send(name, fmt::format("of-{}", name)).ok());
    EXPECT_NE(q.bodies(name), "");
    EXPECT_EQ(q.bodies(name), "");
  }
}

TEST(SqsMoves, BringEachMessageHome) {
  Queues q;
  bury_two(q);
  const Answer started = q.call("StartMessageMoveTask", source("d"));
  ASSERT_TRUE(started.ok()) << started.text;
  q.advance(seconds(1));
  const Answer listed = q.call("ListMessageMoveTasks", source("d"));
  EXPECT_EQ(listed.at("Results.0.Status"), "COMPLETED");
  EXPECT_EQ(listed.at("Results.0.ApproximateNumberOfMessagesMoved"), "2");
  EXPECT_EQ(listed.at("Results.0.ApproximateNumberOfMessagesToMove"), "2");
  EXPECT_EQ(listed.at("Results.0.TaskHandle"), "");
  EXPECT_EQ(listed.at("Results.0.DestinationArn"), "");
  const Answer home = q.receive("a");
  EXPECT_EQ(home.at("Messages.0.Body"), "of-a");
  EXPECT_EQ(home.at("Messages.0.Attributes.ApproximateReceiveCount"), "1");
  EXPECT_EQ(home.at("Messages.0.Attributes.DeadLetterQueueSourceArn"), "");
  EXPECT_EQ(q.bodies("b"), "of-b");
}

TEST(SqsMoves, RunAtTheirRateAndCanBeCancelled) {
  Queues q;
  bury_two(q);
  ASSERT_TRUE(q.create("to").ok());
  const std::string more =
      fmt::format(R"("DestinationArn":"{}","MaxNumberOfMessagesPerSecond":1)", Queues::arn("to"));
  const std::string handle = q.call("StartMessageMoveTask", source("d", more)).at("TaskHandle");
  EXPECT_EQ(q.call("StartMessageMoveTask", source("d")).text,
            "There is already a task running. Only one active task is allowed for a source queue "
            "arn at a given time.");
  q.advance(Duration::zero());
  const Answer listed = q.call("ListMessageMoveTasks", source("d"));
  EXPECT_EQ(listed.at("Results.0.Status"), "RUNNING");
  EXPECT_EQ(listed.at("Results.0.TaskHandle"), handle);
  EXPECT_EQ(listed.at("Results.0.MaxNumberOfMessagesPerSecond"), "1");
  EXPECT_EQ(q.get("to", "ApproximateNumberOfMessages"), "1");
  q.restart();
  EXPECT_EQ(q.call("CancelMessageMoveTask", fmt::format(R"({{"TaskHandle":"{}"}})", handle)).ok(),
            true);
  q.advance(minutes(1));
  EXPECT_EQ(q.call("ListMessageMoveTasks", source("d")).at("Results.0.Status"), "CANCELLED");
  EXPECT_NE(q.get("d", "ApproximateNumberOfMessages"), "2");
}

// Else what one brings the other takes back, without end.
TEST(SqsMoves, EndThoughTheyBringOneAnotherMessages) {
  Queues q;
  for (const char* name : {"a", "b", "of-a", "of-b"}) ASSERT_TRUE(q.create(name).ok());
  ASSERT_TRUE(q.redrive("of-a", "a", 1).ok());
  ASSERT_TRUE(q.redrive("of-b", "b", 1).ok());
  for (const char* body : {"1", "2", "3"}) ASSERT_TRUE(q.send("a", body).ok());
  for (const char* body : {"4", "5"}) ASSERT_TRUE(q.send("b", body).ok());
  const auto to = [](std::string_view name) {
    return fmt::format(R"("DestinationArn":"{}","MaxNumberOfMessagesPerSecond":1)",
                       Queues::arn(name));
  };
  ASSERT_TRUE(q.call("StartMessageMoveTask", source("a", to("b"))).ok());
  ASSERT_TRUE(q.call("StartMessageMoveTask", source("b", to("a"))).ok());
  q.advance(minutes(1));
  int moved = 0;
  for (const char* name : {"a", "b"}) {
    const Answer listed = q.call("ListMessageMoveTasks", source(name));
    EXPECT_EQ(listed.at("Results.0.Status"), "COMPLETED") << name;
    moved += std::stoi(listed.at("Results.0.ApproximateNumberOfMessagesMoved"));
  }
  EXPECT_GE(moved, 5);
  EXPECT_LE(moved, 6) << "one may have come before the other task began";
  EXPECT_EQ(std::stoi(q.get("a", "ApproximateNumberOfMessages")) +
                std::stoi(q.get("b", "ApproximateNumberOfMessages")),
            5);
}

TEST(SqsMoves, LeaveWhatCameLater) {
  Queues q;
  for (const char* name : {"d", "of-d", "to"}) ASSERT_TRUE(q.create(name).ok());
  ASSERT_TRUE(q.redrive("of-d", "d", 1).ok());
  for (const char* body : {"1", "2"}) ASSERT_TRUE(q.send("d", body).ok());
  const std::string more =
      fmt::format(R"("DestinationArn":"{}","MaxNumberOfMessagesPerSecond":1)", Queues::arn("to"));
  ASSERT_TRUE(q.call("StartMessageMoveTask", source("d", more)).ok());
  for (const char* body : {"3", "4"}) ASSERT_TRUE(q.send("d", body).ok());
  q.restart();
  q.advance(seconds(10));
  EXPECT_EQ(q.call("ListMessageMoveTasks", source("d")).at("Results.0.Status"), "COMPLETED");
  EXPECT_EQ(q.bodies("to"), "1 2");
  EXPECT_EQ(q.bodies("d"), "3 4");
}

TEST(SqsMoves, FailWhereThereIsNowhereToGo) {
  Queues q;
  bury_two(q);
  ASSERT_TRUE(q.call("DeleteQueue", Queues::with("b")).ok());
  ASSERT_TRUE(q.call("StartMessageMoveTask", source("d")).ok());
  q.advance(seconds(1));
  const Answer listed = q.call("ListMessageMoveTasks", source("d"));
  EXPECT_EQ(listed.at("Results.0.Status"), "FAILED");
  EXPECT_EQ(listed.at("Results.0.FailureReason"), "AWS.SimpleQueueService.NonExistentQueue");
  EXPECT_EQ(listed.at("Results.0.ApproximateNumberOfMessagesMoved"), "1");
  EXPECT_EQ(q.bodies("a"), "of-a");
  EXPECT_EQ(q.bodies("d"), "of-b");
}

TEST(SqsMoves, AreChecked) {
  Queues q;
  bury_two(q);
  ASSERT_TRUE(q.create("alone").ok());
  EXPECT_EQ(q.call("StartMessageMoveTask", source("alone")).text,
            "Source queue must be configured as a Dead Letter Queue.");
  const Answer missing = q.call("StartMessageMoveTask", source("none"));
  EXPECT_EQ(missing.error, "ResourceNotFoundException");
  EXPECT_EQ(missing.text,
            "The resource that you specified for the SourceArn parameter doesn't exist.");
  EXPECT_EQ(q.call("StartMessageMoveTask",
                   source("d", fmt::format(R"("DestinationArn":"{}")", Queues::arn("none"))))
                .text,
            "The resource that you specified for the DestinationArn parameter doesn't exist.");
  for (const char* rate : {"0", "501"}) {
    EXPECT_EQ(q.call("StartMessageMoveTask",
                     source("d", fmt::format(R"("MaxNumberOfMessagesPerSecond":{})", rate)))
                  .error,
              "InvalidParameterValueException");
  }
  EXPECT_EQ(q.call("CancelMessageMoveTask", R"({"TaskHandle":"no"})").text,
            "Value for parameter TaskHandle is invalid.");
  EXPECT_EQ(q.call("ListMessageMoveTasks", source("d", R"("MaxResults":11)")).error,
            "InvalidParameterValueException");
  EXPECT_EQ(q.call("ListMessageMoveTasks", source("d")).size("Results"), 0u);
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(q.call("StartMessageMoveTask", source("d")).ok()) << i;
    q.advance(seconds(1));
  }
  EXPECT_EQ(q.call("ListMessageMoveTasks", source("d", R"("MaxResults":10)")).size("Results"), 10u);
}

}  // namespace
}  // namespace lapwing::sqs
