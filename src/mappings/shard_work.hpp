// The records of one shard that were read and are not done: what is handed over next, and what
// becomes of it. Records of a shard are done in their order, so one that fails holds up what is
// behind it, until it succeeds or is given up.
//
//   ShardWork work(rules);
//   work.put(records);                              // a batch, behind what is there
//   while (const auto* chunk = work.next(now_ms)) ...
//     work.done();  work.failed();  work.failed_from(index);
//   work.take_given_up();                           // tell its on-failure destination
//   work.take_passed();                             // the places of what is dealt with
//
// Facts: Lambda developer guide, "Retaining discarded batch records", "Configuring partial batch
// response"; recorded runs. A split counts as no retry.
//
// Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace lapwing::mappings {

struct StreamRecord {
  std::string sequence;
  std::int64_t arrived_ms = 0;  // since the epoch
  std::string record;           // JSON, as one of the event's "Records"
  std::uint64_t place = 0;      // the reader's number of it, rising
};

struct StreamRules {
  std::optional<std::uint32_t> retries = std::nullopt;  // none: until they are too old
  std::optional<Duration> age_max = std::nullopt;       // none: as long as the stream keeps them
  bool bisect = false;                                  // BisectBatchOnFunctionError
};

// Records that are handed over together.
struct Chunk {
  std::vector<StreamRecord> records;
  std::uint32_t failures = 0;  // those that count
  std::uint32_t attempts = 0;  // all that were made of it and of what it was split from
};

enum class GiveUp : std::uint8_t { kRetriesExhausted, kTooOld, kTooLarge };
// "RetryAttemptsExhausted", "RecordAgeExceeded", "MaximumPayloadSizeExceeded": the record's
// condition.
std::string_view to_string(GiveUp why);

struct GivenUp {
  GiveUp why = GiveUp::kRetriesExhausted;
  std::vector<StreamRecord> records;
  std::uint32_t attempts = 0;
};

class ShardWork {
 public:
  explicit ShardWork(const StreamRules& rules) : rules_(rules) {}

  // From now on.
  void set_rules(const StreamRules& rules) { rules_ = rules; }
  void put(std::vector<StreamRecord> batch);
  // What is to be handed over; null: nothing is left. What is too old by now, or alone larger than
  // an event, is given up before.
  const Chunk* next(std::int64_t now_ms);
  // Of what next() answered last. `index`: of the first record that failed. Whether the same is
  // tried again; else it was split, or given up.
  void done();
  bool failed();
  bool failed_from(std::size_t index);

  std::vector<GivenUp> take_given_up() { return std::exchange(given_up_, {}); }
  std::vector<std::uint64_t> take_passed() { return std::exchange(passed_, {}); }
  // Everything up to this sequence number is done or given up; empty: nothing yet.
  const std::string& checkpoint() const { return checkpoint_; }
  bool empty() const { return chunks_.empty(); }

 private:
  void pass(std::size_t count);  // of the first chunk's records
  bool failed_whole();
  std::size_t too_old(std::int64_t now_ms) const;
  void give_up(GiveUp why, std::size_t count);

  StreamRules rules_;
  std::deque<Chunk> chunks_;
  std::vector<GivenUp> given_up_;
  std::vector<std::uint64_t> passed_;
  std::string checkpoint_;
};

}  // namespace lapwing::mappings
