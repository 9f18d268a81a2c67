#include "text/pattern.hpp"

#include <string>

#include <gtest/gtest.h>

#include "text/limits.hpp"

namespace lapwing::text {
namespace {

bool matches(std::string_view pattern, std::string_view text) {
  const auto compiled = Pattern::compile(pattern);
  if (!compiled) {
    ADD_FAILURE() << pattern << ": " << compiled.error().message();
    return false;
  }
  const auto result = compiled->matches(text);
  EXPECT_TRUE(result) << pattern;
  return result.value_or(false);
}

TEST(Pattern, TheWholeTextMustMatch) {
  EXPECT_TRUE(matches("[a-z]+", "abc"));
  EXPECT_FALSE(matches("[a-z]+", "abc1"));
  EXPECT_FALSE(matches("[a-z]+", " abc"));
  EXPECT_FALSE(matches("a|ab", "abc"));
  EXPECT_TRUE(matches("a|ab", "ab"));
  EXPECT_FALSE(matches("^[a-z]+$", "abc\n"));
  EXPECT_TRUE(matches("", ""));
}

TEST(Pattern, FunctionArnOfTheLambdaModel) {
  const std::string_view pattern =
      "(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?"
      "(\\d{12}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
  EXPECT_TRUE(matches(pattern, "my-function"));
  EXPECT_TRUE(matches(pattern, "arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST"));
  EXPECT_FALSE(matches(pattern, "my function"));
}

TEST(Pattern, JavasDialect) {
  EXPECT_TRUE(matches("[\\w-.]+", "a-b.c"));
  EXPECT_TRUE(matches("[.-\\w]+", "a-b.c"));
  EXPECT_TRUE(matches("[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*",
                      "a\u20AC\U0001F600\n"));
  EXPECT_FALSE(matches("[\\u0020-\\u00FF]*", "\u20AC"));
  EXPECT_TRUE(matches("[\\u0020-\\uFFFD\\uD800\\uDBFF-\\uDC00\\uDFFF]*", "\u20AC"));
  EXPECT_TRUE(matches("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "\u00e9t\u00e9 1"));
  EXPECT_TRUE(matches("[\\p{IsLetter}\\p{Digit}]+", "\u00e91"));
  EXPECT_TRUE(matches("\\p{ASCII}*", "abc"));
  EXPECT_FALSE(matches("\\p{ASCII}*", "\u00e9"));
  EXPECT_TRUE(matches("\\P{Alnum}", "-"));
  EXPECT_FALSE(matches("\\d", "\u0663"));  // ASCII only, as in Java
  EXPECT_TRUE(matches("[]a]", "]"));
}

TEST(Pattern, InvalidTextMatchesNothing) { EXPECT_FALSE(matches(".*", "\xff")); }

TEST(Pattern, ErrorsAreValues) {
  const auto broken = Pattern::compile("a(");
  ASSERT_FALSE(broken);
  EXPECT_TRUE(broken.error().message().starts_with("Invalid pattern at position 2: "));
  EXPECT_EQ(Pattern::compile("[a-z&&[^b]]").error().kind(), ErrorKind::kUnsupported);
  EXPECT_FALSE(Pattern::compile(std::string(kPatternMaxBytes + 1, 'a')));
}

TEST(Pattern, CatastrophicPatternsAreCutShort) {
  const auto pattern = Pattern::compile("(a+)+b").value();
  const auto result = pattern.matches(std::string(5'000, 'a') + "c" + "b");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::kTooLarge);
}

TEST(PatternCache, CompilesOnceAndRemembersFailure) {
  PatternCache cache;
  const Pattern* first = cache.get("[a-z]+");
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(cache.get("[a-z]+"), first);
  EXPECT_EQ(cache.get("("), nullptr);
  EXPECT_EQ(cache.get("("), nullptr);
  EXPECT_EQ(cache.size(), 2u);
}

}  // namespace
}  // namespace lapwing::text
