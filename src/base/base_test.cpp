#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/let_go.hpp"
#include "base/log.hpp"
#include "base/packed.hpp"
#include "base/pays_off.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/testing/captured_log.hpp"

namespace lapwing {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(make_error(ErrorKind::kInvalid, "odd"));
  return n / 2;
}

Result<int> quarter(int n) {
  LAPWING_TRY(const int h, half(n));
  return half(h);
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().message(), "odd");
}

TEST(LetGo, FreesTheMemory) {
  std::string text(1'000, 'x');
  let_go(text);
  EXPECT_EQ(text, "");
  EXPECT_LT(text.capacity(), 100u);
}

TEST(Error, CopiesAreApartAndOneMovedFromIsToldAsABug) {
  Error first = make_error(ErrorKind::kNotFound, "gone").with_field("Name", "x").with_status(404);
  Error second = first;
  second = std::move(second).context("look");
  EXPECT_EQ(first.detail(), "");
  EXPECT_EQ(second.detail(), "look: gone");
  EXPECT_EQ(second.http_status(), 404);
  ASSERT_EQ(second.fields().size(), 1u);
  const Error taken = std::move(first);
  EXPECT_EQ(taken.message(), "gone");
  // NOLINTNEXTLINE(bugprone-use-after-move): what it then answers is promised.
  EXPECT_EQ(first.kind(), ErrorKind::kInternal);
}

TEST(Error, ContextGrowsOnTheWayUpAndStaysInside) {
  Error error = errno_error("mount /proc", EPERM);
  error = std::move(error).context("create sandbox");
  EXPECT_EQ(error.detail(), "create sandbox: mount /proc: Operation not permitted");
  EXPECT_EQ(error.message(), "Internal error");
  EXPECT_EQ(error.kind(), ErrorKind::kDenied);
}

TEST(Random, UuidsAreVersionFourAndDiffer) {
  SeededRandom random(7);
  const std::string a = make_uuid(random);
  const std::string b = make_uuid(random);
  EXPECT_EQ(a.size(), 36u);
  EXPECT_EQ(a[14], '4');
  EXPECT_NE(a, b);
  EXPECT_EQ(random_hex(random, 5).size(), 5u);
}

TEST(Log, WritesOneJsonObjectALineAndEscapes) {
  testing::CapturedLog output;
  const ManualClock clock(wall_from_unix_ms(1'700'000'000'123));
  Logger logger(output, clock, LogLevel::kInfo);
  logger.debug("m", "not written");
  logger.info("m", "a \"b\"\n", {{"n", 3}, {"s", "x"}});
  EXPECT_EQ(output.text(),
            "{\"ts\":\"2023-11-14T22:13:20.123Z\",\"level\":\"info\",\"mod\":\"m\","
            "\"msg\":\"a \\\"b\\\"\\n\",\"n\":\"3\",\"s\":\"x\"}\n");
}

TEST(ManualClock, StepMovesWallTimeOnly) {
  ManualClock clock;
  const MonoTime mono = clock.mono();
  const WallTime wall = clock.wall();
  clock.step_wall(std::chrono::seconds(5));
  EXPECT_EQ(clock.mono(), mono);
  EXPECT_EQ(clock.wall() - wall, std::chrono::seconds(5));
}

TEST(PaysOff, DoneEveryTimeOnlyWhereMostTriesSucceed) {
  const auto tries = [](PaysOff& policy, int chances, bool succeeds) {
    int count = 0;
    for (int i = 0; i < chances; ++i) {
      if (!policy.try_now()) continue;
      ++count;
      policy.note(succeeds);
    }
    return count;
  };
  PaysOff policy;
  EXPECT_EQ(tries(policy, 100, true), 100);
  const int wasted = tries(policy, 1'000, false);
  EXPECT_GT(wasted, 25);  // it goes on trying
  EXPECT_LT(wasted, 45);
  // What failed succeeds again: noticed by the tries.
  tries(policy, 1'000, true);
  EXPECT_EQ(tries(policy, 100, true), 100);
  // Every second one is too few.
  for (int i = 0; i < 100; ++i) {
    if (policy.try_now()) policy.note(i % 2 == 0);
  }
  EXPECT_FALSE(policy.try_now());
}

TEST(Packed, FieldsComeBackAsTheyWentIn) {
  PackedWriter out('2');
  out.text(std::string_view("a\0b", 3));
  out.length(4'000'000'000);
  out.number(UINT64_MAX);
  out.text("");
  const std::string bytes = std::move(out).take();
  PackedReader in(bytes, '2');
  EXPECT_EQ(in.text(), std::string("a\0b", 3));
  EXPECT_EQ(in.length(), 4'000'000'000);
  EXPECT_EQ(in.number(), UINT64_MAX);
  EXPECT_EQ(in.text(), "");
  EXPECT_TRUE(in.at_end() && !in.broken());
  EXPECT_EQ(in.number(), 0U);
  EXPECT_TRUE(in.broken());
}

TEST(Packed, WhatIsCutOrOfAnotherFormatIsBroken) {
  PackedWriter out('1');
  out.text("hello");
  const std::string bytes = std::move(out).take();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    PackedReader in(std::string_view(bytes).substr(0, size), '1');
    EXPECT_EQ(in.text(), "");
    EXPECT_TRUE(in.broken()) << size;
  }
  PackedReader other(bytes, '2');
  EXPECT_EQ(other.text(), "");
  EXPECT_TRUE(other.broken());
}

}  // namespace
}  // namespace lapwing
