#include "delivery/packing.hpp"

#include <gtest/gtest.h>

#include "delivery/limits.hpp"

namespace lapwing::delivery {
namespace {

Posting sample() {
  return {.id = "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
          .event = std::string("any\0bytes\xff", 10),
          .addressees = {"arn:aws:sns:eu-west-1:1:t:a", "b"},
          .group = "g",
          .trace = "Root=1-2-3",
          .accepted_ms = 1'700'000'000'123};
}

TEST(PackingTest, APostingComesBackAsItWas) {
  const Posting posting = sample();
  const auto back = unpack_posting(pack(posting));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, posting.id);
  EXPECT_EQ(back->event, posting.event);
  EXPECT_EQ(back->addressees, posting.addressees);
  EXPECT_EQ(back->group, posting.group);
  EXPECT_EQ(back->trace, posting.trace);
  EXPECT_EQ(back->accepted_ms, posting.accepted_ms);
}

TEST(PackingTest, WhatWaitsComesBackWithItsFailure) {
  const Failure failure{.why = Why::kTooOld,
                        .last = {.kind = ports::Delivered::Kind::kLater,
                                 .code = "503",
                                 .message = "busy",
                                 .answer = "<html>"},
                        .attempts = 7};
  const auto back = unpack_waiting(pack_waiting(sample(), "b", 3, &failure, 42));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->posting.addressees, (std::vector<std::string>{"b"}));
  EXPECT_EQ(back->posting.event, sample().event);
  EXPECT_EQ(back->attempts, 3u);
  EXPECT_EQ(back->died_ms, 42);
  ASSERT_TRUE(back->failure);
  EXPECT_EQ(back->failure->why, Why::kTooOld);
  EXPECT_EQ(back->failure->last.kind, ports::Delivered::Kind::kLater);
  EXPECT_EQ(back->failure->last.code, "503");
  EXPECT_EQ(back->failure->last.message, "busy");
  EXPECT_EQ(back->failure->last.answer, "<html>");
  EXPECT_EQ(back->failure->attempts, 7u);
  EXPECT_FALSE(unpack_waiting(pack_waiting(sample(), "b", 0))->failure);
}

TEST(PackingTest, WhateverIsCutOffOrAddedIsRefused) {
  const Failure failure{};
  const std::string posting = pack(sample());
  const std::string waiting = pack_waiting(sample(), "b", 1, &failure, 1);
  for (std::size_t size = 0; size < posting.size(); ++size) {
    EXPECT_FALSE(unpack_posting(std::string_view(posting).substr(0, size))) << size;
  }
  for (std::size_t size = 0; size < waiting.size(); ++size) {
    EXPECT_FALSE(unpack_waiting(std::string_view(waiting).substr(0, size))) << size;
  }
  EXPECT_FALSE(unpack_posting(posting + "x"));
  EXPECT_FALSE(unpack_waiting(waiting + "x"));
  std::string newer = posting;
  newer[0] = 2;
  EXPECT_FALSE(unpack_posting(newer));
}

// The largest posting still fits into a queue when it waits with its last failure.
TEST(PackingTest, TextsOfAFailureAreCut) {
  Posting largest = sample();
  largest.addressees = {std::string(kAddresseeBytesMax, 'a')};
  largest.group = std::string(kGroupBytesMax, 'g');
  largest.event.resize(kPostingBytesMax - pack(largest).size() + largest.event.size());
  ASSERT_EQ(pack(largest).size(), kPostingBytesMax);
  const std::string long_text(1'000'000, 'x');
  const Failure failure{.last = {.code = long_text, .message = long_text, .answer = long_text}};
  const std::string packed = pack_waiting(largest, largest.addressees[0], 1, &failure, 1);
  EXPECT_LE(packed.size(), store::kMaxMessageBytes);
  EXPECT_EQ(unpack_waiting(packed)->failure->last.answer.size(), kFailureTextMax);
  // Between characters.
  Failure umlauts;
  umlauts.last.message = "a";
  for (int i = 0; i < 1000; ++i) umlauts.last.message += "\u00e4";
  const auto back = unpack_waiting(pack_waiting(sample(), "b", 1, &umlauts, 1));
  EXPECT_EQ(back->failure->last.message, umlauts.last.message.substr(0, kFailureTextMax - 1));
}

}  // namespace
}  // namespace lapwing::delivery
