#include "runtime/start/recent_starts.hpp"

#include <stdlib.h>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "os/file.hpp"
#include "runtime/limits.hpp"

namespace lapwing::runtime {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class RecentStartsTest : public ::testing::Test {
 protected:
  RecentStartsTest() {
    char path[] = "/tmp/lapwing-starts-XXXXXX";
    EXPECT_NE(::mkdtemp(path), nullptr);
    directory_ = path;
    begin();
  }
  ~RecentStartsTest() override { EXPECT_TRUE(os::remove_tree(directory_)); }

  // As a server that has come back.
  void begin() { starts_ = std::make_unique<RecentStarts>(file(), clock_); }
  std::string file() const { return directory_ + "/starts"; }
  bool note(const std::string& name, const std::string& version = "$LATEST",
            const char* account = "000000000000") {
    FunctionVersion function;
    function.account = AccountId(account);
    function.region = Region("us-east-1");
    function.name = FunctionName(name);
    function.version = version;
    return starts_->note(function);
  }
  // As its driver.
  bool write_if_due() {
    const auto due = starts_->next_due();
    if (!*due || **due > clock_.mono()) return false;
    EXPECT_TRUE(starts_->run_due());
    return true;
  }
  std::vector<std::string> named() {
    begin();
    std::vector<std::string> out;
    for (const RecentStarts::Start& one : starts_->load()) {
      EXPECT_EQ(one.region.view(), "us-east-1");
      const bool other = one.account.view() != "000000000000";
      out.push_back(fmt::format("{}{}{}:{}", other ? one.account.view() : "", other ? "/" : "",
                                one.name.view(), one.version));
    }
    return out;
  }

  using Names = std::vector<std::string>;
  ManualClock clock_;
  std::string directory_;
  std::unique_ptr<RecentStarts> starts_;
};

TEST_F(RecentStartsTest, NamesTheLastStartedFirst) {
  EXPECT_EQ(named(), Names{});
  EXPECT_TRUE(note("a"));
  EXPECT_FALSE(note("b", "7"));  // it will be written anyway
  note("a");
  EXPECT_FALSE(write_if_due());
  clock_.advance(kRecentStartsSettle);
  EXPECT_TRUE(write_if_due());
  EXPECT_EQ(named(), (Names{"a:$LATEST", "b:7"}));
}

TEST_F(RecentStartsTest, IsNotWrittenWhenItNamesTheSame) {
  note("a");
  note("b");
  ASSERT_TRUE(starts_->write());
  clock_.advance(seconds(60));
  EXPECT_FALSE(note("a"));
  EXPECT_FALSE(write_if_due());
  // Nor by a server that has read it.
  named();
  EXPECT_FALSE(note("a"));
  EXPECT_FALSE(write_if_due());
}

TEST_F(RecentStartsTest, IsWrittenSeldom) {
  note("a");
  clock_.advance(kRecentStartsSettle);
  EXPECT_TRUE(write_if_due());
  EXPECT_TRUE(note("b"));
  clock_.advance(kRecentStartsEvery - milliseconds(1));
  EXPECT_FALSE(write_if_due());
  clock_.advance(milliseconds(1));
  EXPECT_TRUE(write_if_due());
}

TEST_F(RecentStartsTest, NamesNoMoreThanItsLimit) {
  for (std::size_t i = 0; i < kRecentStartsMax + 10; ++i) note(fmt::format("f{}", i));
  ASSERT_TRUE(starts_->write());
  const Names names = named();
  ASSERT_EQ(names.size(), kRecentStartsMax);
  EXPECT_EQ(names.front(), fmt::format("f{}:$LATEST", kRecentStartsMax + 9));
  EXPECT_EQ(names.back(), "f10:$LATEST");
}

TEST_F(RecentStartsTest, OneAccountDoesNotTakeWhatAnotherHas) {
  note("modest", "$LATEST", "111111111111");
  for (std::size_t i = 0; i < 2 * kRecentStartsMax; ++i) note(fmt::format("f{}", i));
  ASSERT_TRUE(starts_->write());
  const Names names = named();
  ASSERT_EQ(names.size(), kRecentStartsMax);
  EXPECT_EQ(names.front(), fmt::format("f{}:$LATEST", 2 * kRecentStartsMax - 1));
  EXPECT_EQ(names.back(), "111111111111/modest:$LATEST");
}

TEST_F(RecentStartsTest, ALimitFullOfTheLongestNamesCanBeReadBack) {
  for (std::size_t i = 0; i < kRecentStartsMax; ++i) {
    note(fmt::format("{:0>64}", i), "18446744073709551615");
  }
  ASSERT_TRUE(starts_->write());
  EXPECT_EQ(named().size(), kRecentStartsMax);
}

TEST_F(RecentStartsTest, WhatMakesNoSenseNamesNothing) {
  for (const char* text :
       {"", "something else\n", "lapwing starts 2\n000000000000 us-east-1 f 1\n",
        "lapwing starts 1\n000000000000 us-east-1 f\n000000000000 us-east-1 f 1 2\n  \n\n",
        "lapwing starts 1\n000000000000 us-east-1 cut 1"}) {
    ASSERT_TRUE(os::write_atomically(file(), text));
    EXPECT_EQ(named(), Names{}) << text;
  }
  ASSERT_TRUE(os::write_atomically(file(), std::string(kRecentStartsBytesMax + 1, 'x')));
  EXPECT_EQ(named(), Names{});
  ASSERT_TRUE(os::write_atomically(file(), "lapwing starts 1\nx\n000000000000 us-east-1 f 1\n"));
  EXPECT_EQ(named(), Names{"f:1"});
}

}  // namespace
}  // namespace lapwing::runtime
