// The event source mappings there are: their records, and those that are at work.
//
//   EventSourceMappings mappings(given, parts);
//   LAPWING_CHECK(mappings.start());      // after catalogue and concurrency were loaded
//   mappings.drain();  mappings.stop();
//
// A change answers a state on its way (Creating, Updating ...); a step in the background ends it,
// also for those that a crash has cut, and is tried again while it fails. What is on its way is not
// changed again.
//
// A mapping has one poller, in the process that has the data directory. Messages that were taken
// when it ended come back when their visibility ends; a stream is read on from its checkpoints, in
// Lambda's space, which go with the mapping. LATEST is fixed in the request that makes it (AWS may
// miss what comes meanwhile); LastProcessingResult is not kept over a restart.
//
// Thread-safety: start(), drain() and stop() by one thread; the rest from any between, and they
// block on the store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "background/runner.hpp"
#include "base/due_source.hpp"
#include "base/function_ref.hpp"
#include "hosting/metrics_text.hpp"
#include "hosting/service.hpp"
#include "mappings/endings.hpp"
#include "mappings/pollers.hpp"
#include "resources/pages.hpp"
#include "services/lambda/mappings/function_consumer.hpp"
#include "services/lambda/mappings/mapping_input.hpp"
#include "services/lambda/mappings/mapping_record.hpp"

namespace lapwing::lambda {

// All outlive it.
struct MappingParts {
  FunctionRuns& runs;
  mappings::GivenUpSink& given_up;
};

class EventSourceMappings final : private DueSource {
 public:
  EventSourceMappings(const hosting::Dependencies& given, const MappingParts& parts);
  ~EventSourceMappings() override;

  Status start();
  void drain();
  void stop();

  // What can be polled.
  SourcesHere sources() const { return {given_.ports.queues, given_.ports.streams}; }
  // AWS's LastProcessingResult; empty for queues.
  std::string last_result(const MappingRecord& record) const;

  Result<std::optional<MappingRecord>> find(const aws::Scope& scope, std::string_view uuid) const;
  Result<resources::Paged<MappingRecord>> list(const aws::Scope& scope,
                                               const resources::PageAsk& ask,
                                               FunctionRef<bool(const MappingRecord&)> keep) const;
  // ResourceConflictException where there is one of its source and function. Where a stream is read
  // from its newest record on, that is the one there is now; it is asked as this role.
  Status create(const MappingRecord& record, const std::string& role_arn);
  // `change` may run more than once. Not found: the service's ResourceNotFoundException.
  using Change = FunctionRef<Status(MappingRecord& record)>;
  Result<MappingRecord> change(const aws::Scope& scope, std::string_view uuid, Change change);

  // The same of what changes nothing about how it works.
  Status change_tags(const aws::Scope& scope, std::string_view uuid, Change change);

  // The function, or how much of it may run, has changed.
  void function_changed(const FunctionKey& key);
  void metrics(hosting::MetricsText& text) const;
  // What is told of them: state, what is at work, how the last batch went.
  Result<journal::EventPage> facts(const journal::EventAsk& ask) const;

 private:
  Result<MappingRecord> write(const aws::Scope& scope, std::string_view uuid, Change change);
  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;
  // Those on their way that nothing is done about yet.
  Result<std::vector<MappingRecord>> on_their_way() const;
  // Does what the record's state asks for.
  Status step(const MappingRecord& record);
  Status settle(const MappingRecord& record, MappingState to);
  Status take_up();
  void begin(const MappingRecord& record);
  void begin_stream(const MappingRecord& record);
  Status fix_start(const MappingRecord& record, const std::string& role_arn);
  Status sweep_checkpoints();

  const hosting::Dependencies given_;
  const MappingParts parts_;
  store::Store& store_;
  store::Store* checkpoints_ = nullptr;         // from start() on
  std::unique_ptr<mappings::Pollers> pollers_;  // likewise; null where there is nothing to poll
  background::Task task_;                       // of the steps
  const std::shared_ptr<mappings::Endings> endings_ = std::make_shared<mappings::Endings>();
};

}  // namespace lapwing::lambda
