// A log in a space that holds so much and no more: what is beyond its measures goes, the oldest
// first. For what people look at afterwards: kept messages, events that have died.
//
//   BoundedLog log(space, "sns.kept", {.records = 10'000, .bytes = 64 * kMiB});
//   LAPWING_CHECK(log.add(txn, {record}));      // in a transaction of the space
//   log.added();                                // after its commit: trims, in the background
//
// Thread-safety: any thread; begin() and stop() by one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "background/runner.hpp"
#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/engine.hpp"

namespace lapwing::resources {

struct LogMeasure {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;
  Duration age = Duration::zero();  // by the records' times; zero: any
};

class BoundedLog {
 public:
  BoundedLog(store::Space& space, std::string stream, const LogMeasure& measure)
      : space_(space), stream_(std::move(stream)), measure_(measure) {}

  Status add(store::Txn& txn, const std::vector<store::LogInput>& records) const;
  void added() { trimming_.notify(); }

  // In the order of appending from this number on, or newest first from it backwards. Empty where
  // there has been none. Of so many bytes at most, but one record.
  Result<store::LogPage> read(store::LogSequence from, store::Direction direction, std::size_t max,
                              std::size_t max_bytes = 8 * kMiB) const;

  // `clock`: what ages count by.
  void begin(background::Runner& background, const Clock& clock);
  void stop() { trimming_.reset(); }

 private:
  Status trim(const Clock& clock);

  store::Space& space_;
  const std::string stream_;
  const LogMeasure measure_;
  background::Task trimming_;
};

}  // namespace lapwing::resources
