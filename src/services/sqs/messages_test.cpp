// Messages of standard queues: sending, receiving, visibility, attributes, batches, long polls.
#include "base/testing/eventually.hpp"
#include "services/sqs/testing/queues.hpp"

namespace lapwing::sqs {
namespace {

using lapwing::testing::eventually;
using testing::Answer;
using testing::in_quotes;
using testing::minutes;
using testing::Pending;
using testing::Queues;
using testing::seconds;

// Where the store keeps the messages of the only queue.
std::string place_of(store::Space& space) {
  const auto found = space.store().scan({.kind = "sqs.queue"});
  const auto document = text::parse_json_copy(found->records.front().value);
  return std::string(document->root().find("place")->as_string());
}

TEST(SqsMessages, GoInAndComeOut) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  const Answer sent = q.send("a", "hello");
  EXPECT_EQ(sent.at("MD5OfMessageBody"), "5d41402abc4b2a76b9719d911017c592");
  EXPECT_EQ(sent.at("MD5OfMessageAttributes"), "");
  EXPECT_EQ(sent.at("SequenceNumber"), "");
  q.advance(seconds(2));
  const Answer got = q.receive("a");
  EXPECT_EQ(got.at("Messages.0.Body"), "hello");
  EXPECT_EQ(got.at("Messages.0.MessageId"), sent.at("MessageId"));
  EXPECT_EQ(got.at("Messages.0.Attributes.SentTimestamp"), "1700000000000");
  EXPECT_EQ(got.at("Messages.0.Attributes.ApproximateFirstReceiveTimestamp"), "1700000002000");
  EXPECT_EQ(got.at("Messages.0.Attributes.ApproximateReceiveCount"), "1");
  EXPECT_EQ(got.at("Messages.0.Attributes.SenderId"), "000000000000");
  EXPECT_EQ(got.at("Messages.0.MD5OfMessageAttributes"), "");
  EXPECT_TRUE(got.at("Messages.0.ReceiptHandle").starts_with("AQEB"));
  EXPECT_EQ(q.receive("a").text, "{}");
  EXPECT_TRUE(q.erase("a", got.at("Messages.0.ReceiptHandle")).ok());
  EXPECT_TRUE(q.erase("a", got.at("Messages.0.ReceiptHandle")).ok());
  q.advance(seconds(31));
  EXPECT_EQ(q.receive("a").text, "{}");
}

TEST(SqsMessages, OldHandlesWorkUntilSomebodyElseHasTheMessage) {
  Queues q;
  ASSERT_TRUE(q.create("a", R"("VisibilityTimeout":"5")").ok());
  ASSERT_TRUE(q.send("a", "x").ok());
  const std::string old = q.receive("a").at("Messages.0.ReceiptHandle");
  q.advance(seconds(6));
  EXPECT_TRUE(q.hide("a", old, 10).ok());
  EXPECT_EQ(q.bodies("a"), "");
  q.advance(seconds(10));
  const Answer again = q.receive("a");
  EXPECT_EQ(again.at("Messages.0.Attributes.ApproximateReceiveCount"), "2");
  EXPECT_TRUE(q.erase("a", old).ok());
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessagesNotVisible"), "1");
  q.advance(seconds(6));
  EXPECT_TRUE(q.erase("a", again.at("Messages.0.ReceiptHandle")).ok());
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "0");
  const Answer late = q.hide("a", again.at("Messages.0.ReceiptHandle"), 1);
  EXPECT_EQ(late.error, "InvalidParameterValueException");
  EXPECT_NE(late.text.find("Message does not exist or is not available for visibility timeout "
                           "change."),
            std::string::npos);
}

TEST(SqsMessages, HandlesAreChecked) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  ASSERT_TRUE(q.create("b").ok());
  ASSERT_TRUE(q.send("a", "x").ok());
  EXPECT_EQ(q.erase("a", "garbage").text,
            R"(The input receipt handle "garbage" is not a valid receipt handle.)");
  const std::string handle = q.receive("a").at("Messages.0.ReceiptHandle");
  EXPECT_EQ(q.erase("b", handle).error, "ReceiptHandleIsInvalid");
  EXPECT_EQ(q.erase("a", std::string(2000, 'A')).error, "ReceiptHandleIsInvalid");
  EXPECT_EQ(q.hide("a", handle, 43201).error, "InvalidParameterValueException");
  EXPECT_EQ(q.hide("a", handle, -1).error, "InvalidParameterValueException");
  EXPECT_TRUE(q.hide("a", handle, 43200).ok());
  q.advance(std::chrono::hours(1));
  EXPECT_NE(q.hide("a", handle, 43200).text.find("beyond the limit [43200 seconds]"),
            std::string::npos);
  EXPECT_TRUE(q.hide("a", handle, 0).ok());
  EXPECT_EQ(q.bodies("a"), "x");
}

TEST(SqsMessages, AreDelayed) {
  Queues q;
  ASSERT_TRUE(q.create("a", R"("DelaySeconds":"10")").ok());
  ASSERT_TRUE(q.send("a", "queue's").ok());
  ASSERT_TRUE(q.send("a", "own", R"("DelaySeconds":2)").ok());
  ASSERT_TRUE(q.send("a", "none", R"("DelaySeconds":0)").ok());
  EXPECT_EQ(q.bodies("a"), "none");
  q.advance(seconds(2));
  EXPECT_EQ(q.bodies("a"), "own");
  q.advance(seconds(8));
  EXPECT_EQ(q.bodies("a"), "queue's");
  EXPECT_EQ(q.send("a", "x", R"("DelaySeconds":901)").text,
            "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 "
            "and <= 900.");
}

struct BadSend {
  std::string body;
  std::string more;
  std::string error;
  std::string text;
};

std::string attribute(std::string_view name, std::string_view value) {
  return fmt::format(R"("MessageAttributes":{{"{}":{{{}}}}})", name, value);
}

TEST(SqsMessages, RefusesInAwssWords) {
  Queues q;
  ASSERT_TRUE(q.create("a", R"("MaximumMessageSize":"1024")").ok());
  const std::string good = R"("DataType":"String","StringValue":"v")";
  const std::vector<BadSend> cases = {
      {"", "", "MissingRequiredParameterException",
       "The request must contain the parameter MessageBody."},
      {std::string(1025, 'x'), "", "InvalidParameterValueException",
       "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."},
      {std::string(1016, 'x'), attribute("ab", good), "InvalidParameterValueException",
       "Message must be shorter than 1024 bytes."},
      {"\x01", "", "InvalidMessageContents", "#x9"},
      {"\xef\xbf\xbf", "", "InvalidMessageContents", "#x9"},
      {"x", R"("MessageDeduplicationId":"d")", "InvalidParameterValueException",
       "not valid for this queue type."},
      {"x", R"("MessageGroupId":"a b")", "InvalidParameterValueException",
       "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in "
       "length."},
      {"x", attribute("n", R"("DataType":"String","StringValue":"")"),
       "InvalidParameterValueException",
       "Message (user) attribute 'n' must contain a non-empty value of type 'String'."},
      {"x", attribute("n", R"("DataType":"Binary","StringValue":"v")"),
       "InvalidParameterValueException", "non-empty value of type 'Binary'."},
      {"x", attribute("n", R"("DataType":"Text","StringValue":"v")"),
       "InvalidParameterValueException", "type prefixes is Binary, Number, and String."},
      {"x", attribute("n", R"("DataType":"Number","StringValue":"v")"),
       "InvalidParameterValueException", "number"},
      {"x", attribute("n", R"("DataType":"String","StringValue":"\u0001")"),
       "InvalidParameterValueException", "#x9"},
      {"x", attribute("n", R"("DataType":"Number","StringValue":"1e9999")"),
       "InvalidParameterValueException", "number"},
      {"x", attribute("n", R"("DataType":"String.a\u0001b","StringValue":"v")"),
       "InvalidParameterValueException", "#x9"},
      {"x", attribute("n", R"("DataType":"Binary.\uffff","BinaryValue":"AA==")"),
       "InvalidParameterValueException", "#x9"},
      {"x", attribute("n\xef\xbf\xbe", good), "InvalidParameterValueException", "name"},
      {"x",
       R"("MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String","StringValue":"R\u0002"}})",
       "InvalidParameterValueException", "#x9"},
      {"x", attribute("n", R"("DataType":"String","StringListValues":["v"])"),
       "UnsupportedOperation", "list values"},
      {"x", attribute(".n", good), "InvalidParameterValueException", "name"},
      {"x", attribute("n..m", good), "InvalidParameterValueException", "name"},
      {"x", attribute("AWS.n", good), "InvalidParameterValueException", "AWS."},
      {"x", attribute("amazon.n", good), "InvalidParameterValueException", "Amazon."},
      {"x", attribute("n m", good), "InvalidParameterValueException", "name"},
      {"x", attribute(std::string(257, 'n'), good), "InvalidParameterValueException", "256"},
      {"x", R"("MessageSystemAttributes":{"Other":{"DataType":"String","StringValue":"v"}})",
       "InvalidParameterValueException", "Other"},
  };
  for (const BadSend& bad : cases) {
    const Answer got = q.send("a", bad.body, bad.more);
    EXPECT_EQ(got.error, bad.error) << bad.more << " " << got.text;
    EXPECT_NE(got.text.find(bad.text), std::string::npos) << bad.more << " " << got.text;
  }
  std::string eleven;
  for (int i = 0; i < 11; ++i) eleven += fmt::format(R"({}"n{}":{{{}}})", i ? "," : "", i, good);
  EXPECT_EQ(q.send("a", "x", fmt::format(R"("MessageAttributes":{{{}}})", eleven)).error,
            "InvalidParameterValueException");
  EXPECT_TRUE(q.send("a", std::string(1024, 'x')).ok());
  EXPECT_TRUE(q.send("a", std::string(1015, 'x'), attribute("ab", good)).ok());
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "2");
}

TEST(SqsMessages, HalfASurrogatePairIsAReplacementCharacter) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  ASSERT_TRUE(
      q.call("SendMessage",
             Queues::with("a", R"("MessageBody":"a\ud800b","MessageAttributes":{"n":{)"
                               R"("DataType":"String.\udfff","StringValue":"\ud83d\ude00"}})"))
          .ok());
  const Answer got = q.receive("a");
  EXPECT_EQ(got.at("Messages.0.Body"),
            "a\xef\xbf\xbd"
            "b");
  EXPECT_EQ(got.at("Messages.0.MessageAttributes.n.DataType"), "String.\xef\xbf\xbd");
  EXPECT_EQ(got.at("Messages.0.MessageAttributes.n.StringValue"), "\xf0\x9f\x98\x80");
}

TEST(SqsMessages, AttributesHaveTheirChecksums) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  EXPECT_EQ(q.send("a", "x", attribute("attr1", R"("DataType":"Number","StringValue":"99.12")"))
                .at("MD5OfMessageAttributes"),
            "d302007e9aa062660afc85fd0a482472");
  ASSERT_TRUE(q.call("PurgeQueue", Queues::with("a")).ok());
  const Answer sent = q.send(
      "a", "x",
      R"("MessageAttributes":{"Hello":{"DataType":"String","StringValue":"There"},)"
      R"("General":{"DataType":"String","StringValue":"Kenobi"},)"
      R"("Help.Me":{"DataType":"String","StringValue":"Me"}},)"
      R"("MessageSystemAttributes":{"AWSTraceHeader":{"DataType":"String","StringValue":"Root=1"}})");
  EXPECT_EQ(sent.at("MD5OfMessageAttributes"), "4c360f3fdafd970e05fae2f149d997f5");
  EXPECT_EQ(sent.at("MD5OfMessageSystemAttributes").size(), 32u);
  const auto receive = [&](std::string_view names) {
    return q.call("ReceiveMessage", Queues::with("a", fmt::format(R"("VisibilityTimeout":0,)"
                                                                  R"("MessageAttributeNames":[{}])",
                                                                  names)));
  };
  EXPECT_EQ(receive(R"("Hello","General")").at("Messages.0.MD5OfMessageAttributes"),
            "fca026605781cb4126a1e9044df24232");
  for (const char* all : {R"("All")", R"(".*")", R"("*")", R"("Hel.*","Gen.*")"}) {
    EXPECT_EQ(receive(all).at("Messages.0.MD5OfMessageAttributes"),
              "4c360f3fdafd970e05fae2f149d997f5")
        << all;
  }
  for (const char* none : {R"("unknown")", R"("AWS.")", R"("..foo")", ""}) {
    EXPECT_EQ(receive(none).at("Messages.0.MD5OfMessageAttributes"), "") << none;
    EXPECT_EQ(receive(none).size("Messages.0.MessageAttributes"), 0u) << none;
  }
  EXPECT_EQ(q.receive("a").at("Messages.0.Attributes.AWSTraceHeader"), "Root=1");
}

TEST(SqsMessages, BinaryAttributesKeepTheirBytes) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  ASSERT_TRUE(
      q.send("a", "x", attribute("b", R"("DataType":"Binary.png","BinaryValue":"AAH/")")).ok());
  const Answer got = q.receive("a");
  EXPECT_EQ(got.at("Messages.0.MessageAttributes.b.BinaryValue"), "AAH/");
  EXPECT_EQ(got.at("Messages.0.MessageAttributes.b.DataType"), "Binary.png");
}

TEST(SqsMessages, ReceivesAreChecked) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  EXPECT_EQ(q.receive("a", R"("MaxNumberOfMessages":11)").text,
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and "
            "10, if provided.");
  EXPECT_EQ(q.receive("a", R"("WaitTimeSeconds":21)").text,
            "Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if "
            "provided.");
  EXPECT_EQ(q.receive("a", R"("WaitTimeSeconds":-1)").error, "InvalidParameterValueException");
  EXPECT_EQ(q.receive("a", R"("VisibilityTimeout":43201)").error, "InvalidParameterValueException");
  EXPECT_EQ(q.receive("a", R"("ReceiveRequestAttemptId":"x")").error,
            "InvalidParameterValueException");
}

std::string entry(std::string_view id, std::string_view body) {
  return fmt::format(R"({{"Id":"{}","MessageBody":{}}})", id, in_quotes(body));
}

Answer send_batch(Queues& q, std::string_view entries) {
  return q.call("SendMessageBatch", Queues::with("a", fmt::format(R"("Entries":[{}])", entries)));
}

TEST(SqsBatches, FailAsAWholeOrByEntry) {
  Queues q;
  ASSERT_TRUE(q.create("a", R"("MaximumMessageSize":"1024")").ok());
  EXPECT_EQ(send_batch(q, "").error, "EmptyBatchRequest");
  std::string eleven;
  for (int i = 0; i < 11; ++i) eleven += (i ? "," : "") + entry(std::to_string(i), "x");
  EXPECT_EQ(send_batch(q, eleven).text,
            "Maximum number of entries per request are 10. You have sent 11.");
  EXPECT_EQ(send_batch(q, entry("a b", "x")).error, "InvalidBatchEntryId");
  EXPECT_EQ(send_batch(q, entry("a", "x") + "," + entry("a", "y")).text, "Id a repeated.");
  EXPECT_EQ(send_batch(q, entry("a", std::string(1048577, 'x'))).text,
            "Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.");
  const Answer half =
      send_batch(q, entry("good", "x") + "," + entry("bad", std::string(1025, 'x')));
  EXPECT_EQ(half.at("Successful.0.Id"), "good");
  EXPECT_EQ(half.at("Failed.0.Id"), "bad");
  EXPECT_EQ(half.at("Failed.0.Code"), "InvalidParameterValue");
  EXPECT_EQ(half.at("Failed.0.SenderFault"), "true");
  EXPECT_EQ(half.at("Failed.0.Message"),
            "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 "
            "bytes.");
  const Answer all = send_batch(q, entry("g", "y"));
  EXPECT_EQ(all.size("Failed"), 0u);
  EXPECT_EQ(all.text.find("Failed"), std::string::npos);
  EXPECT_EQ(q.bodies("a"), "x y");
}

TEST(SqsBatches, DeleteAndHide) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  ASSERT_TRUE(send_batch(q, entry("1", "x") + "," + entry("2", "y")).ok());
  const Answer got = q.receive("a", R"("MaxNumberOfMessages":10)");
  ASSERT_EQ(got.size("Messages"), 2u);
  const std::string first = got.at("Messages.0.ReceiptHandle");
  const std::string second = got.at("Messages.1.ReceiptHandle");
  const Answer hidden = q.call(
      "ChangeMessageVisibilityBatch",
      Queues::with(
          "a", fmt::format(R"("Entries":[{{"Id":"1","ReceiptHandle":"{}","VisibilityTimeout":0}},)"
                           R"({{"Id":"2","ReceiptHandle":"no","VisibilityTimeout":0}}])",
                           first)));
  EXPECT_EQ(hidden.at("Successful.0.Id"), "1");
  EXPECT_EQ(hidden.at("Failed.0.Code"), "ReceiptHandleIsInvalid");
  EXPECT_EQ(q.bodies("a", 10, R"("VisibilityTimeout":0)"), "x");
  const Answer gone =
      q.call("DeleteMessageBatch",
             Queues::with("a", fmt::format(R"("Entries":[{{"Id":"1","ReceiptHandle":"no"}},)"
                                           R"({{"Id":"2","ReceiptHandle":"{}"}}])",
                                           second)));
  EXPECT_EQ(gone.at("Successful.0.Id"), "2");
  EXPECT_EQ(gone.at("Failed.0.Id"), "1");
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "1");
}

TEST(SqsPolls, EndWithTheirTime) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  Pending poll = q.begin("ReceiveMessage", Queues::with("a", R"("WaitTimeSeconds":20)"));
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() > 0; }));
  q.advance(seconds(19));
  EXPECT_FALSE(poll.done());
  q.advance(seconds(1));
  EXPECT_EQ(poll.get().text, "{}");
  EXPECT_EQ(q.service().waiting_polls(), 0u);
}

TEST(SqsPolls, OrWithAMessageThatIsSentOrFallsDue) {
  Queues q;
  ASSERT_TRUE(
      q.create("a", R"("VisibilityTimeout":"4","ReceiveMessageWaitTimeSeconds":"20")").ok());
  Pending poll = q.begin("ReceiveMessage", Queues::with("a"));
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() > 0; }));
  ASSERT_TRUE(q.send("a", "now").ok());
  EXPECT_EQ(poll.get().at("Messages.0.Body"), "now");
  // In flight for four seconds.
  Pending lapse = q.begin("ReceiveMessage", Queues::with("a"));
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() > 0; }));
  q.advance(seconds(3));
  EXPECT_FALSE(lapse.done());
  q.advance(seconds(1));
  EXPECT_EQ(lapse.get().at("Messages.0.Body"), "now");
  ASSERT_TRUE(q.send("a", "later", R"("DelaySeconds":2)").ok());
  Pending delay = q.begin("ReceiveMessage", Queues::with("a"));
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() > 0; }));
  q.advance(seconds(2));
  EXPECT_EQ(delay.get().at("Messages.0.Body"), "later");
}

TEST(SqsPolls, EachMessageWakesOneAndAllAreServed) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  std::vector<Pending> polls;
  for (int i = 0; i < 50; ++i) {
    polls.push_back(q.begin("ReceiveMessage", Queues::with("a", R"("WaitTimeSeconds":20)")));
  }
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() == 50; }));
  std::string entries;
  for (int i = 0; i < 10; ++i) entries += (i ? "," : "") + entry(std::to_string(i), "x");
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(send_batch(q, entries).ok());
  for (Pending& poll : polls) EXPECT_EQ(poll.get().size("Messages"), 1u);
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "0");
}

TEST(SqsPolls, ADeletedQueueEndsThem) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  Pending poll = q.begin("ReceiveMessage", Queues::with("a", R"("WaitTimeSeconds":20)"));
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() > 0; }));
  ASSERT_TRUE(q.call("DeleteQueue", Queues::with("a")).ok());
  EXPECT_EQ(poll.get().error, "QueueDoesNotExist");
}

TEST(SqsPolls, SoDoesAServiceThatIsAboutToStop) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  Pending poll = q.begin("ReceiveMessage", Queues::with("a", R"("WaitTimeSeconds":20)"));
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() > 0; }));
  q.service().drain();
  EXPECT_EQ(poll.get().text, "{}");
  EXPECT_EQ(q.receive("a", R"("WaitTimeSeconds":20)").text, "{}");
}

TEST(SqsMessages, SoManyInFlightAreTheLimit) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  ASSERT_TRUE(q.send("a", "x").ok());
  store::Space& space = *q.engine->space("sqs").value();
  const std::string place = place_of(space);
  const auto first = space.queue().claim({.queues = {place}, .max = 1});
  ASSERT_TRUE(first && first->messages.size() == 1);
  const std::string payload = first->messages.front().payload;
  for (std::uint64_t sent = 0; sent < kInFlightMax; sent += store::kMaxClaim) {
    ASSERT_TRUE(space.store().transact([&](store::Txn& txn) -> Status {
      for (std::size_t i = 0; i < store::kMaxClaim; ++i) {
        LAPWING_CHECK(txn.enqueue({.queue = place, .payload = payload}));
      }
      LAPWING_CHECK(
          txn.claim({.queues = {place}, .max = store::kMaxClaim, .visibility = seconds(60)}));
      return {};
    }));
  }
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessagesNotVisible"), std::to_string(kInFlightMax));
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "1");
  EXPECT_EQ(q.receive("a").error, "OverLimit");
  Pending poll = q.begin("ReceiveMessage", Queues::with("a", R"("WaitTimeSeconds":20)"));
  ASSERT_TRUE(eventually([&] { return q.service().waiting_polls() > 0; }));
  q.advance(seconds(20));
  EXPECT_EQ(poll.get().text, "{}");
}

TEST(SqsMessages, GroupsOfAStandardQueueAreServedInTurn) {
  Queues q;
  ASSERT_TRUE(q.create("a").ok());
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(q.send("a", "loud", R"("MessageGroupId":"1")").ok());
  ASSERT_TRUE(q.send("a", "quiet", R"("MessageGroupId":"2")").ok());
  const Answer got = q.receive("a", R"("MaxNumberOfMessages":2)");
  EXPECT_NE(Queues::bodies_of(got).find("quiet"), std::string::npos);
  EXPECT_EQ(got.size("Messages"), 2u);
  EXPECT_NE(got.at("Messages.0.Attributes.MessageGroupId"), "");
}

TEST(SqsMessages, AgeOut) {
  Queues q;
  ASSERT_TRUE(q.create("a", R"("MessageRetentionPeriod":"60")").ok());
  ASSERT_TRUE(q.create("b").ok());
  ASSERT_TRUE(q.send("a", "x").ok());
  ASSERT_TRUE(q.send("b", "y").ok());
  q.advance(seconds(59));
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "1");
  q.advance(seconds(2));
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "0");
  EXPECT_EQ(q.get("b", "ApproximateNumberOfMessages"), "1");
  // Lowered, it holds for what is there.
  q.advance(minutes(2));
  ASSERT_TRUE(q.set("b", "MessageRetentionPeriod", "60").ok());
  q.advance(seconds(1));
  EXPECT_EQ(q.get("b", "ApproximateNumberOfMessages"), "0");
  // What is in flight when its time is over is gone when it would come back.
  ASSERT_TRUE(q.send("a", "z").ok());
  EXPECT_EQ(q.bodies("a", 1, R"("VisibilityTimeout":600)"), "z");
  q.advance(seconds(700));
  EXPECT_EQ(q.bodies("a"), "");
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "0");
}

TEST(SqsMessages, AWeekOfVisibilityAndRetentionPassesAtOnce) {
  Queues q;
  ASSERT_TRUE(
      q.create("a", R"("MessageRetentionPeriod":"604800","VisibilityTimeout":"3600")").ok());
  ASSERT_TRUE(q.send("a", "x").ok());
  for (int hour = 0; hour < 7 * 24; ++hour) {
    EXPECT_EQ(q.bodies("a"), "x") << hour;
    q.advance(std::chrono::hours(1));
  }
  EXPECT_EQ(q.bodies("a"), "");
  EXPECT_EQ(q.get("a", "ApproximateNumberOfMessages"), "0");
}

}  // namespace
}  // namespace lapwing::sqs
