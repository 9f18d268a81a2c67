// Events as they are stored: a chunk of them is one record of store::Log. A chunk holds
// events in the order they came in, at most kChunkBytesMax of them and at most
// kChunkSpanMsMax apart in time, and carries the time of its newest event: so events of a
// later chunk are never older than that time less the span, and a reader can put them in
// order while holding little.
//
// Format 1, little-endian: u8 format, u32 count, i64 base, i64 newest, i64 ingestion time
// (ms), then per event: u32 milliseconds after base, u32 length, message. Format 2 has the chain of
// events that caused all of them (following/chain.hpp) before the first: u16 length, text.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace lapwing::logs {

inline constexpr std::int64_t kChunkSpanMsMax = 100;

class ChunkBuilder {
 public:
  bool empty() const { return count_ == 0; }
  std::size_t bytes() const { return data_.size(); }
  // Whether the event may join; an empty chunk takes any.
  bool accepts(std::int64_t time_ms, std::size_t message_bytes, std::string_view chain = {}) const;
  // `chain`, at most kChainBytesMax, counts for a chunk's first event.
  void add(std::int64_t time_ms, std::string_view message, std::int64_t ingestion_ms,
           std::string_view chain = {});

  struct Finished {
    std::int64_t newest_ms = 0;
    std::string data;
  };
  Finished finish();  // leaves an empty builder

 private:
  std::string data_;
  std::uint32_t count_ = 0;
  std::int64_t base_ms_ = 0;  // times are stored relative to this
  std::int64_t oldest_ms_ = 0;
  std::int64_t newest_ms_ = 0;
  std::int64_t ingestion_ms_ = 0;
  std::string chain_;
};

struct ChunkEvent {
  std::int64_t time_ms = 0;
  std::string_view message;  // into the chunk
};

struct ChunkHeader {
  std::uint32_t count = 0;
  std::int64_t base_ms = 0;  // no event is older
  std::int64_t newest_ms = 0;
  std::int64_t ingestion_ms = 0;
  std::string_view chain;     // into the chunk
  std::size_t events_at = 0;  // where they begin
};

Result<ChunkHeader> read_chunk_header(std::string_view data);
// The events, in order; kInternal when the bytes are not a chunk.
Result<std::vector<ChunkEvent>> read_chunk(std::string_view data);

}  // namespace lapwing::logs
