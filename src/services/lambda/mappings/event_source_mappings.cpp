#include "services/lambda/mappings/event_source_mappings.hpp"

#include <utility>
#include <vector>

#include "services/lambda/errors.hpp"
#include "services/lambda/mappings/mapping_errors.hpp"
#include "services/lambda/records.hpp"

namespace lapwing::lambda {
namespace {

std::string key_of(const aws::Scope& scope, std::string_view uuid) {
  return key_prefix(scope.account, scope.region) + std::string(uuid);
}

aws::Scope scope_of(const MappingRecord& record) {
  return {record.function.account, record.function.region};
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
  return out;
}

// Of the same source and function, but itself.
Status check_alone(store::Txn& txn, const MappingRecord& record) {
  LAPWING_TRY(const auto page,
              MappingRecords::list(txn, {.prefix = MappingTable::pair(record),
                                         .index = std::string(MappingTable::kPairIndex),
                                         .match = store::Match::kExact,
                                         .limit = 2}));
  for (const MappingRecord& each : page.records) {
    if (each.uuid != record.uuid) return fail(errors::mapping_exists(each));
  }
  return {};
}

}  // namespace

EventSourceMappings::EventSourceMappings(const hosting::Dependencies& given,
                                         const MappingParts& parts)
    : given_(given), parts_(parts), store_(given_.store.store()) {}

EventSourceMappings::~EventSourceMappings() { stop(); }

Status EventSourceMappings::start() {
  if (queues() != nullptr) {
    pollers_ = std::make_unique<mappings::Pollers>(
        mappings::PollerNeeds{given_.clock, given_.log, given_.background, given_.loops,
                              *given_.ports.queues, given_.journal});
  }
  return MappingRecords::for_each(store_, [this](MappingRecord& record) -> Status {
    if (record.state == MappingState::kEnabled) begin(record);
    if (!is_settled(record.state)) finish_later(record);
    return {};
  });
}

void EventSourceMappings::drain() {
  if (pollers_ != nullptr) pollers_->drain();
}

void EventSourceMappings::stop() {
  if (pollers_ != nullptr) pollers_->stop_all();
}

Result<std::optional<MappingRecord>> EventSourceMappings::find(const aws::Scope& scope,
                                                               std::string_view uuid) const {
  std::optional<MappingRecord> out;
  LAPWING_CHECK(store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(auto found, MappingRecords::find(reader, key_of(scope, uuid)));
    if (found) out = std::move(found->record);
    return {};
  }));
  return out;
}

Result<resources::Paged<MappingRecord>> EventSourceMappings::list(
    const aws::Scope& scope, const resources::PageAsk& ask,
    FunctionRef<bool(const MappingRecord&)> keep) const {
  resources::Paged<MappingRecord> out;
  LAPWING_CHECK(store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(out, resources::page_records<MappingTable>(
                         reader, ask, key_prefix(scope.account, scope.region), keep));
    return {};
  }));
  return out;
}

Status EventSourceMappings::create(const MappingRecord& record) {
  LAPWING_CHECK(store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_CHECK(check_alone(txn, record));
    LAPWING_CHECK(MappingRecords::insert(txn, record));
    return {};
  }));
  if (!is_settled(record.state)) finish_later(record);
  return {};
}

Result<MappingRecord> EventSourceMappings::write(const aws::Scope& scope, std::string_view uuid,
                                                 Change change) {
  MappingRecord written;
  LAPWING_CHECK(store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(auto found, MappingRecords::find(txn, key_of(scope, uuid)));
    if (!found) return fail(errors::resource_not_found());
    written = std::move(found->record);
    LAPWING_CHECK(change(written));
    LAPWING_CHECK(check_alone(txn, written));
    LAPWING_CHECK(MappingRecords::put(txn, written));
    return {};
  }));
  return written;
}

Result<MappingRecord> EventSourceMappings::change(const aws::Scope& scope, std::string_view uuid,
                                                  Change change) {
  LAPWING_TRY(MappingRecord written, write(scope, uuid, change));
  if (!is_settled(written.state)) finish_later(written);
  return written;
}

Status EventSourceMappings::change_tags(const aws::Scope& scope, std::string_view uuid,
                                        Change change) {
  LAPWING_CHECK(write(scope, uuid, change));
  return {};
}

void EventSourceMappings::finish_later(const MappingRecord& record) {
  parts_.side.steps.post(
      [this, scope = scope_of(record), uuid = record.uuid] { finish(scope, uuid); });
}

void EventSourceMappings::finish(const aws::Scope& scope, const std::string& uuid) {
  const auto found = find(scope, uuid);
  if (!found) {
    given_.log.error("lambda.mappings", "a mapping cannot be read",
                     {{"mapping", uuid}, {"error", found.error().to_log()}});
    return;
  }
  if (!*found || is_settled((*found)->state)) return;
  const MappingRecord& record = **found;
  const MappingState from = record.state;
  const bool ends = from == MappingState::kDeleting || !record.enabled;
  if (!ends) {
    begin(record);
    return settle(scope, uuid, from, MappingState::kEnabled);
  }
  if (pollers_ == nullptr) return settle(scope, uuid, from, MappingState::kDisabled);
  // Batches at work end first.
  pollers_->stop(uuid, [this, scope, uuid, from] {
    parts_.side.steps.post(
        [this, scope, uuid, from] { settle(scope, uuid, from, MappingState::kDisabled); });
  });
}

void EventSourceMappings::settle(const aws::Scope& scope, const std::string& uuid,
                                 MappingState from, MappingState to) {
  const auto done = store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(auto found, MappingRecords::find(txn, key_of(scope, uuid)));
    if (!found || found->record.state != from) return {};
    if (from == MappingState::kDeleting) return MappingRecords::erase(txn, key_of(scope, uuid));
    found->record.state = to;
    LAPWING_CHECK(MappingRecords::put(txn, found->record));
    return {};
  });
  if (done) return;
  given_.log.error("lambda.mappings", "a mapping's state cannot be written; the next start does so",
                   {{"mapping", uuid}, {"error", done.error().to_log()}});
}

void EventSourceMappings::begin(const MappingRecord& record) {
  if (pollers_ == nullptr) return;
  auto mapping = queue_mapping(record);
  if (!mapping) {
    given_.log.error("lambda.mappings", "a mapping's filters cannot be read; nothing is polled",
                     {{"mapping", record.arn()}, {"error", mapping.error().to_log()}});
    return;
  }
  pollers_->start(record.uuid, *std::move(mapping),
                  std::make_shared<FunctionConsumer>(
                      parts_.runs, FunctionIdentifier{record.function, record.qualifier}));
}

void EventSourceMappings::function_changed(const FunctionKey& key) {
  if (pollers_ == nullptr) return;
  std::vector<std::string> uuids;
  const Status read = store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(const auto page,
                MappingRecords::list(reader, {.prefix = encode_key(key),
                                              .index = std::string(MappingTable::kFunctionIndex),
                                              .match = store::Match::kExact,
                                              .limit = store::kMaxScanLimit}));
    for (const MappingRecord& each : page.records) uuids.push_back(each.uuid);
    return {};
  });
  if (!read) return;  // they look again by themselves
  for (const std::string& uuid : uuids) pollers_->wake(uuid);
}

void EventSourceMappings::metrics(hosting::MetricsText& text) const {
  if (pollers_ == nullptr) return;
  const mappings::PollerCounts& counts = pollers_->counts();
  text.add("mapping_events_polled_total", "counter",
           "Events that mappings took from their sources.", counts.polled.load());
  text.add("mapping_events_filtered_out_total", "counter", "Of these, those that no filter wants.",
           counts.filtered_out.load());
  text.add("mapping_events_invoked_total", "counter", "Events that functions were run with.",
           counts.invoked.load());
  text.add("mapping_events_failed_total", "counter", "Of these, those that were not done.",
           counts.failed.load());
  text.add("mapping_events_deleted_total", "counter", "Events that were removed from their queues.",
           counts.deleted.load());
  text.add("mapping_batches_total", "counter", "Runs of functions for mappings.",
           counts.batches.load());
  text.add("mapping_throttles_total", "counter", "Batches that had to wait for room.",
           counts.throttles.load());
}

}  // namespace lapwing::lambda
