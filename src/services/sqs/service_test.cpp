// Queues: making, finding, setting, purging, deleting them.
#include "services/sqs/service.hpp"

#include "services/sqs/testing/queues.hpp"

namespace lapwing::sqs {
namespace {

using testing::Answer;
using testing::minutes;
using testing::Queues;
using testing::seconds;

TEST(SqsQueues, AFreshOneShowsTwelveAttributes) {
  Queues q;
  ASSERT_EQ(q.create("a").at("QueueUrl"), Queues::url("a"));
  const Answer got = q.call("GetQueueAttributes", Queues::with("a", R"("AttributeNames":["All"])"));
  EXPECT_EQ(got.names("Attributes"),
            "ApproximateNumberOfMessages ApproximateNumberOfMessagesDelayed "
            "ApproximateNumberOfMessagesNotVisible CreatedTimestamp DelaySeconds "
            "LastModifiedTimestamp MaximumMessageSize MessageRetentionPeriod QueueArn "
            "ReceiveMessageWaitTimeSeconds SqsManagedSseEnabled VisibilityTimeout ");
  EXPECT_EQ(got.at("Attributes.CreatedTimestamp"), "1700000000");
  EXPECT_EQ(got.at("Attributes.MaximumMessageSize"), "1048576");
  EXPECT_EQ(q.call("GetQueueAttributes", Queues::with("a")).text, "{}");
  ASSERT_TRUE(q.create("a.fifo").ok());
  EXPECT_EQ(q.get("a.fifo", "DeduplicationScope"), "queue");
  EXPECT_EQ(q.get("a.fifo", "FifoThroughputLimit"), "perQueue");
}

TEST(SqsQueues, TheSameAgainIsTheSame) {
  Queues q;
  ASSERT_TRUE(q.create("a", R"("DelaySeconds":"3")").ok());
  EXPECT_TRUE(q.create("a").ok());
  EXPECT_TRUE(q.create("a", R"("DelaySeconds":"3")").ok());
  const Answer other = q.create("a", R"("DelaySeconds":"4")");
  EXPECT_EQ(other.error, "QueueNameExists");
  EXPECT_EQ(other.text,
            "A queue already exists with the same name and a different value for attribute "
            "DelaySeconds");
}

struct BadQueue {
  const char* name;
  const char* attributes;
  const char* error;
  const char* text;  // a part of it
};

TEST(SqsQueues, RefusesInAwssWords) {
  Queues q;
  ASSERT_TRUE(q.create("dlq").ok());
  ASSERT_TRUE(q.create("dlq.fifo").ok());
  const BadQueue cases[] = {
      {"a b", "", "InvalidParameterValueException", "alphanumeric"},
      {"a.fifo.fifo", "", "InvalidParameterValueException", "alphanumeric"},
      {"x", R"("ContentBasedDeduplication":"true")", "InvalidAttributeName",
       "Unknown Attribute ContentBasedDeduplication."},
      {"x", R"("FifoQueue":"false")", "InvalidAttributeName", "Unknown Attribute FifoQueue."},
      {"x", R"("FifoQueue":"true")", "InvalidParameterValueException", ".fifo"},
      {"x", R"("DeduplicationScope":"queue")", "InvalidAttributeName",
       "You can specify the DeduplicationScope only when FifoQueue is set to true."},
      {"x", R"("Nonsense":"1")", "InvalidAttributeName", "Unknown Attribute Nonsense."},
      {"x", R"("QueueArn":"1")", "InvalidAttributeName", "Unknown Attribute QueueArn."},
      {"x", R"("DelaySeconds":"901")", "InvalidAttributeValue", "parameter DelaySeconds."},
      {"x", R"("DelaySeconds":"-1")", "InvalidAttributeValue", "parameter DelaySeconds."},
      {"x", R"("DelaySeconds":"1.5")", "InvalidAttributeValue", "parameter DelaySeconds."},
      {"x", R"("MaximumMessageSize":"1023")", "InvalidAttributeValue", "MaximumMessageSize."},
      {"x", R"("MaximumMessageSize":"1048577")", "InvalidAttributeValue", "MaximumMessageSize."},
      {"x", R"("MessageRetentionPeriod":"59")", "InvalidAttributeValue", "RetentionPeriod."},
      {"x", R"("MessageRetentionPeriod":"1209601")", "InvalidAttributeValue", "RetentionPeriod."},
      {"x", R"("ReceiveMessageWaitTimeSeconds":"21")", "InvalidAttributeValue", "TimeSeconds."},
      {"x", R"("VisibilityTimeout":"43201")", "InvalidAttributeValue", "VisibilityTimeout."},
      {"x", R"("KmsDataKeyReusePeriodSeconds":"59")", "InvalidAttributeValue", "Seconds."},
      {"x", R"("KmsMasterKeyId":"alias/mine")", "NotImplemented", "KmsMasterKeyId"},
      {"x", R"("KmsMasterKeyId":"alias/aws/sqs","SqsManagedSseEnabled":"true")",
       "InvalidAttributeName", "You can use one type of server-side encryption (SSE) at one time."},
      {"x.fifo", R"("FifoThroughputLimit":"perMessageGroupId")", "InvalidAttributeValue",
       "messageGroup"},
      {"x", R"("Policy":"{}")", "InvalidAttributeValue", "Policy"},
      {"x", R"("Policy":"no")", "InvalidAttributeValue", "Policy"},
      {"x", R"("RedrivePolicy":"no")", "InvalidParameterValueException", "JSON"},
      {"x", R"("RedrivePolicy":"{\"maxReceiveCount\":1}")", "InvalidParameterValueException",
       "mandatory attribute: deadLetterTargetArn."},
      {"x",
       R"("RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dlq\"}")",
       "InvalidParameterValueException", "mandatory attribute: maxReceiveCount."},
      {"x",
       R"("RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:no\",\"maxReceiveCount\":1}")",
       "InvalidParameterValueException", "Dead letter target does not exist."},
      {"x",
       R"("RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dlq.fifo\",\"maxReceiveCount\":1}")",
       "InvalidParameterValueException", "must be same type of queue as the source."},
      {"x",
       R"("RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dlq\",\"maxReceiveCount\":1001}")",
       "InvalidParameterValueException", "Invalid value for maxReceiveCount: 1001"},
      {"x", R"("RedriveAllowPolicy":"{\"redrivePermission\":\"byQueue\"}")",
       "InvalidParameterValueException", "sourceQueueArns"},
  };
  for (const BadQueue& bad : cases) {
    const Answer got = q.create(bad.name, bad.attributes);
    EXPECT_EQ(got.error, bad.error) << bad.name << " " << bad.attributes << " " << got.text;
    EXPECT_NE(got.text.find(bad.text), std::string::npos) << bad.attributes << " " << got.text;
  }
  EXPECT_EQ(q.call("ListQueues").size("QueueUrls"), 2u);
  EXPECT_EQ(q.set("dlq.fifo", "FifoQueue", "false").text,
            "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not "
            "supported.");
  EXPECT_EQ(q.call("CreateQueue", "{}").text, "The request must contain the parameter QueueName.");
}

TEST(SqsQueues, AManagedKeyComesAndGoes) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  EXPECT_EQ(q.get("a", "SqsManagedSseEnabled"), "true");
  ASSERT_TRUE(q.set("a", "KmsMasterKeyId", "alias/aws/sqs").ok());
  EXPECT_EQ(q.get("a", "KmsDataKeyReusePeriodSeconds"), "300");
  EXPECT_EQ(q.get("a", "SqsManagedSseEnabled"), "false");
  ASSERT_TRUE(q.set("a", "KmsMasterKeyId", "").ok());
  ASSERT_TRUE(q.set("a", "KmsDataKeyReusePeriodSeconds", "300").ok());
  EXPECT_EQ(q.get("a", "KmsMasterKeyId"), "");
  EXPECT_EQ(q.get("a", "KmsDataKeyReusePeriodSeconds"), "");
  EXPECT_EQ(q.get("a", "SqsManagedSseEnabled"), "false");
}

TEST(SqsQueues, AreListedByPrefixAndPage) {
  Queues q;
  for (const char* name : {"b-2", "a-1", "b-1", "b-3"}) ASSERT_TRUE(q.create(name).ok());
  EXPECT_EQ(q.call("ListQueues", R"({"QueueNamePrefix":"b-"})").size("QueueUrls"), 3u);
  EXPECT_EQ(q.call("ListQueues", R"({"QueueNamePrefix":"c"})").text, "{}");
  const Answer first = q.call("ListQueues", R"({"QueueNamePrefix":"b-","MaxResults":2})");
  EXPECT_EQ(first.at("QueueUrls.1"), Queues::url("b-2"));
  const std::string token = first.at("NextToken");
  ASSERT_FALSE(token.empty());
  const Answer second =
      q.call("ListQueues",
             fmt::format(R"({{"QueueNamePrefix":"b-","MaxResults":2,"NextToken":"{}"}})", token));
  EXPECT_EQ(second.at("QueueUrls.0"), Queues::url("b-3"));
  EXPECT_EQ(second.at("NextToken"), "");
  EXPECT_EQ(q.call("ListQueues", R"({"NextToken":"no"})").error, "InvalidParameterValueException");
  EXPECT_EQ(q.call("ListQueues", R"({"MaxResults":0})").error, "InvalidParameterValueException");
  EXPECT_EQ(q.call("ListQueues", R"({"MaxResults":1001})").error, "InvalidParameterValueException");
}

TEST(SqsQueues, AreFoundByTheCallersHostAndAnyOther) {
  Queues q;
  q.caller.host = "lw.local:9000";
  EXPECT_EQ(q.create("a").at("QueueUrl"), "http://lw.local:9000/000000000000/a");
  EXPECT_TRUE(q.send("a", "x").ok());
  EXPECT_TRUE(q.call("PurgeQueue", R"({"QueueUrl":"/000000000000/a"})").ok());
  EXPECT_TRUE(q.call("ListQueueTags", R"({"QueueUrl":"a"})").ok());
  EXPECT_EQ(q.call("GetQueueUrl", R"({"QueueName":"a"})").at("QueueUrl"),
            "http://lw.local:9000/000000000000/a");
  EXPECT_EQ(q.call("GetQueueUrl", R"({"QueueName":"b"})").error, "QueueDoesNotExist");
  EXPECT_EQ(
      q.call("GetQueueUrl", R"({"QueueName":"a","QueueOwnerAWSAccountId":"111111111111"})").error,
      "QueueDoesNotExist");
  EXPECT_EQ(q.call("PurgeQueue", R"({"QueueUrl":"http://h/no account/a"})").error,
            "InvalidAddress");
  EXPECT_EQ(q.call("PurgeQueue", R"({"QueueUrl":"!"})").error, "InvalidAddress");
  EXPECT_EQ(q.call("PurgeQueue", R"({"QueueUrl":""})").error, "InvalidAddress");
  EXPECT_EQ(q.call("PurgeQueue", fmt::format(R"({{"QueueUrl":"{}/000000000000/a"}})",
                                             std::string(kUrlBytesMax, 'x')))
                .error,
            "InvalidAddress");
  EXPECT_EQ(q.create(std::string(kNameCharactersMax + 1, 'x')).error,
            "InvalidParameterValueException");
}

TEST(SqsQueues, ADeletedOneIsGoneAndItsNameFree) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  ASSERT_TRUE(q.send("a", "old").ok());
  ASSERT_TRUE(q.call("DeleteQueue", Queues::with("a")).ok());
  const Answer gone = q.send("a", "x");
  EXPECT_EQ(gone.error, "QueueDoesNotExist");
  EXPECT_EQ(gone.text, "The specified queue does not exist.");
  EXPECT_EQ(q.call("DeleteQueue", Queues::with("a")).error, "QueueDoesNotExist");
  EXPECT_EQ(q.call("ListQueues").text, "{}");
  ASSERT_TRUE(q.create("a").ok());
  EXPECT_EQ(q.bodies("a"), "");
  q.advance(minutes(2));
  EXPECT_TRUE(q.send("a", "new").ok());
  q.restart();
  EXPECT_EQ(q.bodies("a"), "new");
}

// The place of the messages of the one queue there is.
std::string place_of_the_queue(store::Space& space) {
  const auto found = space.store().scan({.kind = "sqs.queue"});
  EXPECT_EQ(found->records.size(), 1u);
  const auto document = text::parse_json_copy(found->records.front().value);
  return std::string(document->root().find("place")->as_string());
}

TEST(SqsQueues, WhatWasOnItsWayToADeletedOneGoesThoughItsNameWasGivenAgain) {
  Queues q;
  store::Space& space = **q.engine->space("sqs");
  for (const bool restarts : {false, true}) {
    ASSERT_TRUE(q.create("a").ok());
    const std::string old = place_of_the_queue(space);
    ASSERT_TRUE(q.call("DeleteQueue", Queues::with("a")).ok());
    ASSERT_TRUE(q.create("a").ok());
    EXPECT_NE(place_of_the_queue(space), old);
    // A send that looked the queue up before it was deleted, and is written now.
    ASSERT_TRUE(space.queue().enqueue({.queue = old, .payload = "late"}));
    if (restarts) q.restart();
    q.advance(seconds(59));
    EXPECT_EQ(space.queue().stats(old)->visible, 1u);
    q.advance(seconds(2));
    EXPECT_EQ(space.queue().stats(old)->visible, 0u);
    EXPECT_TRUE(space.store().scan({.kind = "sqs.grave"})->records.empty());
    ASSERT_TRUE(q.send("a", "new").ok());
    EXPECT_EQ(q.bodies("a"), "new");
    ASSERT_TRUE(q.call("DeleteQueue", Queues::with("a")).ok());
    q.advance(minutes(2));
  }
}

TEST(SqsQueues, ARedrivePolicyIsShownInOneForm) {
  Queues q;
  ASSERT_TRUE(q.create("d").ok());
  ASSERT_TRUE(q.create("a").ok());
  const std::string given = fmt::format(
      R"({{ "maxReceiveCount": "42", "deadLetterTargetArn": "{}" }})", Queues::arn("d"));
  ASSERT_TRUE(q.set("a", "RedrivePolicy", given).ok());
  const std::string shown =
      fmt::format(R"({{"deadLetterTargetArn":"{}","maxReceiveCount":42}})", Queues::arn("d"));
  EXPECT_EQ(q.get("a", "RedrivePolicy"), shown);
  for (const std::string& same : {given, shown}) {
    EXPECT_TRUE(q.create("a", fmt::format(R"("RedrivePolicy":{})", testing::in_quotes(same))).ok());
  }
  for (const char* name : {"RedrivePolicy", "RedriveAllowPolicy"}) {
    const std::string padding(kRedrivePolicyBytesMax - shown.size() + 1, ' ');
    const Answer refused = q.set("a", name, shown + padding);
    EXPECT_EQ(refused.error, "InvalidParameterValueException");
    EXPECT_NE(refused.text.find("longer than 4096 bytes"), std::string::npos) << refused.text;
  }
}

TEST(SqsQueues, AKeyOfItsOwnIsRefusedInTheNameOfTheOperation) {
  Queues q;
  const char* const key = R"("KmsMasterKeyId":"alias/mine")";
  EXPECT_NE(q.create("a", key).text.find("CreateQueue"), std::string::npos);
  ASSERT_TRUE(q.create("a").ok());
  EXPECT_NE(q.set("a", "KmsMasterKeyId", "alias/mine").text.find("SetQueueAttributes"),
            std::string::npos);
}

class StrictQueues final : public Queues {
 public:
  StrictQueues() {
    end_service();
    service_ = std::make_unique<Service>(dependencies(), Settings{.strict_deletion = true});
    EXPECT_TRUE(service_->start());
  }
};

TEST(SqsQueues, OrTakenForAMinuteWhereThatIsWanted) {
  StrictQueues q;
  ASSERT_TRUE(q.create("a").ok());
  ASSERT_TRUE(q.call("DeleteQueue", Queues::with("a")).ok());
  q.advance(seconds(59));
  EXPECT_EQ(q.create("a").error, "QueueDeletedRecently");
  q.advance(seconds(1));
  EXPECT_TRUE(q.create("a").ok());
}

TEST(SqsQueues, APurgeTakesEverythingOnceAMinute) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  for (const char* body : {"x", "y"}) ASSERT_TRUE(q.send("a", body).ok());
  ASSERT_TRUE(q.send("a", "late", R"("DelaySeconds":100)").ok());
  EXPECT_NE(q.bodies("a", 1), "");
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "1");
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessagesDelayed"), "1");
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessagesNotVisible"), "1");
  ASSERT_TRUE(q.call("PurgeQueue", Queues::with("a")).ok());
  q.advance(seconds(59));
  const Answer again = q.call("PurgeQueue", Queues::with("a"));
  EXPECT_EQ(again.error, "PurgeQueueInProgress");
  EXPECT_EQ(again.text, "Only one PurgeQueue operation on a is allowed every 60 seconds.");
  q.advance(minutes(10));
  EXPECT_EQ(q.bodies("a"), "");
  EXPECT_TRUE(q.call("PurgeQueue", Queues::with("a")).ok());
}

TEST(SqsQueues, HaveTags) {
  Queues q;
  ASSERT_TRUE(q.call("CreateQueue", R"({"QueueName":"a","tags":{"k":"","l":"1"}})").ok());
  EXPECT_EQ(q.call("ListQueueTags", Queues::with("a")).text, R"({"Tags":{"k":"","l":"1"}})");
  EXPECT_TRUE(q.call("TagQueue", Queues::with("a", R"("Tags":{"l":"2"})")).ok());
  EXPECT_TRUE(q.call("UntagQueue", Queues::with("a", R"("TagKeys":["k","absent"])")).ok());
  EXPECT_EQ(q.call("ListQueueTags", Queues::with("a")).text, R"({"Tags":{"l":"2"}})");
  EXPECT_EQ(q.call("TagQueue", Queues::with("a", R"("Tags":{"aws:x":"2"})")).error,
            "InvalidParameterValueException");
  std::string many;
  for (int i = 0; i < 51; ++i) many += fmt::format(R"({}"k{}":"v")", i == 0 ? "" : ",", i);
  EXPECT_EQ(q.call("TagQueue", Queues::with("a", fmt::format(R"("Tags":{{{}}})", many))).error,
            "InvalidParameterValueException");
}

TEST(SqsQueues, HavePermissions) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  const auto grant = [&](std::string_view label, std::string_view actions) {
    return q.call("AddPermission",
                  Queues::with("a", fmt::format(R"("Label":"{}","AWSAccountIds":["111111111111"],)"
                                                R"("Actions":[{}])",
                                                label, actions)));
  };
  ASSERT_TRUE(grant("one", R"("SendMessage")").ok());
  EXPECT_EQ(
      q.get("a", "Policy"),
      R"({"Version":"2008-10-17","Id":"arn:aws:sqs:us-east-1:000000000000:a/SQSDefaultPolicy",)"
      R"("Statement":[{"Sid":"one","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},)"
      R"("Action":"SQS:SendMessage","Resource":"arn:aws:sqs:us-east-1:000000000000:a"}]})");
  EXPECT_EQ(grant("one", R"("SendMessage")").text,
            "Value one for parameter Label is invalid. Reason: Already exists.");
  ASSERT_TRUE(grant("two", R"("ReceiveMessage","DeleteMessage")").ok());
  EXPECT_EQ(grant("three", R"("DeleteQueue")").error, "InvalidParameterValueException");
  EXPECT_EQ(grant("four", R"("a","b","c","d","e","f","g","h")").text,
            "8 Actions were found, maximum allowed is 7.");
  EXPECT_EQ(grant("f i v e", R"("SendMessage")").error, "InvalidParameterValueException");
  const auto revoke = [&](std::string_view label) {
    return q.call("RemovePermission", Queues::with("a", fmt::format(R"("Label":"{}")", label)));
  };
  EXPECT_EQ(revoke("no").text,
            "Value no for parameter Label is invalid. Reason: can't find label.");
  EXPECT_TRUE(revoke("one").ok());
  EXPECT_TRUE(revoke("two").ok());
  EXPECT_EQ(q.get("a", "Policy"), "");
}

TEST(SqsQueues, AttributesOfARestartedServerAreThose) {
  Queues q;
  ASSERT_TRUE(q.create("d").ok());
  ASSERT_TRUE(q.create("a", R"("VisibilityTimeout":"7")").ok());
  ASSERT_TRUE(q.redrive("a", "d", 3).ok());
  const std::string before =
      q.call("GetQueueAttributes", Queues::with("a", R"("AttributeNames":["All"])")).text;
  q.restart();
  EXPECT_EQ(q.call("GetQueueAttributes", Queues::with("a", R"("AttributeNames":["All"])")).text,
            before);
  EXPECT_EQ(q.call("ListDeadLetterSourceQueues", Queues::with("d")).text,
            fmt::format(R"({{"queueUrls":["{}"]}})", Queues::url("a")));
  ASSERT_TRUE(q.set("a", "RedrivePolicy", "").ok());
  EXPECT_EQ(q.get("a", "RedrivePolicy"), "");
  EXPECT_EQ(q.call("ListDeadLetterSourceQueues", Queues::with("d")).size("queueUrls"), 0u);
}

}  // namespace
}  // namespace lapwing::sqs
