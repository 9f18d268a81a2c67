#include "services/lambda/mappings/event_source_mappings.hpp"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "hosting/event_pages.hpp"
#include "mappings/checkpoint.hpp"
#include "services/lambda/errors.hpp"
#include "services/lambda/mappings/mapping_errors.hpp"
#include "services/lambda/mappings/mapping_plan.hpp"
#include "services/lambda/records.hpp"

namespace lapwing::lambda {
namespace {

std::string key_of(const aws::Scope& scope, std::string_view uuid) {
  return key_prefix(scope.account, scope.region) + std::string(uuid);
}

// On their way, looked at together.
constexpr std::size_t kStepMax = 100;

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
  LAPWING_TRY(store::Space* const space, given_.store.space("lambda"));
  checkpoints_ = &space->store();
  if (given_.ports.queues != nullptr || given_.ports.streams != nullptr) {
    pollers_ =
        std::make_unique<mappings::Pollers>(mappings::PollerNeeds{.clock = given_.clock,
                                                                  .random = given_.random,
                                                                  .logger = given_.log,
                                                                  .background = given_.background,
                                                                  .loops = given_.loops,
                                                                  .queues = given_.ports.queues,
                                                                  .checkpoints = checkpoints_,
                                                                  .given_up = &parts_.given_up,
                                                                  .metrics = given_.ports.metrics,
                                                                  .journal = given_.journal});
  }
  LAPWING_CHECK(sweep_checkpoints());
  LAPWING_CHECK(take_up());
  task_ = given_.background.when_due("lambda.mappings", *this);
  endings_->begin(task_);
  task_.notify();
  return {};
}

Status EventSourceMappings::take_up() {
  std::vector<MappingRecord> changing;
  LAPWING_CHECK(MappingRecords::for_each(store_, [&](MappingRecord& record) -> Status {
    if (record.state == MappingState::kEnabled) begin(record);
    if (!is_settled(record.state)) changing.push_back(std::move(record));
    return {};
  }));
  if (changing.empty()) return {};
  // Older versions have not put them into the index.
  LAPWING_CHECK(store_.transact([&](store::Txn& txn) -> Status {
    for (const MappingRecord& each : changing) LAPWING_CHECK(MappingRecords::put(txn, each));
    return {};
  }));
  return {};
}

void EventSourceMappings::drain() {
  if (pollers_ != nullptr) pollers_->drain();
}

void EventSourceMappings::stop() {
  endings_->stop();
  task_.reset();
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

// Of mappings whose creation, or deletion, a crash has cut.
Status EventSourceMappings::sweep_checkpoints() {
  std::set<std::string> there;
  LAPWING_CHECK(MappingRecords::for_each(store_, [&](MappingRecord& record) -> Status {
    there.insert(record.uuid);
    return {};
  }));
  return mappings::Checkpoints::sweep(
      *checkpoints_, [&](const std::string& uuid) { return there.contains(uuid); });
}

// What is in the stream already is not read where it says LATEST: of what is closed all is done.
Status EventSourceMappings::fix_start(const MappingRecord& record, const std::string& role_arn) {
  if (!record.stream || record.stream->from != "LATEST") return {};
  const ports::StreamSource* const source = given_.ports.streams->find(record.source_service());
  const auto shards = source->describe({record.source_arn, role_arn});
  if (!shards) return fail(errors::stream_not_readable(record.source_arn, shards.error()));
  std::vector<mappings::Checkpoint> all;
  for (const ports::StreamShard& each : *shards) {
    all.push_back({record.uuid, each.id, each.last, each.closed, {}});
  }
  return mappings::Checkpoints::begin(*checkpoints_, all);
}

Status EventSourceMappings::create(const MappingRecord& record, const std::string& role_arn) {
  // Another space, so another transaction; what is left where the second fails goes.
  LAPWING_CHECK(fix_start(record, role_arn));
  const auto created = store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_CHECK(check_alone(txn, record));
    LAPWING_CHECK(MappingRecords::insert(txn, record));
    return {};
  });
  if (!created) {
    if (record.stream) (void)mappings::Checkpoints::forget(*checkpoints_, record.uuid);
    return fail(created.error());
  }
  task_.notify();
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
  task_.notify();
  return written;
}

Status EventSourceMappings::change_tags(const aws::Scope& scope, std::string_view uuid,
                                        Change change) {
  LAPWING_CHECK(write(scope, uuid, change));
  return {};
}

Result<std::vector<MappingRecord>> EventSourceMappings::on_their_way() const {
  std::vector<MappingRecord> out;
  LAPWING_CHECK(store_.read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(auto page,
                MappingRecords::list(reader, {.index = std::string(MappingTable::kChanging),
                                              .limit = store::kMaxScanLimit}));
    out = std::move(page.records);
    return {};
  }));
  std::erase_if(out, [this](const MappingRecord& each) { return endings_->waits(each.uuid); });
  if (out.size() > kStepMax) out.resize(kStepMax);
  return out;
}

Result<std::optional<MonoTime>> EventSourceMappings::next_due() {
  LAPWING_TRY(const std::vector<MappingRecord> found, on_their_way());
  if (found.empty()) return std::optional<MonoTime>();
  return std::optional(MonoTime());  // now
}

Status EventSourceMappings::run_due() {
  LAPWING_TRY(const std::vector<MappingRecord> found, on_their_way());
  Status first;  // of what went wrong: the others go on
  for (const MappingRecord& each : found) {
    Status done = step(each);
    if (!done && first) first = std::move(done);
  }
  return first;
}

Status EventSourceMappings::step(const MappingRecord& record) {
  if (record.state != MappingState::kDeleting && record.enabled) {
    begin(record);
    return settle(record, MappingState::kEnabled);
  }
  // Batches at work end first; the next step finds that they have.
  if (pollers_ != nullptr && !endings_->ended(*pollers_, record.uuid)) return {};
  LAPWING_CHECK(settle(record, MappingState::kDisabled));
  endings_->forget(record.uuid);
  return {};
}

Status EventSourceMappings::settle(const MappingRecord& record, MappingState to) {
  const std::string key = MappingTable::key(record);
  const bool ends = record.state == MappingState::kDeleting;
  // First, as what has no record is swept by the next start only.
  if (ends && record.stream) {
    LAPWING_CHECK(mappings::Checkpoints::forget(*checkpoints_, record.uuid));
  }
  LAPWING_CHECK(store_.transact([&](store::Txn& txn) -> Status {
    LAPWING_TRY(auto found, MappingRecords::find(txn, key));
    if (!found || found->record.state != record.state) return {};
    if (ends) return MappingRecords::erase(txn, key);
    found->record.state = to;
    LAPWING_CHECK(MappingRecords::put(txn, found->record));
    return {};
  }));
  return {};
}

void EventSourceMappings::begin_stream(const MappingRecord& record) {
  ports::StreamSource* const source = given_.ports.streams != nullptr
                                          ? given_.ports.streams->find(record.source_service())
                                          : nullptr;
  if (source == nullptr) {
    given_.log.warn("lambda.mappings", "there is nobody whose streams could be read",
                    {{"mapping", record.arn()}, {"source", record.source_arn}});
    return;
  }
  auto mapping = stream_mapping(record, *source);
  if (!mapping) {
    given_.log.error("lambda.mappings", "a mapping's filters cannot be read; nothing is polled",
                     {{"mapping", record.arn()}, {"error", mapping.error().to_log()}});
    return;
  }
  pollers_->start(record.uuid, *std::move(mapping),
                  std::make_shared<FunctionConsumer>(
                      parts_.runs, FunctionIdentifier{record.function, record.qualifier}));
}

std::string EventSourceMappings::last_result(const MappingRecord& record) const {
  if (!record.stream) return {};
  std::optional<std::string> out;
  if (pollers_ != nullptr) out = pollers_->last_result(record.uuid);
  return out.value_or("No records processed");
}

void EventSourceMappings::begin(const MappingRecord& record) {
  if (pollers_ == nullptr) return;
  if (record.stream) return begin_stream(record);
  if (given_.ports.queues == nullptr) return;
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

Result<journal::EventPage> EventSourceMappings::facts(const journal::EventAsk& ask) const {
  if (ask.list != journal::EventList::kMappings) return journal::EventPage();
  return hosting::events_of_table<MappingTable>(
      store_, {}, ask, [this](const MappingRecord& record) -> Result<journal::EventRow> {
        journal::EventRow row{.what = "mapping",
                              .name = record.arn(),
                              .to = function_arn(record.function, record.qualifier),
                              .id = record.source_arn,
                              .state = std::string(to_string(record.state))};
        const auto poller = pollers_ != nullptr ? pollers_->facts(record.uuid) : std::nullopt;
        if (!poller) return row;
        row.at_work = poller->at_work;
        row.reason = poller->last_result;
        if (poller->last_result_ms != 0) row.at_ms = poller->last_result_ms;
        return row;
      });
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
  text.add("mapping_events_dropped_total", "counter",
           "Events of streams that were given up: too old, or tried too often.",
           counts.dropped.load());
  text.add("mapping_events_told_total", "counter", "Of these, those that a destination is told of.",
           counts.told.load());
  text.add("mapping_batches_total", "counter", "Runs of functions for mappings.",
           counts.batches.load());
  text.add("mapping_throttles_total", "counter", "Batches that had to wait for room.",
           counts.throttles.load());
}

}  // namespace lapwing::lambda
