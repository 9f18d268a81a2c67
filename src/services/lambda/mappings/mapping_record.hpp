// An event source mapping: what it polls, for which function, and how.
//
//   arn:aws:lambda:REGION:ACCOUNT:event-source-mapping:UUID
//
// Thread-safety: plain values, pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "resources/table.hpp"
#include "services/lambda/function_identifier.hpp"

namespace lapwing::lambda {

// Of MetricsConfig.
inline constexpr std::string_view kEventCount = "EventCount";

// Kept as numbers, which never change their meaning.
enum class MappingState : std::uint8_t {
  kCreating = 0,
  kEnabling = 1,
  kEnabled = 2,
  kDisabling = 3,
  kDisabled = 4,
  kUpdating = 5,
  kDeleting = 6,
};
std::string_view to_string(MappingState state);
constexpr bool is_settled(MappingState state) {
  return state == MappingState::kEnabled || state == MappingState::kDisabled;
}

struct PollerRange {
  std::optional<std::int32_t> least;
  std::optional<std::int32_t> most;

  template <class Fields, class R>
  static void fields(Fields& f, R& range) {
    f("least", range.least);
    f("most", range.most);
  }
};

// What only streams have. Of attempts and age, -1 is no limit.
struct StreamSettings {
  std::string from;                     // "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"
  std::optional<std::int64_t> from_ms;  // of the last
  std::int32_t parallel = 1;
  std::int32_t retries = -1;
  std::int32_t age_s = -1;
  bool bisect = false;
  std::int32_t tumbling_s = 0;
  std::string on_failure;

  template <class Fields, class R>
  static void fields(Fields& f, R& settings) {
    f("from", settings.from);
    f("from_ms", settings.from_ms);
    f("parallel", settings.parallel);
    f("retries", settings.retries);
    f("age_s", settings.age_s);
    f("bisect", settings.bisect);
    f("tumbling_s", settings.tumbling_s);
    f("on_failure", settings.on_failure);
  }
};

struct MappingRecord {
  FunctionKey function;
  std::string qualifier;  // as the function was named; "" without
  std::string uuid;
  std::string source_arn;
  MappingState state = MappingState::kCreating;
  bool enabled = true;  // where it is settled, or will be
  std::int32_t batch_size = 10;
  std::int32_t window_s = 0;
  std::vector<std::string> filters;
  bool partial_failures = false;
  std::optional<std::int32_t> concurrency_max;
  std::optional<PollerRange> pollers;
  std::optional<StreamSettings> stream;  // none: a queue is its source
  std::vector<std::string> metrics;
  bool metrics_given = false;
  std::int64_t last_modified_ms = 0;
  std::map<std::string, std::string> tags;

  std::string arn() const;
  // "kinesis"
  std::string_view source_service() const;
};

std::string mapping_arn(const AccountId& account, const Region& region, std::string_view uuid);

// account NUL region NUL uuid. Indexed by source and function, of which there is one, and while it
// is on its way from one state to another.
struct MappingTable {
  using Record = MappingRecord;
  static constexpr std::string_view kKind = "lambda.event_source_mapping";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kPairIndex = "pair";
  static constexpr std::string_view kFunctionIndex = "function";
  static constexpr std::string_view kChanging = "changing";

  static std::string key(const MappingRecord& record);
  static std::string pair(const MappingRecord& record);
  static void terms(const MappingRecord& record, resources::Terms& terms);

  template <class Fields, class R>
  static void fields(Fields& f, R& record) {
    f("account", record.function.account);
    f("region", record.function.region);
    f("function", record.function.name);
    f("qualifier", record.qualifier);
    f("uuid", record.uuid);
    f("source", record.source_arn);
    f("state", record.state);
    f("enabled", record.enabled);
    f("batch_size", record.batch_size);
    f("window_s", record.window_s);
    f("filters", record.filters);
    f("partial_failures", record.partial_failures);
    f("concurrency_max", record.concurrency_max);
    f("pollers", record.pollers);
    f("stream", record.stream);
    f("metrics", record.metrics);
    f("metrics_given", record.metrics_given);
    f("last_modified_ms", record.last_modified_ms);
    f("tags", record.tags);
  }
};
using MappingRecords = resources::Table<MappingTable>;

}  // namespace lapwing::lambda
