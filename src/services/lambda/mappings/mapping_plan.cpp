#include "services/lambda/mappings/mapping_plan.hpp"

#include <algorithm>
#include <optional>

namespace lapwing::lambda {
namespace {

// Where it is asked for that it is measured.
std::optional<mappings::Measured> measured(const MappingRecord& record) {
  if (std::ranges::find(record.metrics, kEventCount) == record.metrics.end()) return std::nullopt;
  return mappings::Measured{record.function.account, record.function.region, record.uuid};
}

// -1 is none.
template <class T>
std::optional<T> limit_of(std::int32_t value) {
  return value < 0 ? std::nullopt : std::optional<T>(static_cast<T>(value));
}

}  // namespace

Result<mappings::StreamMapping> stream_mapping(const MappingRecord& record,
                                               ports::StreamSource& source) {
  const StreamSettings& settings = *record.stream;
  mappings::StreamMapping out;
  out.arn = record.arn();
  out.account = record.function.account;
  out.stream_arn = record.source_arn;
  out.source = &source;
  if (record.source_service() == "dynamodb") out.kind = mappings::StreamKind::kDynamoDb;
  out.function_arn = function_arn(record.function, record.qualifier);
  out.from_ms = settings.from_ms;
  out.batch_size = static_cast<std::size_t>(record.batch_size);
  out.window = std::chrono::seconds(record.window_s);
  LAPWING_TRY(out.filter, mappings::Filter::compile(record.filters));
  out.partial_failures = record.partial_failures;
  out.parallel = static_cast<std::uint32_t>(settings.parallel);
  out.rules.retries = limit_of<std::uint32_t>(settings.retries);
  if (settings.age_s >= 0) out.rules.age_max = std::chrono::seconds(settings.age_s);
  out.rules.bisect = settings.bisect;
  out.tumbling = std::chrono::seconds(settings.tumbling_s);
  out.on_failure = settings.on_failure;
  out.measured = measured(record);
  return out;
}

Result<mappings::QueueMapping> queue_mapping(const MappingRecord& record) {
  mappings::QueueMapping out;
  out.arn = record.arn();
  out.account = record.function.account;
  out.queue_arn = record.source_arn;
  out.batch_size = static_cast<std::size_t>(record.batch_size);
  out.window = std::chrono::seconds(record.window_s);
  LAPWING_TRY(out.filter, mappings::Filter::compile(record.filters));
  out.partial_failures = record.partial_failures;
  out.concurrency_max = static_cast<std::uint32_t>(record.concurrency_max.value_or(0));
  // A poller of AWS runs ten batches at once. Fewer than the least are never needed: waiting costs
  // nothing here.
  if (record.pollers) {
    out.concurrency_max = 10 * static_cast<std::uint32_t>(record.pollers->most.value_or(200));
  }
  out.measured = measured(record);
  return out;
}

}  // namespace lapwing::lambda
