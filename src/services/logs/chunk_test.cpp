#include "services/logs/chunk.hpp"

#include <gtest/gtest.h>

#include "services/logs/limits.hpp"

namespace lapwing::logs {
namespace {

TEST(Chunk, KeepsEventsInOrderWithTheirTimes) {
  ChunkBuilder builder;
  builder.add(1000, "first", 1500);
  builder.add(1100, "", 1500);
  builder.add(1000, std::string("nul\0in", 6), 1500);
  const auto finished = builder.finish();
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(finished.newest_ms, 1100);
  const auto header = read_chunk_header(finished.data);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->count, 3u);
  EXPECT_EQ(header->ingestion_ms, 1500);
  const auto events = read_chunk(finished.data);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[0].message, "first");
  EXPECT_EQ((*events)[1].time_ms, 1100);
  EXPECT_EQ((*events)[2].time_ms, 1000);
  EXPECT_EQ((*events)[2].message, std::string_view("nul\0in", 6));
}

TEST(Chunk, EndsAtItsSpanInBothDirections) {
  ChunkBuilder builder;
  builder.add(1000, "x", 0);
  EXPECT_TRUE(builder.accepts(1000 + kChunkSpanMsMax, 1));
  EXPECT_FALSE(builder.accepts(1000 + kChunkSpanMsMax + 1, 1));
  EXPECT_TRUE(builder.accepts(1000 - kChunkSpanMsMax, 1));
  EXPECT_FALSE(builder.accepts(1000 - kChunkSpanMsMax - 1, 1));
  builder.add(1000 - kChunkSpanMsMax, "older", 0);
  EXPECT_FALSE(builder.accepts(1001, 1));
  const auto finished = builder.finish();
  EXPECT_EQ(finished.newest_ms, 1000);
  EXPECT_EQ((*read_chunk(finished.data))[1].time_ms, 1000 - kChunkSpanMsMax);
}

TEST(Chunk, EndsAtItsSizeButTakesOneEventOfAnySize) {
  ChunkBuilder builder;
  EXPECT_TRUE(builder.accepts(1, kEventBytesMax));
  builder.add(1, std::string(kChunkBytesMax - 100, 'x'), 0);
  EXPECT_FALSE(builder.accepts(1, 100));
  EXPECT_TRUE(builder.accepts(1, 10));
}

TEST(Chunk, DamageIsAnError) {
  ChunkBuilder builder;
  builder.add(1000, "some message", 0);
  const std::string data = builder.finish().data;
  for (std::size_t size = 0; size < data.size(); ++size)
    EXPECT_FALSE(read_chunk(std::string_view(data).substr(0, size))) << size;
  std::string other = data;
  other[0] = 9;
  EXPECT_FALSE(read_chunk(other));
  other = data;
  other[1] = '\x7f';  // more events than there are
  other[4] = '\x7f';
  EXPECT_FALSE(read_chunk(other));
}

TEST(Chunk, KeepsTheChainOfItsEvents) {
  ChunkBuilder builder;
  builder.add(1000, "one", 1, "chain");
  EXPECT_FALSE(builder.accepts(1000, 3));
  EXPECT_FALSE(builder.accepts(1000, 3, "other"));
  ASSERT_TRUE(builder.accepts(1001, 3, "chain"));
  builder.add(1001, "two", 1, "chain");
  const std::string data = builder.finish().data;
  const auto header = read_chunk_header(data);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->chain, "chain");
  const auto events = read_chunk(data);
  ASSERT_TRUE(events && events->size() == 2);
  EXPECT_EQ((*events)[0].time_ms, 1000);
  EXPECT_EQ((*events)[1].message, "two");
  builder.add(1000, "three", 1);
  const std::string plain = builder.finish().data;
  EXPECT_EQ(read_chunk_header(plain)->chain, "");
  for (std::size_t cut = 0; cut < data.size(); ++cut) {
    EXPECT_FALSE(read_chunk(std::string_view(data).substr(0, cut))) << cut;
  }
}

}  // namespace
}  // namespace lapwing::logs
