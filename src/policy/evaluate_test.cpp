#include "policy/evaluate.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "policy/statements.hpp"
#include "source_dir.hpp"
#include "text/json.hpp"

namespace lapwing::policy {
namespace {

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNone:
      return "none";
    case Verdict::kAccount:
      return "account";
    case Verdict::kAllowed:
      return "allowed";
    case Verdict::kDenied:
      return "denied";
  }
  return "";
}

std::string text_of(const text::JsonValue& object, std::string_view key) {
  const text::JsonValue* const found = object.find(key);
  return found == nullptr ? std::string() : std::string(found->as_string());
}

// Each line of the file: [the document as text, the request, the verdict].
TEST(Evaluate, DecidesAsIamDoes) {
  std::ifstream file(std::string(kSourceDir) + "/src/policy/data/evaluate.json");
  std::ostringstream contents;
  contents << file.rdbuf();
  const std::string all = contents.str();
  const auto cases = text::parse_json(all);
  ASSERT_TRUE(cases) << cases.error().message();
  EXPECT_GE(cases->root().size(), 120U);
  for (const text::JsonValue& each : cases->root().items()) {
    const std::string_view text = each.items()[0].as_string();
    const auto document = parse(text, Use::kResource);
    const text::JsonValue& asked = each.items()[1];
    Request request;
    request.asker = {text_of(asked, "service"), text_of(asked, "arn"), text_of(asked, "role"),
                     text_of(asked, "account")};
    request.action = text_of(asked, "action");
    request.resource = text_of(asked, "resource");
    for (const text::JsonMember& key : asked.find("context")->members()) {
      auto& values = request.context[std::string(key.key)];
      for (const text::JsonValue& value : key.value.items()) values.emplace_back(value.as_string());
    }
    ASSERT_TRUE(document) << text << document.error().message;
    EXPECT_EQ(to_string(evaluate(*document, request)), each.items()[2].as_string()) << text;
  }
}

TEST(Evaluate, ManyWildcardsEnd) {
  std::string stars;
  for (int i = 0; i < 2000; ++i) stars += "*a";
  const std::string value(20'000, 'a');
  EXPECT_FALSE(holds({"StringLike", "k", {stars + "b"}}, {{"k", {value}}}, true));
  EXPECT_TRUE(holds({"StringLike", "k", {stars}}, {{"k", {value}}}, true));
}

TEST(Evaluate, WhatAServiceSaysOfItself) {
  Statement grant;
  grant.sid = "s";
  grant.effect = Effect::kAllow;
  grant.principals = {{"Service", "events.amazonaws.com"}};
  grant.actions = {"lambda:InvokeFunction"};
  grant.resources = {"*"};
  grant.conditions = {{"ArnLike", "AWS:SourceArn", {"arn:aws:events:*:*:rule/r"}},
                      {"StringEquals", "AWS:SourceAccount", {"000000000000"}}};
  const std::string text = document_json("2012-10-17", "default", {statement_json(grant)});
  EXPECT_EQ(
      text,
      R"({"Version":"2012-10-17","Id":"default","Statement":[{"Sid":"s","Effect":"Allow",)"
      R"("Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction",)"
      R"("Resource":"*","Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:*:*:rule/r"},)"
      R"("StringEquals":{"AWS:SourceAccount":"000000000000"}}}]})");
  const auto document = parse(text, Use::kResource);
  ASSERT_TRUE(document);
  const auto says = [&](std::string_view service, std::string_view arn, std::string_view account) {
    Request request = service_request(service, arn, account);
    request.action = "lambda:InvokeFunction";
    request.resource = "arn:aws:lambda:us-east-1:000000000000:function:f";
    return evaluate(*document, request);
  };
  const std::string rule = "arn:aws:events:us-east-1:000000000000:rule/r";
  EXPECT_EQ(says("events.amazonaws.com", rule, "000000000000"), Verdict::kAllowed);
  EXPECT_EQ(says("events.amazonaws.com", rule, "111111111111"), Verdict::kNone);
  EXPECT_EQ(says("events.amazonaws.com", rule, ""), Verdict::kNone);
  EXPECT_EQ(says("events.amazonaws.com", "", "000000000000"), Verdict::kNone);
  EXPECT_EQ(says("s3.amazonaws.com", rule, "000000000000"), Verdict::kNone);
}

TEST(Evaluate, SeveralOfAKindStandInAList) {
  Statement grant;
  grant.sid = "s";
  grant.effect = Effect::kDeny;
  grant.principals = account_principals("aws-cn", {"000000000000", "111111111111"});
  grant.principals.push_back({"Service", "s3.amazonaws.com"});
  grant.actions = {"SQS:SendMessage", "SQS:ReceiveMessage"};
  grant.resources = {"r"};
  grant.conditions = {{"StringEquals", "a", {"1", "2"}}, {"StringEquals", "b", {"3"}}};
  EXPECT_EQ(statement_json(grant),
            R"({"Sid":"s","Effect":"Deny","Principal":{"AWS":["arn:aws-cn:iam::000000000000:root",)"
            R"("arn:aws-cn:iam::111111111111:root"],"Service":"s3.amazonaws.com"},)"
            R"("Action":["SQS:SendMessage","SQS:ReceiveMessage"],"Resource":"r",)"
            R"("Condition":{"StringEquals":{"a":["1","2"],"b":"3"}}})");
}

}  // namespace
}  // namespace lapwing::policy
