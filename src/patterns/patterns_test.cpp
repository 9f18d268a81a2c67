#include <algorithm>
#include <atomic>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "patterns/compile.hpp"
#include "patterns/limits.hpp"
#include "patterns/pattern_set.hpp"
#include "source_dir.hpp"
#include "text/json.hpp"

namespace lapwing::patterns {
namespace {

struct Line {
  char mark;
  std::string text;
  Dialect dialect;
};

std::vector<Line> lines_of(const std::string& name) {
  std::ifstream file(std::string(kSourceDir) + "/src/patterns/data/" + name);
  std::vector<Line> out;
  Dialect dialect = Dialect::kRule;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line[0] == '@') {
      dialect = line == "@rule"     ? Dialect::kRule
                : line == "@filter" ? Dialect::kFilter
                : line == "@body"   ? Dialect::kBody
                                    : Dialect::kAttributes;
      continue;
    }
    out.push_back({line[0], line.size() > 2 ? line.substr(2) : "", dialect});
  }
  return out;
}

// {"name":["Type","value"],...}
void match_event(const Snapshot& snapshot, Dialect dialect, const std::string& event,
                 Match& match) {
  if (dialect != Dialect::kAttributes) {
    const auto matched = snapshot.match(event, match);
    ASSERT_TRUE(matched) << event << ": " << matched.error().message;
    return;
  }
  const auto document = text::parse_json(event);
  ASSERT_TRUE(document) << event;
  std::vector<Attribute> attributes;
  for (const text::JsonMember& member : document->root().members()) {
    const std::string_view type = member.value.items()[0].as_string();
    attributes.push_back({member.key,
                          type == "String"         ? Attribute::Kind::kString
                          : type == "Number"       ? Attribute::Kind::kNumber
                          : type == "String.Array" ? Attribute::Kind::kStringArray
                                                   : Attribute::Kind::kBinary,
                          member.value.items()[1].as_string()});
  }
  snapshot.match(attributes, match);
}

Pattern compiled(std::string_view text, Dialect dialect = Dialect::kRule) {
  auto pattern = compile(text, dialect);
  EXPECT_TRUE(pattern) << text << ": " << pattern.error().message;
  return pattern ? *std::move(pattern) : Pattern{};
}

bool matches(std::string_view pattern, std::string_view event, Dialect dialect = Dialect::kRule) {
  PatternSet set;
  set.add(1, compiled(pattern, dialect));
  Match match;
  EXPECT_TRUE(set.snapshot()->match(event, match));
  return !match.ids().empty();
}

TEST(Patterns, MatchWhatTheCasesSay) {
  std::size_t cases = 0;
  Match match;
  std::unique_ptr<PatternSet> set;
  std::string pattern;
  for (const Line& line : lines_of("matching.txt")) {
    if (line.mark == '=') {
      pattern = line.text;
      set = std::make_unique<PatternSet>();
      set->add(1, compiled(pattern, line.dialect));
      continue;
    }
    ++cases;
    match_event(*set->snapshot(), line.dialect, line.text, match);
    EXPECT_EQ(match.ids().size(), line.mark == '+' ? 1U : 0U) << pattern << "\n"
                                                              << line.mark << " " << line.text;
  }
  EXPECT_GE(cases, 600U);
}

// All patterns of a dialect at once find exactly those that match by themselves: by one large
// automaton, and by a set that has grown one by one.
TEST(Patterns, ManyAtOnceMatchAsEachAlone) {
  const auto lines = lines_of("matching.txt");
  for (const Dialect dialect :
       {Dialect::kRule, Dialect::kFilter, Dialect::kBody, Dialect::kAttributes}) {
    std::vector<std::unique_ptr<PatternSet>> alone;
    PatternSet grown;
    std::vector<Identified> all;
    for (const Line& line : lines) {
      if (line.dialect != dialect || line.mark != '=') continue;
      const PatternId id = alone.size();
      auto pattern = compiled(line.text, dialect);
      alone.push_back(std::make_unique<PatternSet>());
      alone.back()->add(id, pattern);
      grown.add(id, pattern);
      // Each twenty times: nodes of their own.
      for (PatternId copy = 0; copy < 20; ++copy) {
        all.push_back({copy * 1000 + id, std::make_shared<const Pattern>(pattern)});
      }
    }
    PatternSet large;
    large.add(all);
    Match match;
    for (const Line& line : lines) {
      if (line.dialect != dialect || line.mark == '=') continue;
      std::vector<PatternId> expected;
      for (const auto& one : alone) {
        match_event(*one->snapshot(), dialect, line.text, match);
        expected.insert(expected.end(), match.ids().begin(), match.ids().end());
      }
      match_event(*grown.snapshot(), dialect, line.text, match);
      EXPECT_EQ(std::vector(match.ids().begin(), match.ids().end()), expected) << line.text;
      match_event(*large.snapshot(), dialect, line.text, match);
      std::vector<PatternId> copies;
      for (PatternId copy = 0; copy < 20; ++copy) {
        for (const PatternId id : expected) copies.push_back(copy * 1000 + id);
      }
      EXPECT_EQ(std::vector(match.ids().begin(), match.ids().end()), copies) << line.text;
    }
  }
}

TEST(Patterns, RefuseInTheServicesWords) {
  std::string text;
  for (const Line& line : lines_of("refused.txt")) {
    if (line.mark == '!') {
      text = line.text;
      continue;
    }
    const auto pattern = compile(text, line.dialect);
    ASSERT_FALSE(pattern) << text;
    std::string reason = line.text;
    std::string place;
    if (const std::size_t at = reason.rfind(" @ "); at != std::string::npos) {
      const std::size_t colon = reason.rfind(':');
      place = fmt::format("\n at [Source: (String)\"{}\"; line: {}, column: {}]", text,
                          reason.substr(at + 3, colon - at - 3), reason.substr(colon + 1));
      reason.resize(at);
    }
    if (reason.ends_with("start marker at")) {
      EXPECT_TRUE(pattern.error().reason.starts_with(reason)) << pattern.error().reason;
      continue;
    }
    EXPECT_EQ(pattern.error().reason, reason) << text;
    const std::string expected =
        line.dialect == Dialect::kRule     ? "Event pattern is not valid. Reason: " + reason + place
        : line.dialect == Dialect::kFilter ? "Invalid filter pattern definition."
                                           : "FilterPolicy: " + reason + place;
    EXPECT_EQ(pattern.error().message, expected);
  }
}

TEST(Patterns, AttributesAreFlat) {
  const auto pattern = compile(R"({"a":{"b":["x"]}})", Dialect::kAttributes);
  ASSERT_FALSE(pattern);
  EXPECT_EQ(pattern.error().message,
            "Filter policy scope MessageAttributes does not support nested filter policy");
}

TEST(Patterns, PlacesCountLinesAndCharacters) {
  const auto pattern = compile("{\n \"ü😀\": [\"x\"],\n \"a\": 5}", Dialect::kRule);
  ASSERT_FALSE(pattern);
  EXPECT_TRUE(pattern.error().message.ends_with("; line: 3, column: 8]"))
      << pattern.error().message;
  const std::string longer = "{\"" + std::string(600, 'a') + "\":\"x\"}";
  const auto cut = compile(longer, Dialect::kRule);
  ASSERT_FALSE(cut);
  EXPECT_NE(cut.error().message.find("\"[truncated 108 chars]; line: 1, column: 606]"),
            std::string::npos)
      << cut.error().message;
}

std::string values(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += fmt::format("{}\"{}\"", i == 0 ? "" : ",", i);
  return out;
}

TEST(Patterns, PoliciesHaveAHundredAndFiftyCombinations) {
  EXPECT_TRUE(compile("{\"a\":[" + values(150) + "]}", Dialect::kBody));
  const auto pattern = compile("{\"a\":[" + values(151) + "]}", Dialect::kAttributes);
  ASSERT_FALSE(pattern);
  EXPECT_EQ(pattern.error().message, "FilterPolicy: Filter policy is too complex");
  EXPECT_TRUE(compile("{\"a\":{\"b\":[" + values(75) + "]}}", Dialect::kBody)) << "two levels";
  EXPECT_FALSE(compile("{\"a\":{\"b\":[" + values(76) + "]}}", Dialect::kBody));
  EXPECT_TRUE(compile("{\"$or\":[{\"a\":[" + values(100) + "]},{\"b\":[" + values(50) + "]}]}",
                      Dialect::kBody))
      << "branches add";
  EXPECT_FALSE(compile("{\"$or\":[{\"a\":[" + values(100) + "]},{\"b\":[" + values(51) + "]}]}",
                       Dialect::kBody));
  EXPECT_TRUE(compile("{\"a\":[" + values(151) + "]}", Dialect::kRule))
      << "rules have no such limit";
}

TEST(Patterns, HugeAndDeepOnesAreRefused) {
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "{\"a\":";
  EXPECT_FALSE(compile(deep, Dialect::kRule));
  deep.clear();
  for (int i = 0; i < 50; ++i) deep += "{\"a\":";
  deep += "[1]" + std::string(50, '}');
  EXPECT_TRUE(compile(deep, Dialect::kRule));
  EXPECT_FALSE(compile("{\"a\":[\"" + std::string(5000, 'x') + "\"]}", Dialect::kRule));
  EXPECT_FALSE(compile("{\"a\":[\"" + std::string(300'000, 'x') + "\"]}", Dialect::kBody));
  // 2 to the power of 11 alternatives.
  std::string many = "{";
  for (int i = 0; i < 11; ++i) {
    many +=
        fmt::format("{}\"k{}\":{{\"$or\":[{{\"a\":[1]}},{{\"b\":[1]}}]}}", i == 0 ? "" : ",", i);
  }
  many += "}";
  const auto pattern = compile(many, Dialect::kRule);
  ASSERT_FALSE(pattern);
  EXPECT_TRUE(pattern.error().reason.starts_with("Rule is too complex")) << pattern.error().reason;
}

// A hundred and twenty-five alternatives, each of `plain` conditions of `tests` and three more.
std::string multiplied(int plain, std::size_t tests) {
  std::string out = "{";
  for (int i = 0; i < plain; ++i) out += fmt::format("\"p{}\":[{}],", i, values(tests));
  for (const char* const key : {"x", "y", "z"}) {
    out += fmt::format("{}\"{}\":{{\"$or\":[", *key == 'x' ? "" : ",", key);
    for (int i = 0; i < 5; ++i) out += fmt::format("{}{{\"k{}\":[1]}}", i == 0 ? "" : ",", i);
    out += "]}";
  }
  return out + "}";
}

TEST(Patterns, WhatOrMultipliesIsBounded) {
  const auto most = compile(multiplied(29, 1), Dialect::kRule);
  ASSERT_TRUE(most) << most.error().message;
  EXPECT_EQ(most->weight(), kMaxAlternativeConditions);
  const auto conditions = compile(multiplied(30, 1), Dialect::kRule);
  ASSERT_FALSE(conditions);
  EXPECT_TRUE(conditions.error().reason.starts_with("Rule is too complex"));
  EXPECT_TRUE(compile(multiplied(1, 150), Dialect::kRule));
  EXPECT_FALSE(compile(multiplied(1, 160), Dialect::kRule)) << "tests count, too";
}

TEST(Patterns, AWildcardAtItsLimitOfComplexity) {
  EXPECT_TRUE(compile(R"({"a":[{"wildcard":"*a*b*c*d*e"}]})", Dialect::kRule));
  EXPECT_FALSE(compile(R"({"a":[{"wildcard":"*a*b*c*d*e*"}]})", Dialect::kRule));
  EXPECT_TRUE(compile(R"({"a":[{"wildcard":"*aaaaaaaaa"}]})", Dialect::kRule));
  EXPECT_FALSE(compile(R"({"a":[{"wildcard":"*aaaaaaaaaa"}]})", Dialect::kRule));
}

TEST(Patterns, EventsThatAreNoJsonAreTold) {
  PatternSet set;
  set.add(1, compiled(R"({"a":["x"]})"));
  Match match;
  for (const char* event : {"", "{", "{\"a\":\"x\"", "{\"a\":\"\xff\"}", "{\"a\":x}", "{} {}"}) {
    EXPECT_FALSE(set.snapshot()->match(event, match)) << event;
    EXPECT_TRUE(match.ids().empty());
  }
  std::string deep(1001, '[');
  deep = "{\"a\":" + deep + std::string(1001, ']') + "}";
  EXPECT_FALSE(set.snapshot()->match(deep, match));
}

// Elements chosen in arrays that do not fit together: the work is bounded, and arrays that have
// nothing to do with each other are not multiplied.
TEST(Patterns, ASearchInArraysIsBounded) {
  std::string pattern = "{";
  std::string event = "{";
  for (char key = 'a'; key <= 'j'; ++key) {
    pattern += fmt::format("\"{}\":{{\"x\":[1]}},", key);
    event += fmt::format("\"{}\":[", key);
    for (int i = 0; i < 100; ++i) event += fmt::format("{}{{\"x\":1}}", i == 0 ? "" : ",");
    event += "],";
  }
  // The last two stand in different elements.
  pattern += R"("k":{"x":[1],"y":[1]}})";
  event += R"("k":[{"x":1},{"y":1}]})";
  EXPECT_FALSE(matches(pattern, event));
  event.resize(event.size() - 3);
  event += R"(},{"x":1,"y":1}]})";
  EXPECT_TRUE(matches(pattern, event)) << event.substr(event.size() - 60);
}

TEST(Patterns, ComeAndGo) {
  PatternSet set;
  Match match;
  const auto ids = [&](const std::string& event) {
    EXPECT_TRUE(set.snapshot()->match(event, match));
    return std::vector<PatternId>(match.ids().begin(), match.ids().end());
  };
  const auto before = set.snapshot();
  for (PatternId id = 0; id < 5000; ++id) {
    set.add(id, compiled(fmt::format(R"({{"a":["{}"],"s":["same"]}})", id)));
  }
  EXPECT_EQ(set.size(), 5000U);
  EXPECT_EQ(ids(R"({"a":"4321","s":"same"})"), std::vector<PatternId>{4321});
  EXPECT_EQ(ids(R"({"a":["1","70","4999"],"s":"same"})"), (std::vector<PatternId>{1, 70, 4999}));
  const auto held = set.snapshot();
  EXPECT_TRUE(set.remove(4321));
  EXPECT_FALSE(set.remove(4321));
  EXPECT_EQ(ids(R"({"a":"4321","s":"same"})"), std::vector<PatternId>{});
  ASSERT_TRUE(held->match(R"({"a":"4321","s":"same"})", match));
  EXPECT_EQ(match.ids().size(), 1U) << "a snapshot stays as it is";
  ASSERT_TRUE(before->match(R"({"a":"4321","s":"same"})", match));
  EXPECT_TRUE(match.ids().empty());
  set.add(7, compiled(R"({"a":["new"]})"));
  EXPECT_EQ(set.size(), 4999U);
  EXPECT_EQ(ids(R"({"a":"7","s":"same"})"), std::vector<PatternId>{});
  EXPECT_EQ(ids(R"({"a":"new"})"), std::vector<PatternId>{7});
  for (PatternId id = 0; id < 5000; ++id) set.remove(id);
  EXPECT_EQ(set.size(), 0U);
  EXPECT_EQ(ids(R"({"a":"new"})"), std::vector<PatternId>{});
}

TEST(Patterns, AreMatchedWhileTheyChange) {
  PatternSet set;
  set.add(0, compiled(R"({"a":["x"]})"));
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      Match match;
      while (!done) {
        const auto matched = set.snapshot()->match(R"({"a":"x","b":[{"c":1}]})", match);
        if (!matched || match.ids().empty() || match.ids()[0] != 0) ++wrong;
      }
    });
  }
  for (PatternId id = 1; id < 300; ++id) {
    set.add(id, compiled(fmt::format(R"({{"a":["{}"],"b":{{"c":[{}]}}}})", id, id)));
    if (id % 3 == 0) set.remove(id);
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace lapwing::patterns
