#include "runtime/telemetry/telemetry_buffer.hpp"

#include <algorithm>

#include "runtime/limits.hpp"

namespace lapwing::runtime {

void TelemetryBuffer::add(std::string event, MonoTime now) {
  if (events_.size() >= kTelemetryBacklogBatches * limits_.items_max ||
      bytes_ >= kTelemetryBacklogBatches * limits_.bytes_max) {
    ++dropped_.records;
    dropped_.bytes += event.size();
    return;
  }
  bytes_ += event.size();
  events_.push_back({std::move(event), now});
}

std::optional<MonoTime> TelemetryBuffer::due() const {
  if (events_.empty()) return std::nullopt;
  const bool full = events_.size() >= limits_.items_max || bytes_ >= limits_.bytes_max;
  if (full || flushed_ > 0) return MonoTime::min();
  return events_.front().at + limits_.timeout;
}

void TelemetryBuffer::flush() { flushed_ = events_.size(); }

std::vector<std::string> TelemetryBuffer::take() {
  std::vector<std::string> batch;
  std::size_t bytes = 0;
  while (!events_.empty() && batch.size() < limits_.items_max && bytes < limits_.bytes_max) {
    bytes += events_.front().json.size();
    batch.push_back(std::move(events_.front().json));
    events_.pop_front();
  }
  bytes_ -= bytes;
  flushed_ -= std::min(flushed_, batch.size());
  return batch;
}

TelemetryBuffer::Dropped TelemetryBuffer::take_dropped() {
  return std::exchange(dropped_, Dropped{});
}

void TelemetryBuffer::note_dropped(const Dropped& dropped) {
  dropped_.records += dropped.records;
  dropped_.bytes += dropped.bytes;
}

}  // namespace lapwing::runtime
