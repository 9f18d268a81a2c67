#include "mappings/shard_work.hpp"

#include <iterator>

#include "mappings/limits.hpp"

namespace lapwing::mappings {

std::string_view to_string(GiveUp why) {
  switch (why) {
    case GiveUp::kRetriesExhausted:
      return "RetryAttemptsExhausted";
    case GiveUp::kTooOld:
      return "RecordAgeExceeded";
    case GiveUp::kTooLarge:
      return "MaximumPayloadSizeExceeded";
  }
  return "RetryAttemptsExhausted";
}

void ShardWork::put(std::vector<StreamRecord> batch) {
  if (!batch.empty()) chunks_.push_back({std::move(batch)});
}

// The first records of the first chunk are dealt with.
void ShardWork::pass(std::size_t count) {
  std::vector<StreamRecord>& records = chunks_.front().records;
  checkpoint_ = records[count - 1].sequence;
  for (std::size_t i = 0; i < count; ++i) passed_.push_back(records[i].place);
  records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(count));
  if (records.empty()) chunks_.pop_front();
}

void ShardWork::give_up(GiveUp why, std::size_t count) {
  Chunk& chunk = chunks_.front();
  const auto end = chunk.records.begin() + static_cast<std::ptrdiff_t>(count);
  given_up_.push_back({why, {chunk.records.begin(), end}, chunk.attempts});
  pass(count);
}

// How many of the first chunk's first records are too old.
std::size_t ShardWork::too_old(std::int64_t now_ms) const {
  if (!rules_.age_max) return 0;
  const std::int64_t most_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(*rules_.age_max).count();
  std::size_t out = 0;
  for (const StreamRecord& each : chunks_.front().records) {
    if (now_ms - each.arrived_ms <= most_ms) break;
    ++out;
  }
  return out;
}

const Chunk* ShardWork::next(std::int64_t now_ms) {
  while (!chunks_.empty()) {
    if (const std::size_t old = too_old(now_ms); old > 0) {
      give_up(GiveUp::kTooOld, old);
      continue;
    }
    const std::vector<StreamRecord>& records = chunks_.front().records;
    if (records.front().record.size() <= kEventBytesMax - kAroundRecords) break;
    give_up(GiveUp::kTooLarge, 1);
  }
  return chunks_.empty() ? nullptr : &chunks_.front();
}

void ShardWork::done() { pass(chunks_.front().records.size()); }

bool ShardWork::failed() {
  Chunk& chunk = chunks_.front();
  const std::size_t size = chunk.records.size();
  if (!rules_.bisect || size == 1) return failed_whole();
  ++chunk.attempts;
  Chunk rest{{}, chunk.failures, chunk.attempts};
  const auto middle = chunk.records.begin() + static_cast<std::ptrdiff_t>(size / 2);
  rest.records.assign(std::make_move_iterator(middle),
                      std::make_move_iterator(chunk.records.end()));
  chunk.records.erase(middle, chunk.records.end());
  chunks_.insert(chunks_.begin() + 1, std::move(rest));
  return false;
}

bool ShardWork::failed_whole() {
  Chunk& chunk = chunks_.front();
  ++chunk.attempts;
  ++chunk.failures;
  if (!rules_.retries || chunk.failures <= *rules_.retries) return true;
  give_up(GiveUp::kRetriesExhausted, chunk.records.size());
  return false;
}

bool ShardWork::failed_from(std::size_t index) {
  if (index == 0 || index >= chunks_.front().records.size()) return failed();
  pass(index);
  if (!rules_.bisect) return failed_whole();
  ++chunks_.front().attempts;  // it was split there
  return false;
}

}  // namespace lapwing::mappings
