#include "services/logs/filter/regex.hpp"

#include <chrono>

#include <gtest/gtest.h>

#include "services/logs/limits.hpp"

namespace lapwing::logs {
namespace {

struct Case {
  const char* body;
  const char* text;
  bool found;
};

TEST(Regex, AwsExamplesAndEdges) {
  for (const Case& c : std::initializer_list<Case>{
           {"^[hc]at", "hat stand", true},
           {"^[hc]at", "a cat", false},
           {"[hc]at$", "a cat", true},
           {"[hc]at$", "cats", false},
           {"colou?r", "color", true},
           {"colou?r", "colour", true},
           {"colou?r", "colouur", false},
           {"[abcx-z]", "y", true},
           {"[abcx-z]", "d", false},
           {"^a{3,5}$", "aa", false},
           {"^a{3,5}$", "aaaaa", true},
           {"^a{3,5}$", "aaaaaa", false},
           {"^a{3}$", "aaa", true},
           {"^a{,2}$", "", true},
           {"^a{,2}$", "aaa", false},
           {"^a{2,}$", "aaaaaaaa", true},
           {"^a{2, 3}$", "aaa", true},
           {"gra|ey", "grey", true},
           {"^starting|^initializing|^shutting down", "shutting down now", true},
           {"^starting|^initializing|^shutting down", "skipping initializing", false},
           {"abcc|ab[^c]$", "aba", true},
           {"abcc|ab[^c]$", "aac", false},
           {"\\[.\\]", "x[7]", true},
           {"10\\.10\\.0\\.1", "10010,051", false},
           {"10.10.0.1", "10010,051", true},
           {"ab*c", "ac", true},
           {"ab*c", "abbbc", true},
           {"ab+c", "ac", false},
           {"ab[0-9]*", "ab129", true},
           {".at", " at", true},
           {"\\d\\D", "1a", true},
           {"\\d\\D", "11", false},
           {"^\\w+\\s\\S+$", "ab_1 !", true},
           {"\\x3A", "a:b", true},
           {"\\x28", "(", true},
           {"[\\d.]+ms", "took 3.5ms", true},
           {"[]a]", "]", true},
           {"[^a]", "a", false},
           {"a-b", "a-b", true},
           {"[a-]", "-", true},
           {"^.$", "\xC3\xA9", true},
           {"^[^a]$", "\xE2\x82\xAC", true},
           {"a?b?c?d", "d", true},
           {"xa?b?c?$", "xac", true},
           {"xa?b?c?$", "xca", false},
           {"a?a?a?b+c?c?", "aab", true},
           {"^$", "", true},
           {"^$", "x", false},
           {"val.{2}", "value", true},
       }) {
    const auto regex = Regex::parse(c.body);
    ASSERT_TRUE(regex) << c.body;
    EXPECT_EQ(regex->search(c.text), c.found) << c.body << " in " << c.text;
  }
}

TEST(Regex, Refuses) {
  for (const char* body :
       {"",      "something!", "(a)",   "a|",   "|a",     "*a",
        "a**",   "a{2,1}",     "a{0}",  "a{",   "a{x}",   "[a",
        "[b-a]", "\\",         "\\xZZ", "\\x8", "\\q",    "a^b",
        "a$b",   "\xC3\xA9",   "a]",    "a{,}", "a{256}", "a{99999999999999999999}"}) {
    EXPECT_FALSE(Regex::parse(body)) << body;
  }
  EXPECT_TRUE(Regex::parse("a{255}"));
  EXPECT_FALSE(Regex::parse("a{200}b{56}"));
}

// Every optional block shape against a reference that tries all lengths.
TEST(Regex, OptionalBlocksAcrossWordBoundaries) {
  for (std::size_t width = 60; width <= 70; ++width) {
    const std::string body = "^x{" + std::to_string(width) + "}a{0,80}b$";
    const auto regex = Regex::parse(body);
    ASSERT_TRUE(regex);
    for (const std::size_t count : {0UL, 1UL, 63UL, 64UL, 65UL, 80UL}) {
      EXPECT_TRUE(regex->search(std::string(width, 'x') + std::string(count, 'a') + "b")) << count;
    }
    EXPECT_FALSE(regex->search(std::string(width, 'x') + std::string(81, 'a') + "b"));
    EXPECT_FALSE(regex->search(std::string(width - 1, 'x') + "ab"));
  }
}

// A backtracking engine needs 2^n steps here; ours is linear, so the whole megabyte ends.
TEST(Regex, HostileExpressionsStayLinear) {
  std::string body;
  for (int i = 0; i < 100; ++i) body += "a?";
  body += std::string(100, 'a') + "b";
  const auto regex = Regex::parse(body);
  ASSERT_TRUE(regex);
  const std::string text(kEventBytesMax, 'a');
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_FALSE(regex->search(text));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
}

}  // namespace
}  // namespace lapwing::logs
