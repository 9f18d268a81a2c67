// Paths and templates: the cases of data/, and limits.
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "expressions/limits.hpp"
#include "expressions/path.hpp"
#include "expressions/reserved.hpp"
#include "expressions/template.hpp"
#include "expressions/value.hpp"
#include "source_dir.hpp"
#include "text/json.hpp"
#include "text/time_format.hpp"

namespace lapwing::expressions {
namespace {

std::string contents(const std::string& name) {
  std::ifstream file(std::string(kSourceDir) + "/src/expressions/data/" + name);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

const text::JsonValue& member(const text::JsonDocument& document, std::string_view name) {
  const text::JsonValue* found = document.root().find(name);
  EXPECT_NE(found, nullptr) << name;
  static const text::JsonValue kNull = {};
  return found == nullptr ? kNull : *found;
}

// Each line of "found": a path and what is there as JSON, or null for nothing.
TEST(Path, FindsAndRefuses) {
  const std::string text = contents("paths.json");
  const auto file = text::parse_json(text);
  ASSERT_TRUE(file) << file.error().message();
  const text::JsonValue& document = member(*file, "document");
  EXPECT_GE(member(*file, "found").size(), 30U);
  for (const text::JsonValue& line : member(*file, "found").items()) {
    const std::string_view named = line.items()[0].as_string();
    const auto path = Path::read(named);
    ASSERT_TRUE(path) << named;
    EXPECT_EQ(path->definite(), !named.contains('*')) << named;
    Visits visits;
    const Value value = path->in(document, visits);
    if (line.items()[1].is_null()) {
      EXPECT_EQ(value.kind, Value::Kind::kMissing) << named << " found " << value.text;
    } else {
      EXPECT_EQ(value.as_json(), line.items()[1].as_string()) << named;
    }
  }
  for (const text::JsonValue& refused : member(*file, "refused").items()) {
    EXPECT_FALSE(Path::read(refused.as_string())) << refused.as_string();
  }
}

TEST(Path, HasLimits) {
  std::string path = "$";
  while (path.size() + 2 <= kPathBytesMax) path += ".a";
  EXPECT_TRUE(Path::read(path)) << path.size();
  EXPECT_FALSE(Path::read(path + ".a"));
  std::string row = "[";
  for (int i = 0; i < 400; ++i) row += i == 0 ? "0" : ",0";
  row += "]";
  std::string square = "[";
  for (int i = 0; i < 400; ++i) square += (i == 0 ? "" : ",") + row;
  square += "]";
  const auto document = text::parse_json(square);
  ASSERT_TRUE(document);
  Visits visits;
  EXPECT_EQ(Path::read("$[*][*]")->find(document->root(), visits).size(), kFoundMax);
}

TEST(Path, TheLastOfTwoMembersCounts) {
  const auto document = text::parse_json(R"({"a":1,"a":2})");
  ASSERT_TRUE(document);
  Visits visits;
  EXPECT_EQ(Path::read("$.a")->in(document->root(), visits).text, "2");
}

// "cases": dialect, template, what is sent or null for nothing.
TEST(Template, BecomesWhatAwsSends) {
  const std::string text = contents("templates.json");
  const auto file = text::parse_json(text);
  ASSERT_TRUE(file) << file.error().message();
  const text::JsonValue& event = member(*file, "event");
  const text::JsonValue& paths = member(*file, "paths");
  const WallTime ingested = *text::parse_iso8601("2024-03-01T12:00:01.999Z");
  const RuleDelivery delivery = {
      .rule_arn = "arn:aws:events:us-east-1:000000000000:rule/bus/name",
      .rule_name = "name",
      .ingested = ingested,
      .event = &event,
  };
  const PipeRecord record = {
      .pipe_arn = "arn:aws:pipes:us-east-1:000000000000:pipe/pipe",
      .pipe_name = "pipe",
      .source_arn = "arn:source",
      .enrichment_arn = "",
      .target_arn = "arn:target",
      .ingested = ingested,
      .event = &event,
      .decoded = &event,
  };
  Visits visits;
  const auto of_rule = [&](std::string_view name) {
    if (is_reserved(name, Dialect::kRule)) return reserved_of_rule(name, delivery);
    const text::JsonValue* path = paths.find(name);
    EXPECT_NE(path, nullptr) << name;
    return path == nullptr ? Value{} : Path::read(path->as_string())->in(event, visits);
  };
  const auto of_pipe = [&](std::string_view name) { return value_of_pipe(name, record, visits); };
  EXPECT_GE(member(*file, "cases").size(), 80U);
  for (const text::JsonValue& line : member(*file, "cases").items()) {
    const bool rule = line.items()[0].as_string() == "rule";
    const std::string_view body = line.items()[1].as_string();
    const Template read = Template::read(body, rule ? Dialect::kRule : Dialect::kPipe);
    const auto sent = rule ? read.render(of_rule) : read.render(of_pipe);
    const text::JsonValue& expected = line.items()[2];
    if (expected.is_null()) {
      EXPECT_FALSE(sent) << body << " became " << sent.value_or("");
    } else {
      EXPECT_EQ(sent.value_or("nothing"), expected.as_string()) << body;
    }
  }
}

// What is looked at counts, found or not: members that a name is looked for among, values that a
// wildcard passes.
TEST(Path, LooksAtSoManyValues) {
  const auto document = text::parse_json(R"({"a":[{"x":1},{"y":2},3],"b":4})");
  ASSERT_TRUE(document);
  const auto path = Path::read("$.a[*].y");
  Visits enough(12);  // an object of 2, an array of 3, two objects of 1 and a number
  EXPECT_EQ(path->in(document->root(), enough).text, "[2]");
  Visits few(11);
  EXPECT_EQ(path->in(document->root(), few).kind, Value::Kind::kTooMuch);
  EXPECT_EQ(Path::read("$.b")->in(document->root(), few).kind, Value::Kind::kTooMuch)
      << "nothing more once it was too much";
}

TEST(Template, AsksForEachNameOnce) {
  std::string body = "\"";
  for (int i = 0; i < 1000; ++i) body += "<a><b>";
  const Template read = Template::read(body + "\"", Dialect::kRule);
  std::string asked;
  const auto sent = read.render([&](std::string_view name) {
    asked += name;
    return Value::json("[\"" + std::string(name) + "\"]");
  });
  ASSERT_TRUE(sent);
  EXPECT_EQ(asked, "ab");
  EXPECT_TRUE(sent->starts_with("\"[a][b][a][b]")) << sent->substr(0, 20);
}

// Different paths over one large event.
TEST(Template, WhatPathsLookAtHasALimit) {
  std::string event = R"({"body":{)";
  for (int i = 0; i < 10'000; ++i) event += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":0";
  event += "}}";
  const auto document = text::parse_json(event);
  ASSERT_TRUE(document);
  const PipeRecord record = {.event = &document->root(), .decoded = &document->root()};
  const auto sent = [&](int paths) {
    std::string body = "\"";
    for (int i = 0; i < paths; ++i) body += "<$.body.*.z" + std::to_string(i) + ">";
    Visits visits;
    return Template::read(body + "\"", Dialect::kPipe).render([&](std::string_view name) {
      return value_of_pipe(name, record, visits);
    });
  };
  EXPECT_TRUE(sent(20));
  const auto much = sent(40);
  ASSERT_FALSE(much);
  EXPECT_EQ(much.error(), Unsent::kTooMuch);
}

TEST(Template, PlaceholdersTellWhereTheyStand) {
  const Template read = Template::read(
      R"({<a>: 1, "<b>" : 2, "x<c>y": "<d>:", "e": <e>, "f": "<f>" })", Dialect::kRule);
  ASSERT_EQ(read.placeholders().size(), 6U);
  std::string keys;
  std::string quoted;
  for (const Placeholder& each : read.placeholders()) {
    if (each.is_key) keys += each.name;
    if (each.quoted) quoted += each.name;
  }
  EXPECT_EQ(keys, "abc");
  EXPECT_EQ(quoted, "bcdf");
}

TEST(Template, NamesWhatIsUnknown) {
  const Template read =
      Template::read(R"("<known> <aws.events.rule-arn> <notdefinedkey> <other>")", Dialect::kRule);
  const auto is_known = [](std::string_view name) {
    return name == "known" || is_reserved(name, Dialect::kRule);
  };
  const Placeholder* unknown = read.unknown(is_known);
  ASSERT_NE(unknown, nullptr);
  EXPECT_EQ(unknown->name, "notdefinedkey");
  EXPECT_EQ(Template::read(R"("<known>")", Dialect::kRule).unknown(is_known), nullptr);
}

TEST(Template, ReservedNames) {
  EXPECT_TRUE(is_reserved("aws.events.event.json", Dialect::kRule));
  EXPECT_FALSE(is_reserved("aws.events.event.xml", Dialect::kRule));
  EXPECT_FALSE(is_reserved("aws.pipes.pipe-arn", Dialect::kRule));
  EXPECT_TRUE(is_reserved("aws.pipes.pipe-arn", Dialect::kPipe));
  EXPECT_FALSE(is_reserved("aws.pipes.", Dialect::kPipe));
  EXPECT_FALSE(is_reserved("aws.pipes", Dialect::kPipe));
}

TEST(Template, WhatComesOutHasALimit) {
  std::string body = "\"";
  for (int i = 0; i < 100; ++i) body += "<v>";
  body += "\"";
  const Template read = Template::read(body, Dialect::kRule);
  const auto of_size = [&](std::size_t bytes) {
    return read.render([&](std::string_view) { return Value::string(std::string(bytes, 'x')); });
  };
  EXPECT_TRUE(of_size(kRenderedBytesMax / 100 - 1));
  const auto large = of_size(kRenderedBytesMax / 100 + 1);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error(), Unsent::kTooLarge);
}

}  // namespace
}  // namespace lapwing::expressions
