// TelemetryBuffer: the events of one subscription on their way out, cut into batches.
//
// A batch is due when it holds items_max events or bytes_max bytes, or when its oldest event
// has waited for the timeout. What a slow consumer does not take piles up to
// kTelemetryBacklogBatches batches; beyond that events are dropped and counted.
//
// Thread-safety: one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "runtime/telemetry/telemetry_subscription.hpp"

namespace lapwing::runtime {

class TelemetryBuffer {
 public:
  struct Dropped {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
  };

  explicit TelemetryBuffer(const TelemetryBuffering& limits) : limits_(limits) {}

  // `event` is a JSON text. Past the backlog it is counted and dropped.
  void add(std::string event, MonoTime now);
  // When the next batch is due: a time that has passed when it is full; nothing when empty.
  std::optional<MonoTime> due() const;
  // Everything there is now is due, whatever its age.
  void flush();
  // The next batch, due or not.
  std::vector<std::string> take();
  bool empty() const { return events_.empty(); }
  // What was dropped since the last call.
  Dropped take_dropped();
  void note_dropped(const Dropped& dropped);

 private:
  struct Event {
    std::string json;
    MonoTime at;
  };

  TelemetryBuffering limits_;
  std::deque<Event> events_;
  std::size_t bytes_ = 0;
  std::size_t flushed_ = 0;  // how many of the events are due at once
  Dropped dropped_;
};

}  // namespace lapwing::runtime
