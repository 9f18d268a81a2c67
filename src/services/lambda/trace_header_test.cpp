#include "services/lambda/trace_header.hpp"

#include <regex.h>

#include <gtest/gtest.h>

#include "services/lambda/limits.hpp"

namespace lapwing::lambda {
namespace {

constexpr std::string_view kArn = "arn:aws:lambda:us-east-1:000000000000:function:hello";
constexpr std::string_view kRoot = "1-5759e988-bd862e3fe1be46a994272793";

class TraceHeader : public ::testing::Test {
 protected:
  std::string complete(std::string_view sent, bool active = false) {
    return complete_trace_header(sent, {kArn, active}, wall_from_unix_ms(1'771'716'361'000),
                                 random_);
  }
  static bool matches(const std::string& text, const char* pattern) {
    regex_t compiled;
    EXPECT_EQ(::regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0) << pattern;
    const bool found = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
    ::regfree(&compiled);
    return found;
  }

  std::string own_hash() {
    const std::string made = complete("");
    return made.substr(made.find("Lineage=1:") + 10, 8);
  }
  static std::string root_field() { return "Root=" + std::string(kRoot); }

  SeededRandom random_{7};
};

TEST_F(TraceHeader, IsMadeWhereNoneIsSent) {
  const std::string made = complete("");
  EXPECT_TRUE(matches(made,
                      "^Root=1-699a3f09-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0;"
                      "Lineage=1:[0-9a-f]{8}:0$"))
      << made;
  const std::string other = complete("");
  EXPECT_NE(made.substr(0, 40), other.substr(0, 40));
  EXPECT_EQ(made.substr(made.find("Lineage")), other.substr(other.find("Lineage")));
}

TEST_F(TraceHeader, ActiveSamples) {
  EXPECT_TRUE(complete("", true).contains(";Sampled=1;")) << complete("", true);
  const std::string root_only = complete(root_field(), true);
  EXPECT_TRUE(root_only.starts_with(root_field() + ";Parent=")) << root_only;
  EXPECT_TRUE(root_only.contains(";Sampled=1;")) << root_only;
}

TEST_F(TraceHeader, WhatIsSentGoesOn) {
  const std::string fields =
      root_field() + ";Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:2";
  const std::string own = own_hash();
  EXPECT_EQ(complete(fields), fields + "|" + own + ":0");
  EXPECT_EQ(
      complete(root_field() + "; Parent=53995c3f42cd8ad8; Sampled=0;Lineage=a87bd80c:1|68fd:5"),
      root_field() + ";Parent=53995c3f42cd8ad8;Sampled=0;Lineage=1:a87bd80c:1|68fd:5|" + own +
          ":0");
}

TEST_F(TraceHeader, ARunOfAChainIsCounted) {
  std::string header = complete("");
  EXPECT_EQ(runs_in_chain(header, kArn), 1U);
  EXPECT_EQ(runs_in_chain(header, "another"), 0U);
  EXPECT_EQ(runs_in_chain("", kArn), 0U);
  for (std::uint32_t run = 2; run <= kLoopsMax + 1; ++run) {
    header = complete(header);
    EXPECT_EQ(runs_in_chain(header, kArn), run);
  }
  // Others of the chain do not push out who is in a loop, nor grow without end.
  for (int i = 0; i < 50; ++i) {
    header = complete_trace_header(header, {"function-" + std::to_string(i), false},
                                   wall_from_unix_ms(1'771'716'361'000), random_);
  }
  EXPECT_EQ(runs_in_chain(header, kArn), kLoopsMax + 1);
  EXPECT_LT(header.size(), 300U);
}

TEST_F(TraceHeader, AStrangeLineageIsReadAsFarAsItGoes) {
  for (const std::string_view sent :
       {"|||", ":::", "1:", "1:abc", "99999999999999999999:1", "a:b:c"}) {
    const std::string made = complete(root_field() + ";Lineage=" + std::string(sent));
    EXPECT_TRUE(made.contains(own_hash() + ":0")) << sent << " " << made;
    EXPECT_EQ(runs_in_chain(made, kArn), 1U) << sent;
  }
}

TEST_F(TraceHeader, WhatIsMissingIsAdded) {
  const std::string completed = complete(root_field());
  EXPECT_TRUE(completed.starts_with(root_field() + ";Parent=")) << completed;
  EXPECT_TRUE(completed.contains(";Sampled=0;Lineage=1:")) << completed;
  // The caller leaves the decision to those who come after it.
  const std::string open = complete("Sampled=?;" + root_field() + ";Self=1-2-3;Parent=short");
  EXPECT_TRUE(matches(open, "^Root=1-[0-9a-f-]{33};Parent=[0-9a-f]{16};Sampled=0;Lineage=1:"))
      << open;
}

TEST_F(TraceHeader, ActiveHasASegmentOfItsOwn) {
  const std::string sent = root_field() + ";Parent=53995c3f42cd8ad8;Sampled=1";
  const std::string active = complete(sent, true);
  EXPECT_TRUE(active.contains(";Sampled=1;")) << active;
  EXPECT_FALSE(active.contains("53995c3f42cd8ad8")) << active;
  // A caller that does not sample is not overruled.
  EXPECT_TRUE(complete(root_field() + ";Parent=53995c3f42cd8ad8;Sampled=0", true)
                  .starts_with(root_field() + ";Parent=53995c3f42cd8ad8;Sampled=0;"));
}

TEST_F(TraceHeader, WhatIsNoTraceCountsAsNone) {
  const std::string endless = root_field() + ";Lineage=" + std::string(kMaxTraceHeaderBytes, 'a');
  for (const std::string& sent :
       {std::string("Root=1"), std::string(";;=;Root"), std::string("Root=1-5759e988-xyz"),
        std::string("root"), endless, "Parent=53995c3f42cd8ad8;Sampled=1" + std::string()}) {
    const std::string made = complete(sent);
    EXPECT_TRUE(made.starts_with("Root=1-699a3f09-")) << sent << " " << made;
    EXPECT_TRUE(made.contains(";Sampled=0;")) << sent << " " << made;
  }
}

}  // namespace
}  // namespace lapwing::lambda
