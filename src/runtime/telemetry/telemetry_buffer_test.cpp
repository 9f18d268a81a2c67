#include "runtime/telemetry/telemetry_buffer.hpp"

#include <gtest/gtest.h>

namespace lapwing::runtime {
namespace {

using std::chrono::milliseconds;

constexpr MonoTime kStart{std::chrono::seconds(1)};
constexpr TelemetryBuffering kSmall{.items_max = 3, .bytes_max = 100, .timeout = milliseconds(50)};

TEST(TelemetryBuffer, TheOldestEventSetsTheTime) {
  TelemetryBuffer buffer(kSmall);
  EXPECT_EQ(buffer.due(), std::nullopt);
  buffer.add("a", kStart);
  buffer.add("b", kStart + milliseconds(40));
  EXPECT_EQ(buffer.due(), kStart + milliseconds(50));
  EXPECT_EQ(buffer.take(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(buffer.empty());
}

TEST(TelemetryBuffer, AFullBatchIsDueAtOnce) {
  TelemetryBuffer items(kSmall);
  for (const char* event : {"a", "b", "c", "d"}) items.add(event, kStart);
  EXPECT_LE(items.due(), kStart);
  EXPECT_EQ(items.take().size(), 3u);
  EXPECT_EQ(items.due(), kStart + milliseconds(50));

  TelemetryBuffer bytes(kSmall);
  bytes.add(std::string(60, 'x'), kStart);
  bytes.add(std::string(60, 'y'), kStart);
  bytes.add("z", kStart);
  EXPECT_LE(bytes.due(), kStart);
  // The event that fills the batch is in it: a request may exceed bytes_max by one event.
  EXPECT_EQ(bytes.take().size(), 2u);
}

TEST(TelemetryBuffer, FlushedEventsAreDueThoseAfterAreNot) {
  TelemetryBuffer buffer(kSmall);
  buffer.add("a", kStart);
  buffer.flush();
  EXPECT_LE(buffer.due(), kStart);
  buffer.take();
  buffer.add("b", kStart);
  EXPECT_EQ(buffer.due(), kStart + milliseconds(50));
}

TEST(TelemetryBuffer, WhatASlowConsumerDoesNotTakeIsDroppedAndCounted) {
  TelemetryBuffer buffer(kSmall);
  for (int i = 0; i < 1000; ++i) buffer.add("12345", kStart);
  std::size_t kept = 0;
  while (!buffer.empty()) kept += buffer.take().size();
  EXPECT_EQ(kept, 12u);  // four batches
  const auto dropped = buffer.take_dropped();
  EXPECT_EQ(dropped.records, 1000 - kept);
  EXPECT_EQ(dropped.bytes, 5 * (1000 - kept));
  EXPECT_EQ(buffer.take_dropped().records, 0u);
  buffer.add("again", kStart);
  EXPECT_FALSE(buffer.empty());
}

TEST(TelemetryBuffer, LargeEventsAreBoundedByBytes) {
  TelemetryBuffer buffer(kSmall);
  for (int i = 0; i < 100; ++i) buffer.add(std::string(1000, 'x'), kStart);
  EXPECT_EQ(buffer.take_dropped().records, 99u);
}

}  // namespace
}  // namespace lapwing::runtime
