// What subscribers get: forms, signatures, attributes, dead letters.
#include "services/sns/outgoing_mail.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "background/runner.hpp"
#include "base/random.hpp"
#include "crypto/rsa.hpp"
#include "services/sns/notification.hpp"
#include "services/sns/subscription_attributes.hpp"
#include "store/memory/memory_engine.hpp"
#include "text/base64.hpp"
#include "text/json.hpp"

namespace lapwing::sns {
namespace {

// A topic with one subscription.
class OutgoingMailTest : public ::testing::Test {
 protected:
  OutgoingMailTest()
      : engine_(store::make_memory_engine(clock_)),
        space_(**engine_->space("sns")),
        catalog_(space_.store()),
        signer_(space_.store(), {}, random_, clock_),
        kept_(space_),
        mail_(catalog_, signer_, kept_) {
    EXPECT_TRUE(signer_.prepare());
  }

  TopicAddress topic(std::string name) {
    return {{AccountId("000000000000"), Region("us-east-1")}, std::move(name)};
  }
  std::string subscribe(const TopicAddress& at, std::string protocol, std::string endpoint,
                        const Attributes& attributes = {}) {
    Topic made;
    made.scope = at.scope;
    made.name = at.name;
    made.place = at.name;
    made.fifo = is_fifo_name(at.name);
    EXPECT_TRUE(catalog_.change(at, [&](TopicPtr there) -> Result<TopicPtr> {
      return there != nullptr ? there : std::make_shared<const Topic>(made);
    }));
    auto wanted = std::make_shared<Subscription>();
    wanted->topic = at;
    wanted->id = make_uuid(random_);
    wanted->protocol = std::move(protocol);
    wanted->endpoint = std::move(endpoint);
    wanted->state = SubscriptionState::kConfirmed;
    EXPECT_TRUE(apply_subscription_attributes(*wanted, attributes, kInSubscribe));
    EXPECT_TRUE(catalog_.change(wanted->address(), [&](const Topic&, SubscriptionPtr) {
      return Result<SubscriptionPtr>(wanted);
    }));
    return wanted->arn();
  }
  Message message(const TopicAddress& at) {
    Message out;
    out.id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
    out.topic_arn = at.arn();
    out.time_ms = 1'548'909'424'321;
    out.text = "hello \"you\"";
    out.base = "http://localhost:4566";
    return out;
  }
  delivery::Shipment shipment(const Message& what, const std::string& to) {
    const auto out = mail_.shipment(posting(what), to);
    EXPECT_TRUE(out.has_value());
    return out.value_or(delivery::Shipment());
  }
  static delivery::Posting posting(const Message& what) {
    return {.id = what.id, .event = encode(what), .addressees = {}};
  }
  static std::string member(const std::string& body, std::string_view name) {
    const auto document = text::parse_json_copy(body);
    const text::JsonValue* const found = document ? document->root().find(name) : nullptr;
    return found == nullptr ? "(none)" : std::string(found->as_string());
  }
  bool verifies(const Message& what, const std::string& body, crypto::RsaDigest digest) {
    const auto signature = text::base64_decode(member(body, "Signature"));
    return signature && crypto::rsa_verify(signer_.certificate(signer_.certificate_name()), digest,
                                           string_to_sign(what, what.text), *signature);
  }

  ManualClock clock_;
  SeededRandom random_{7};
  std::unique_ptr<store::Engine> engine_;
  store::Space& space_;
  Catalog catalog_;
  Signer signer_;
  Kept kept_;
  OutgoingMail mail_;
};

TEST_F(OutgoingMailTest, AQueueGetsANotification) {
  const TopicAddress t = topic("t");
  const std::string to = subscribe(t, "sqs", "arn:aws:sqs:us-east-1:000000000000:q");
  Message what = message(t);
  what.attributes = {{"b", "Binary", std::string("\0\xff", 2)}, {"n", "Number", "1"}};
  const ports::Parcel parcel = shipment(what, to).parcel;
  EXPECT_EQ(parcel.target, "arn:aws:sqs:us-east-1:000000000000:q");
  EXPECT_EQ(parcel.as.service, "sns.amazonaws.com");
  EXPECT_EQ(parcel.as.source_arn, t.arn());
  EXPECT_TRUE(parcel.attributes.empty());
  const std::string expected =
      R"({"Type":"Notification","MessageId":"3f2504e0-4f89-41d3-9a0c-0305e82c3301",)"
      R"("TopicArn":"arn:aws:sns:us-east-1:000000000000:t","Message":"hello \"you\"",)"
      R"("Timestamp":"2019-01-31T04:37:04.321Z","SignatureVersion":"1","Signature":")" +
      member(parcel.body, "Signature") + R"(","SigningCertURL":"http://localhost:4566/)" +
      signer_.certificate_name() +
      R"(","UnsubscribeURL":"http://localhost:4566/?Action=Unsubscribe&SubscriptionArn=)" + to +
      R"(","MessageAttributes":{"b":{"Type":"Binary","Value":"AP8="},)"
      R"("n":{"Type":"Number","Value":"1"}}})";
  EXPECT_EQ(parcel.body, expected);
  EXPECT_TRUE(verifies(what, parcel.body, crypto::RsaDigest::kSha1));
  what.signature_version = 2;
  what.has_subject = true;
  what.subject = "s";
  const std::string second = shipment(what, to).parcel.body;
  EXPECT_EQ(member(second, "SignatureVersion"), "2");
  EXPECT_EQ(member(second, "Subject"), "s");
  EXPECT_TRUE(verifies(what, second, crypto::RsaDigest::kSha256));
  EXPECT_FALSE(verifies(what, second, crypto::RsaDigest::kSha1));
  what.text += "!";
  EXPECT_FALSE(verifies(what, second, crypto::RsaDigest::kSha256));
}

TEST_F(OutgoingMailTest, ARawOneGetsTheTextAndItsAttributes) {
  const TopicAddress t = topic("t");
  const std::string to =
      subscribe(t, "sqs", "arn:aws:sqs:us-east-1:000000000000:q", {{"RawMessageDelivery", "true"}});
  Message what = message(t);
  what.attributes = {{"n", "Number", "1"}};
  what.group = "g";
  what.texts["sqs"] = "for queues";
  const ports::Parcel parcel = shipment(what, to).parcel;
  EXPECT_EQ(parcel.body, "for queues");
  ASSERT_EQ(parcel.attributes.size(), 1u);
  EXPECT_EQ(parcel.attributes[0].type, "Number");
  EXPECT_EQ(parcel.group, "g") << "a fair queue's";
}

TEST_F(OutgoingMailTest, FifoTopicsDoNotSign) {
  const TopicAddress t = topic("t.fifo");
  const std::string fifo = subscribe(t, "sqs", "arn:aws:sqs:us-east-1:000000000000:q.fifo");
  const std::string standard = subscribe(t, "sqs", "arn:aws:sqs:us-east-1:000000000000:q");
  Message what = message(t);
  what.group = "g";
  what.deduplication_id = "d";
  what.sequence = 10'000'000'000'000'000'000ULL;
  const ports::Parcel parcel = shipment(what, fifo).parcel;
  EXPECT_EQ(member(parcel.body, "SequenceNumber"), "10000000000000000000");
  EXPECT_EQ(parcel.body.find("Sign"), std::string::npos) << parcel.body;
  EXPECT_EQ(parcel.group, "g");
  EXPECT_EQ(parcel.deduplication_id, "d");
  EXPECT_EQ(shipment(what, standard).parcel.group, "");
  EXPECT_EQ(shipment(what, standard).parcel.deduplication_id, "");
}

TEST_F(OutgoingMailTest, AFunctionGetsOneRecord) {
  const TopicAddress t = topic("t");
  const std::string to = subscribe(
      t, "lambda", "arn:aws:lambda:us-east-1:000000000000:function:f",
      {{"RawMessageDelivery", "true"},
       {"RedrivePolicy", R"({"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:d"})"}});
  Message what = message(t);
  what.attributes = {{"n", "Number", "1"}};
  const std::string body = shipment(what, to).parcel.body;
  const std::string start =
      R"({"Records":[{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":")" + to +
      R"(","Sns":{"Type":"Notification","MessageId":"3f2504e0-4f89-41d3-9a0c-0305e82c3301",)"
      R"("TopicArn":"arn:aws:sns:us-east-1:000000000000:t","Subject":null,)"
      R"("Message":"hello \"you\"","Timestamp":"2019-01-31T04:37:04.321Z",)"
      R"("SignatureVersion":"1","Signature":")";
  EXPECT_EQ(body.substr(0, start.size()), start);
  EXPECT_NE(body.find(R"("MessageAttributes":{"n":{"Type":"String","Value":"1"}}}}]})"),
            std::string::npos)
      << body;
  // Its dead letter is the notification, not the event.
  const auto letter = mail_.dead_letter(posting(what), to, {});
  ASSERT_TRUE(letter);
  EXPECT_EQ(letter->target, "arn:aws:sqs:us-east-1:000000000000:d");
  EXPECT_EQ(member(letter->body, "Type"), "Notification");
  EXPECT_NE(letter->body.find(R"("n":{"Type":"Number","Value":"1"})"), std::string::npos);
}

TEST_F(OutgoingMailTest, HttpHasHeadersAndAPolicy) {
  const TopicAddress t = topic("t");
  const std::string to = subscribe(
      t, "http", "http://x/",
      {{"RawMessageDelivery", "true"},
       {"DeliveryPolicy",
        R"({"healthyRetryPolicy":{"numRetries":7},"throttlePolicy":{"maxReceivesPerSecond":5},"requestPolicy":{"headerContentType":"application/json"}})"}});
  const delivery::Shipment out = shipment(message(t), to);
  EXPECT_EQ(out.parcel.body, "hello \"you\"");
  EXPECT_EQ(out.a_second_max, 5);
  std::string headers;
  for (const auto& header : out.parcel.headers) headers += header.name + "=" + header.value + "\n";
  EXPECT_EQ(headers,
            "x-amz-sns-message-type=Notification\n"
            "x-amz-sns-message-id=3f2504e0-4f89-41d3-9a0c-0305e82c3301\n"
            "x-amz-sns-topic-arn=arn:aws:sns:us-east-1:000000000000:t\n"
            "x-amz-sns-subscription-arn=" +
                to +
                "\n"
                "x-amz-sns-rawdelivery=true\n"
                "Content-Type=application/json\n"
                "User-Agent=Amazon Simple Notification Service Agent\n"
                "Accept-Encoding=gzip,deflate\n");
  EXPECT_FALSE(mail_.dead_letter(posting(message(t)), to, {})) << "it has no queue for them";
  // A confirmation is for those who have not confirmed.
  Message confirmation = message(t);
  confirmation.kind = MessageKind::kSubscriptionConfirmation;
  EXPECT_FALSE(mail_.shipment(posting(confirmation), to));
  ASSERT_TRUE(catalog_.change(*parse_any_subscription(to), [](const Topic&, SubscriptionPtr there) {
    auto pending = std::make_shared<Subscription>(*there);
    pending->state = SubscriptionState::kPending;
    return Result<SubscriptionPtr>(pending);
  }));
  EXPECT_FALSE(mail_.shipment(posting(message(t)), to));
  confirmation.token = "abc";
  confirmation.to_protocol = "http";
  confirmation.to_endpoint = "http://x/";
  const ports::Parcel asked = shipment(confirmation, to).parcel;
  EXPECT_EQ(member(asked.body, "Type"), "SubscriptionConfirmation");
  EXPECT_EQ(member(asked.body, "SubscribeURL"),
            "http://localhost:4566/?Action=ConfirmSubscription&TopicArn="
            "arn:aws:sns:us-east-1:000000000000:t&Token=abc");
  EXPECT_TRUE(verifies(confirmation, asked.body, crypto::RsaDigest::kSha1));
  ASSERT_EQ(asked.headers[3].name, "Content-Type") << "no subscription to name, and never raw";
  EXPECT_EQ(asked.headers[3].value, "text/plain; charset=UTF-8");
}

TEST_F(OutgoingMailTest, WhoIsGoneGetsNothing) {
  const TopicAddress t = topic("t");
  const std::string to = subscribe(t, "sqs", "arn:aws:sqs:us-east-1:000000000000:q");
  ASSERT_TRUE(catalog_.erase(t));
  EXPECT_FALSE(mail_.shipment(posting(message(t)), to));
  EXPECT_FALSE(mail_.shipment({.id = "x", .event = "no message", .addressees = {}}, to));
}

TEST_F(OutgoingMailTest, TheCertificateStays) {
  const std::string name = signer_.certificate_name();
  const std::string pem = signer_.certificate(name);
  EXPECT_TRUE(pem.starts_with("-----BEGIN CERTIFICATE-----"));
  EXPECT_EQ(signer_.certificate("SimpleNotificationService-0.pem"), "");
  Signer again(space_.store(), {}, random_, clock_);
  ASSERT_TRUE(again.load());
  EXPECT_EQ(again.certificate(name), pem);
  crypto::AesKey other{};
  other[0] = std::byte{1};
  Signer stranger(space_.store(), other, random_, clock_);
  EXPECT_FALSE(stranger.load()) << "another server's key";
}

}  // namespace
}  // namespace lapwing::sns
