// The records of one shard that were read and are not done, in the order they were read: how far
// all is done without a gap.
//
//   place = records.add(sequence, bytes);      // read
//   records.done(place);                       // in any order
//   records.sequence();                        // up to it all is done
//
// Thread-safety: one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

namespace lapwing::mappings {

class ShardRecords {
 public:
  explicit ShardRecords(std::string sequence) : sequence_(std::move(sequence)) {}

  std::uint64_t add(std::string sequence, std::size_t bytes) {
    bytes_ += bytes;
    last_ = sequence;
    records_.push_back({std::move(sequence), bytes, false});
    return first_ + records_.size() - 1;
  }
  // Answers how many bytes it took; of one that is done already none.
  std::size_t done(std::uint64_t place) {
    if (place < first_ || place >= first_ + records_.size()) return 0;
    Entry& entry = records_[place - first_];
    if (entry.done) return 0;
    entry.done = true;
    const std::size_t bytes = entry.bytes;
    bytes_ -= bytes;
    while (!records_.empty() && records_.front().done) {
      sequence_ = std::move(records_.front().sequence);
      records_.pop_front();
      ++first_;
    }
    return bytes;
  }
  // All that is not done is left out, and read again.
  std::size_t clear() {
    first_ += records_.size();
    records_.clear();
    last_.clear();
    return std::exchange(bytes_, 0);
  }
  // The first that is not done; empty where none is held.
  std::string_view first() const {
    return records_.empty() ? std::string_view() : records_.front().sequence;
  }
  const std::string& sequence() const { return sequence_; }
  // Behind which reading goes on.
  const std::string& last_read() const { return last_.empty() ? sequence_ : last_; }
  std::size_t held() const { return records_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Entry {
    std::string sequence;
    std::size_t bytes = 0;
    bool done = false;
  };

  std::deque<Entry> records_;
  std::uint64_t first_ = 0;  // the place of the first of them
  std::size_t bytes_ = 0;
  std::string sequence_;
  std::string last_;
};

}  // namespace lapwing::mappings
