#include "mappings/shard_work.hpp"

#include <iterator>

namespace lapwing::mappings {

std::string_view to_string(GiveUp why) {
  return why == GiveUp::kTooOld ? "RecordAgeExceeded" : "RetryAttemptsExhausted";
}

void ShardWork::put(std::vector<StreamRecord> batch) {
  if (!batch.empty()) chunks_.push_back({std::move(batch)});
}

// The first records of the first chunk are dealt with.
void ShardWork::pass(std::size_t count) {
  std::vector<StreamRecord>& records = chunks_.front().records;
  checkpoint_ = records[count - 1].sequence;
  records.erase(records.begin(), records.begin() + static_cast<std::ptrdiff_t>(count));
  if (records.empty()) chunks_.pop_front();
}

void ShardWork::give_up(GiveUp why, std::size_t count) {
  Chunk& chunk = chunks_.front();
  const auto end = chunk.records.begin() + static_cast<std::ptrdiff_t>(count);
  given_up_.push_back({why, {chunk.records.begin(), end}, chunk.attempts});
  pass(count);
}

const Chunk* ShardWork::next(std::int64_t now_ms) {
  while (!chunks_.empty() && rules_.age_max) {
    const std::int64_t most_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(*rules_.age_max).count();
    std::size_t old = 0;
    for (const StreamRecord& each : chunks_.front().records) {
      if (now_ms - each.arrived_ms <= most_ms) break;
      ++old;
    }
    if (old == 0) break;
    give_up(GiveUp::kTooOld, old);
  }
  return chunks_.empty() ? nullptr : &chunks_.front();
}

void ShardWork::done() { pass(chunks_.front().records.size()); }

void ShardWork::failed() {
  Chunk& chunk = chunks_.front();
  ++chunk.attempts;
  const std::size_t size = chunk.records.size();
  if (rules_.bisect && size > 1) {
    Chunk rest{{}, chunk.failures, chunk.attempts};
    const auto middle = chunk.records.begin() + static_cast<std::ptrdiff_t>(size / 2);
    rest.records.assign(std::make_move_iterator(middle),
                        std::make_move_iterator(chunk.records.end()));
    chunk.records.erase(middle, chunk.records.end());
    chunks_.insert(chunks_.begin() + 1, std::move(rest));
    return;
  }
  ++chunk.failures;
  if (rules_.retries && chunk.failures > *rules_.retries) {
    give_up(GiveUp::kRetriesExhausted, size);
  }
}

void ShardWork::failed_from(std::size_t index) {
  if (index == 0 || index >= chunks_.front().records.size()) return failed();
  pass(index);
  Chunk& chunk = chunks_.front();
  ++chunk.attempts;
  if (rules_.bisect) return;  // it was split there
  ++chunk.failures;
  if (rules_.retries && chunk.failures > *rules_.retries) {
    give_up(GiveUp::kRetriesExhausted, chunk.records.size());
  }
}

}  // namespace lapwing::mappings
