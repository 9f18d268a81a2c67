#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "policy/document.hpp"
#include "policy/elements.hpp"
#include "policy/statements.hpp"
#include "source_dir.hpp"
#include "text/json.hpp"
#include "text/json_writer.hpp"

namespace lapwing::policy {
namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

// Each line of the file: ["identity", "trust" or "resource", the document as text, the message or
// ""].
TEST(Policy, SaysWhatIamSays) {
  const std::string text = contents(std::string(kSourceDir) + "/src/policy/data/documents.json");
  const auto cases = text::parse_json(text);
  ASSERT_TRUE(cases) << cases.error().message();
  EXPECT_GE(cases->root().size(), 90U);
  for (const text::JsonValue& each : cases->root().items()) {
    const std::string_view named = each.items()[0].as_string();
    const Use use = named == "trust"      ? Use::kTrust
                    : named == "resource" ? Use::kResource
                                          : Use::kIdentity;
    const std::string_view document = each.items()[1].as_string();
    const auto parsed = parse(document, use);
    EXPECT_EQ(parsed ? "" : parsed.error().message, each.items()[2].as_string()) << document;
  }
}

TEST(Policy, ReadsWhatIsIn) {
  const std::string text =
      R"({"Version":"2012-10-17","Id":"i","Statement":[{"Sid":"a","Effect":"Allow",)"
      R"("Principal":{"AWS":["arn:aws:iam::000000000000:role/r","1\u00312345678901"],)"
      R"("Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole",)"
      R"("Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":3600},)"
      R"("Bool":{"aws:SecureTransport":[true,"false"]}}}]})";
  const auto parsed = parse(text, Use::kTrust);
  ASSERT_TRUE(parsed) << parsed.error().message;
  ASSERT_EQ(parsed->statements.size(), 1U);
  const Statement& statement = parsed->statements[0];
  EXPECT_EQ(statement.effect, Effect::kAllow);
  EXPECT_EQ(statement.sid, "a");
  ASSERT_EQ(statement.principals.size(), 3U);
  const Principal& first = statement.principals[0];
  EXPECT_EQ(text.substr(first.offset, first.size), "arn:aws:iam::000000000000:role/r");
  EXPECT_EQ(statement.principals[1].name, "112345678901");
  EXPECT_EQ(statement.principals[1].size, 0U) << "written with an escape";
  EXPECT_EQ(statement.principals[2].type, "Service");
  ASSERT_EQ(statement.conditions.size(), 2U);
  EXPECT_EQ(statement.conditions[0].values, std::vector<std::string>{"3600"});
  EXPECT_EQ(statement.conditions[1].values, (std::vector<std::string>{"true", "false"}));
}

TEST(Policy, StatementsComeAndGo) {
  const std::string one =
      R"({"Version":"2012-10-17", "Statement":{"Sid":"a","Effect":"Deny","Principal":"*",)"
      R"("Action":["x:y"],"Condition":{"NumericEquals":{"k":1.50}}}})";
  EXPECT_TRUE(has_statement(one, "a"));
  EXPECT_FALSE(has_statement(one, "b"));
  const std::string two = with_statement(one, R"({"Sid":"b"})");
  EXPECT_EQ(two,
            R"({"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Deny","Principal":"*",)"
            R"("Action":["x:y"],"Condition":{"NumericEquals":{"k":1.50}}},{"Sid":"b"}]})");
  EXPECT_EQ(without_statement(two, "a"), R"({"Version":"2012-10-17","Statement":[{"Sid":"b"}]})");
  EXPECT_EQ(without_statement(two, "c"), std::nullopt);
  EXPECT_EQ(without_statement(one, "a"), "");
}

TEST(Policy, WhiteSpaceDoesNotCount) {
  EXPECT_EQ(counted_size(" {\t\"a\":\r\n \"b c\"} "), 10U);
  EXPECT_EQ(counted_size("\xc3\xa9"), 1U);
}

TEST(Policy, NestingEnds) {
  const std::string deep(200'000, '[');
  EXPECT_FALSE(parse(deep, Use::kIdentity));
}

}  // namespace
}  // namespace lapwing::policy
