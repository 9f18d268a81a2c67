#include "services/logs/chunk.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "services/logs/limits.hpp"

namespace lapwing::logs {
namespace {

constexpr char kFormat = 1;
constexpr char kChainedFormat = 2;
constexpr std::size_t kHeaderBytes = 1 + 4 + 3 * 8;
constexpr std::size_t kEventBytes = 8;

// x86-64 and AArch64 are little-endian, as the format is.
template <class T>
void put(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}
template <class T>
T take(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

bool ChunkBuilder::accepts(std::int64_t time_ms, std::size_t message_bytes,
                           std::string_view chain) const {
  if (count_ == 0) return true;
  if (chain != chain_) return false;
  if (data_.size() + kEventBytes + message_bytes > kChunkBytesMax) return false;
  return std::max(time_ms, newest_ms_) - std::min(time_ms, oldest_ms_) <= kChunkSpanMsMax;
}

void ChunkBuilder::add(std::int64_t time_ms, std::string_view message, std::int64_t ingestion_ms,
                       std::string_view chain) {
  if (count_ == 0) {
    data_.assign(kHeaderBytes, '\0');
    chain_.assign(chain);
    if (!chain.empty()) {
      char length[sizeof(std::uint16_t)];
      put(length, static_cast<std::uint16_t>(chain.size()));
      data_.append(length, sizeof length);
      data_.append(chain);
    }
    base_ms_ = time_ms - kChunkSpanMsMax;  // later ones may be older by up to the span
    oldest_ms_ = newest_ms_ = time_ms;
    ingestion_ms_ = ingestion_ms;
  }
  oldest_ms_ = std::min(oldest_ms_, time_ms);
  newest_ms_ = std::max(newest_ms_, time_ms);
  char head[kEventBytes];
  put(head, static_cast<std::uint32_t>(time_ms - base_ms_));
  put(head + 4, static_cast<std::uint32_t>(message.size()));
  data_.append(head, kEventBytes);
  data_.append(message);
  ++count_;
}

ChunkBuilder::Finished ChunkBuilder::finish() {
  char* at = data_.data();
  at[0] = chain_.empty() ? kFormat : kChainedFormat;
  put(at + 1, count_);
  put(at + 5, base_ms_);
  put(at + 13, newest_ms_);
  put(at + 21, ingestion_ms_);
  Finished finished{newest_ms_, std::exchange(data_, {})};
  count_ = 0;
  return finished;
}

Result<ChunkHeader> read_chunk_header(std::string_view data) {
  if (data.size() < kHeaderBytes || (data[0] != kFormat && data[0] != kChainedFormat))
    return fail(internal_error("log chunk: unknown format"));
  ChunkHeader header{take<std::uint32_t>(data.data() + 1),
                     take<std::int64_t>(data.data() + 5),
                     take<std::int64_t>(data.data() + 13),
                     take<std::int64_t>(data.data() + 21),
                     {},
                     kHeaderBytes};
  if (data[0] == kFormat) return header;
  constexpr std::size_t kLengthBytes = sizeof(std::uint16_t);
  const std::string_view rest = data.substr(kHeaderBytes);
  if (rest.size() < kLengthBytes) return fail(internal_error("log chunk: cut short"));
  const std::size_t length = take<std::uint16_t>(rest.data());
  if (rest.size() - kLengthBytes < length) return fail(internal_error("log chunk: cut short"));
  header.chain = rest.substr(kLengthBytes, length);
  header.events_at += kLengthBytes + length;
  return header;
}

Result<std::vector<ChunkEvent>> read_chunk(std::string_view data) {
  LAPWING_TRY(const ChunkHeader header, read_chunk_header(data));
  std::vector<ChunkEvent> events;
  events.reserve(std::min<std::size_t>(header.count, data.size() / kEventBytes));
  std::size_t at = header.events_at;
  for (std::uint32_t i = 0; i < header.count; ++i) {
    if (data.size() - at < kEventBytes) return fail(internal_error("log chunk: cut short"));
    const auto offset = take<std::uint32_t>(data.data() + at);
    const auto length = take<std::uint32_t>(data.data() + at + 4);
    at += kEventBytes;
    if (data.size() - at < length) return fail(internal_error("log chunk: cut short"));
    events.push_back({header.base_ms + offset, data.substr(at, length)});
    at += length;
  }
  return events;
}

}  // namespace lapwing::logs
