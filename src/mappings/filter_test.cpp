#include "mappings/filter.hpp"

#include <gtest/gtest.h>

namespace lapwing::mappings {
namespace {

TEST(Filter, OneOfThePatternsMatches) {
  const auto filter = Filter::compile({R"({"body":{"a":[1]}})", R"({"body":["text"]})"});
  ASSERT_TRUE(filter);
  patterns::Match memory;
  EXPECT_TRUE((*filter)->passes(R"({"body":{"a":1}})", memory));
  EXPECT_TRUE((*filter)->passes(R"({"body":"text"})", memory));
  EXPECT_FALSE((*filter)->passes(R"({"body":{"a":2}})", memory));
  EXPECT_FALSE((*filter)->passes(R"({"body":"{\"a\":1}"})", memory));  // a text, though of JSON
  EXPECT_FALSE((*filter)->passes("no JSON", memory));
}

TEST(Filter, NoneWantsAll) { EXPECT_EQ(*Filter::compile({}), nullptr); }

TEST(Filter, WhatIsNoPatternIsRefused) {
  for (const char* const text : {"", "x", "[]", R"({"body":1})", R"({"body":[{"no":1}]})"}) {
    const auto filter = Filter::compile({text});
    ASSERT_FALSE(filter) << text;
    EXPECT_EQ(filter.error().message(), "Invalid filter pattern definition.") << text;
  }
}

}  // namespace
}  // namespace lapwing::mappings
