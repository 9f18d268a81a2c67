#include "server/front_door.hpp"

#include <gtest/gtest.h>

#include "server/testing/test_server.hpp"

namespace lapwing::server {
namespace {

using testing::HttpAnswer;
using testing::TestServer;

constexpr char kJson[] = "Content-Type: application/x-amz-json-1.0\r\n";

std::string target(std::string_view operation) {
  return std::string(kJson) + "X-Amz-Target: AmazonSQS." + std::string(operation) + "\r\n";
}

// A head that announces a body, which never comes.
std::string head_alone(std::string_view fields, std::size_t announced,
                       std::string_view host = "localhost") {
  return "POST / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n" + std::string(fields) +
         "Content-Length: " + std::to_string(announced) + "\r\n\r\n";
}

constexpr std::size_t kTooMuch = 64 * kMiB;

TEST(FrontDoor, OtherHostsAreRefusedBeforeAnythingIsRead) {
  TestServer server({.services = {"sqs"}});
  const HttpAnswer answer = server.send(head_alone(target("ListQueues"), kTooMuch, "evil.test"));
  EXPECT_EQ(answer.status, 403);
  EXPECT_NE(answer.body.find("another host name"), std::string::npos);
  const HttpAnswer origin =
      server.request("POST", "/", target("ListQueues") + "Origin: http://evil.test\r\n", "{}");
  EXPECT_EQ(origin.status, 403);
}

TEST(FrontDoor, EachOperationHasItsOwnLimitOfTheBody) {
  TestServer server({.services = {"sqs"}});
  const HttpAnswer list = server.send(head_alone(target("ListQueues"), aws::kBodyBytesDefault + 1));
  EXPECT_EQ(list.status, 413);
  EXPECT_NE(list.body.find("ListQueues"), std::string::npos) << list.body;
  // More than the other may have.
  const std::string body =
      R"({"QueueUrl":"http://localhost:4566/000000000000/none","MessageBody":")" +
      std::string(aws::kBodyBytesDefault, 'x') + "\"}";
  const HttpAnswer sent = server.request("POST", "/", target("SendMessage"), body);
  EXPECT_EQ(sent.status, 400);
  EXPECT_NE(sent.body.find("QueueDoesNotExist"), std::string::npos) << sent.body;
}

TEST(FrontDoor, NobodyUnknownMakesTheServerReadABody) {
  TestServer server({.services = {"sqs"},
                     .settings = {"auth=verify"},
                     .credentials = {{"AKIDKNOWN", "secret", "000000000000", ""}}});
  const std::string unsigned_head = head_alone(target("SendMessage"), aws::kBodyBytesDefault);
  EXPECT_EQ(server.send(unsigned_head).status, 400);
  const std::string unknown_key = target("SendMessage") +
                                  "X-Amz-Date: 20260101T000000Z\r\n"
                                  "Authorization: AWS4-HMAC-SHA256 "
                                  "Credential=AKIDSTRANGER/20260101/us-east-1/sqs/aws4_request, "
                                  "SignedHeaders=host;x-amz-date, Signature=" +
                                  std::string(64, '0') + "\r\n";
  const HttpAnswer answer = server.send(head_alone(unknown_key, aws::kBodyBytesDefault));
  EXPECT_GE(answer.status, 400);
  EXPECT_LT(answer.status, 404);
  EXPECT_NE(answer.body.find("oken"), std::string::npos) << answer.body;  // of the security token
}

TEST(FrontDoor, LinksInMessagesNeedNoSignature) {
  TestServer server({.services = {"sns"},
                     .settings = {"auth=verify"},
                     .credentials = {{"AKIDKNOWN", "secret", "000000000000", ""}}});
  const std::string topic = "arn:aws:sns:us-east-1:000000000000:t";
  const HttpAnswer unknown = server.request(
      "GET", "/?Action=ConfirmSubscription&TopicArn=" + topic + "&Token=" + std::string(256, 'a'),
      "", "");
  EXPECT_EQ(unknown.status, 400);
  EXPECT_NE(unknown.body.find("Invalid token"), std::string::npos) << unknown.body;
  const HttpAnswer gone = server.request(
      "GET",
      "/?Action=Unsubscribe&SubscriptionArn=" + topic + ":3f2504e0-4f89-41d3-9a0c-0305e82c3301", "",
      "");
  EXPECT_EQ(gone.status, 200) << gone.body;
  // What is not for everybody, also where the link says that it is.
  for (const char* other :
       {"/?Action=Publish&Message=m&TopicArn=", "/?Action=DeleteTopic&TopicArn="}) {
    const HttpAnswer refused = server.request("GET", other + topic, "", "");
    EXPECT_EQ(refused.status, 403) << refused.body;
    EXPECT_NE(refused.body.find("MissingAuthenticationToken"), std::string::npos) << refused.body;
  }
  const HttpAnswer posted = server.request(
      "POST", "/?Action=ConfirmSubscription&TopicArn=" + topic,
      "Content-Type: application/x-www-form-urlencoded\r\nX-Amz-Target: AmazonSQS.ListQueues\r\n",
      "Action=DeleteTopic");
  EXPECT_NE(posted.status, 200) << posted.body;
}

TEST(FrontDoor, AnInvocationIsLimitedAndSignedToo) {
  TestServer server({.services = {"lambda"}});
  const HttpAnswer answer = server.send(
      "POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nHost: localhost\r\n"
      "Content-Length: " +
      std::to_string(kTooMuch) + "\r\n\r\n");
  EXPECT_EQ(answer.status, 413);
  EXPECT_NE(answer.head.find("RequestTooLargeException"), std::string::npos) << answer.head;
}

TEST(FrontDoor, WhatIsNotBuiltNamesItself) {
  TestServer server({.services = {"sts"}});
  const HttpAnswer other = server.request("POST", "/", target("ListQueues"), "{}");
  EXPECT_EQ(other.status, 501);
  EXPECT_NE(other.body.find("sqs ListQueues"), std::string::npos) << other.body;
  // Without Lambda its paths are nobody's.
  EXPECT_EQ(server.request("POST", "/2015-03-31/functions/f/invocations").status, 501);
}

TEST(FrontDoor, TheAccessLogSaysWhatWasAsked) {
  TestServer server({.services = {"sqs", "sts"}});
  const std::string missing = R"({"QueueName":"none"})";
  ASSERT_EQ(server.request("POST", "/", target("GetQueueUrl"), missing).status, 400);
  const std::string json = server.log.line_with("\"operation\":\"GetQueueUrl\"");
  EXPECT_NE(json.find("\"service\":\"sqs\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"status\":\"400\""), std::string::npos) << json;
  EXPECT_NE(json.find("NonExistentQueue"), std::string::npos) << json;
  // Of a query the operation stands in the body, and the code in XML.
  const HttpAnswer query =
      server.request("POST", "/", "Content-Type: application/x-www-form-urlencoded\r\n",
                     "Action=AssumeRole&Version=2011-06-15");
  EXPECT_GE(query.status, 400);
  const std::string xml = server.log.line_with("\"operation\":\"AssumeRole\"");
  EXPECT_NE(xml.find("\"error\":\""), std::string::npos) << xml;
  EXPECT_EQ(xml.find("\"error\":\"\""), std::string::npos) << xml;
}

TEST(FrontDoor, TheAccessLogNamesWhatIsNotBuiltToo) {
  TestServer server({.services = {"sts"}});
  const std::string table =
      "Content-Type: application/x-amz-json-1.0\r\n"
      "X-Amz-Target: DynamoDB_20120810.ListTables\r\n";
  ASSERT_EQ(server.request("POST", "/", table, "{}").status, 501);
  const std::string line = server.log.line_with("\"operation\":\"ListTables\"");
  EXPECT_NE(line.find("\"service\":\"DynamoDB_20120810\""), std::string::npos) << line;
  ASSERT_EQ(server
                .request("POST", "/", "Content-Type: application/x-www-form-urlencoded\r\n",
                         "Action=MakeCoffee&Version=2011-06-15")
                .status,
            400);
  EXPECT_NE(server.log.line_with("\"operation\":\"MakeCoffee\""), "");
}

TEST(FrontDoor, CallsAreCountedByHowTheyEnded) {
  TestServer server({.services = {"sqs"}});
  ASSERT_EQ(server.request("POST", "/", target("CreateQueue"), R"({"QueueName":"q"})").status, 200);
  ASSERT_EQ(server.request("POST", "/", target("CreateQueue"), R"({"QueueName":"a b"})").status,
            400);
  const std::string metrics = server.request("GET", "/_lapwing/metrics").body;
  for (const char* outcome : {"ok", "refused"}) {
    EXPECT_NE(metrics.find("lapwing_operations_total{service=\"sqs\",operation=\"CreateQueue\","
                           "outcome=\"" +
                           std::string(outcome) + "\"} 1\n"),
              std::string::npos)
        << outcome;
  }
  EXPECT_EQ(metrics.find("operation=\"DeleteQueue\""), std::string::npos);
  EXPECT_NE(metrics.find("lapwing_background_runs_total{task=\"sqs.polls\"}"), std::string::npos);
}

TEST(FrontDoor, PeopleAreGreetedWithWhatIsThere) {
  TestServer server({.services = {"sqs", "sts"}});
  const HttpAnswer answer = server.request("GET", "/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find("(iam, sqs, sts)"), std::string::npos) << answer.body;
}

TEST(FrontDoor, HealthSaysHowEachServiceIs) {
  TestServer server({.services = {"logs", "sqs"}});
  const HttpAnswer answer = server.request("GET", "/_lapwing/health");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("services":{"iam":"running","logs":"running","sqs":"running"})"),
            std::string::npos)
      << answer.body;
  EXPECT_NE(answer.body.find(R"("clock":"manual","now":")"), std::string::npos) << answer.body;
}

}  // namespace
}  // namespace lapwing::server
