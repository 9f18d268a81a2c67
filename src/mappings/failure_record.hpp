// What an on-failure destination is told of records of a stream that were given up. The records
// themselves are not in it: they are in the stream, where it says.
//
// Facts: Lambda developer guide, "Retaining discarded batch records"; recorded deliveries.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "mappings/shard_work.hpp"

namespace lapwing::mappings {

enum class StreamKind : std::uint8_t { kKinesis, kDynamoDb };

struct StreamFailure {
  StreamKind kind = StreamKind::kKinesis;
  std::string stream_arn;
  std::string shard;
  std::string function_arn;
  std::string request_id;        // of the last attempt
  std::string executed_version;  // empty: it was never run, and there is no responseContext
  bool reported = false;         // its answer said itself what failed: no functionError
  GivenUp what;                  // of at least one record
};

std::string failure_record(const StreamFailure& failure, WallTime now);

}  // namespace lapwing::mappings
