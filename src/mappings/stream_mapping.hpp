// What is said of a mapping of a stream, and who is told of records that it gives up.
//
// Thread-safety: plain values; GivenUpSink as its implementation says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "mappings/failure_record.hpp"
#include "mappings/filter.hpp"
#include "mappings/meter.hpp"
#include "mappings/shard_work.hpp"
#include "ports/stream_source.hpp"
#include "store/store.hpp"

namespace lapwing::mappings {

struct StreamMapping {
  std::string arn = {};  // its own, for logs and the journal
  AccountId account = {};
  std::string stream_arn = {};
  ports::StreamSource* source = nullptr;
  StreamKind kind = StreamKind::kKinesis;
  std::string function_arn = {};
  // AT_TIMESTAMP; none: a shard without a checkpoint begins with its oldest record.
  std::optional<std::int64_t> from_ms = std::nullopt;
  std::size_t batch_size = 100;
  Duration window{};  // zero: what one look found
  FilterPtr filter = nullptr;
  bool partial_failures = false;  // ReportBatchItemFailures
  std::uint32_t parallel = 1;     // batches of one shard at once
  StreamRules rules = {};
  Duration tumbling{};          // zero: there are no such windows
  std::string on_failure = {};  // an ARN, or empty
  std::optional<Measured> measured = std::nullopt;
};

// Records that were given up, for a destination.
struct GivenUpNotice {
  std::string id;           // a UUID
  std::string destination;  // an ARN
  std::string function_arn;
  std::string role_arn;
  std::string record;  // JSON
  std::string trace;
  std::size_t records = 0;
};

class GivenUpSink {
 public:
  virtual ~GivenUpSink() = default;
  // Inside a transaction of the mappings' space.
  virtual Status tell(store::Txn& txn, const GivenUpNotice& notice) = 0;
};

}  // namespace lapwing::mappings
