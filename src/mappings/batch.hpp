// Records on their way to a consumer.
//
// Thread-safety: plain values.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "mappings/limits.hpp"
#include "ports/queue_source.hpp"

namespace lapwing::mappings {

class Batch {
 public:
  bool empty() const { return ids_.empty(); }
  std::size_t size() const { return ids_.size(); }
  // As an array of its records.
  std::size_t bytes() const { return bytes_; }
  // Whether it may be taken in: the first always is.
  bool fits(const ports::QueueRecord& record, std::size_t size_max) const {
    return empty() ||
           (ids_.size() < size_max && bytes_ + record.record.size() + kAround <= kEventBytesMax);
  }
  // `until`: how long it is invisible.
  void add(ports::QueueRecord record, MonoTime until) {
    if (empty() || until < until_) until_ = until;
    bytes_ += record.record.size() + 1;
    records_.push_back(std::move(record.record));
    ids_.push_back(std::move(record.id));
    traces_.push_back(std::move(record.trace));
    receipts_.push_back(record.receipt);
  }

  // JSON, each.
  const std::vector<std::string>& records() const { return records_; }
  const std::vector<std::string>& ids() const { return ids_; }
  const std::vector<std::string>& traces() const { return traces_; }
  const std::vector<store::Receipt>& receipts() const { return receipts_; }
  // When the first of its messages comes back.
  MonoTime until() const { return until_; }
  void extended(MonoTime until) { until_ = until; }

 private:
  static constexpr std::size_t kAround = 14;  // what an event has besides its records

  std::vector<std::string> records_;
  std::size_t bytes_ = 0;
  std::vector<std::string> ids_;
  std::vector<std::string> traces_;
  std::vector<store::Receipt> receipts_;
  MonoTime until_{};
};

// "[RECORD,RECORD]".
inline std::string array_of(const std::vector<std::string>& records) {
  std::size_t bytes = 2;
  for (const std::string& each : records) bytes += each.size() + 1;
  std::string out;
  out.reserve(bytes);
  out += '[';
  for (const std::string& each : records) {
    if (out.size() > 1) out += ',';
    out += each;
  }
  return out += ']';
}

}  // namespace lapwing::mappings
