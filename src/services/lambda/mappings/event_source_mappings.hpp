// The event source mappings there are: their records, and those that are at work.
//
//   EventSourceMappings mappings(given, parts);
//   LAPWING_CHECK(mappings.start());      // after catalogue and concurrency were loaded
//   mappings.drain();  mappings.stop();
//
// A change answers a state on its way (Creating, Updating ...); a step on the executor ends it, as
// does start() for those that a crash has cut. What is on its way is not changed again.
//
// A mapping has one poller, in the process that has the data directory. Messages that were taken
// when it ended come back when their visibility ends.
//
// Thread-safety: start(), drain() and stop() by one thread; the rest from any between, and they
// block on the store.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/function_ref.hpp"
#include "engine/control_plane.hpp"
#include "hosting/metrics_text.hpp"
#include "hosting/service.hpp"
#include "mappings/pollers.hpp"
#include "resources/pages.hpp"
#include "services/lambda/mappings/function_consumer.hpp"
#include "services/lambda/mappings/mapping_record.hpp"

namespace lapwing::lambda {

// All outlive it.
struct MappingParts {
  const engine::EngineSide& side;
  FunctionRuns& runs;
};

class EventSourceMappings {
 public:
  EventSourceMappings(const hosting::Dependencies& given, const MappingParts& parts);
  ~EventSourceMappings();

  Status start();
  void drain();
  void stop();

  // What messages are taken from; null: there are no queues.
  const ports::QueueSource* queues() const { return given_.ports.queues; }

  Result<std::optional<MappingRecord>> find(const aws::Scope& scope, std::string_view uuid) const;
  Result<resources::Paged<MappingRecord>> list(const aws::Scope& scope,
                                               const resources::PageAsk& ask,
                                               FunctionRef<bool(const MappingRecord&)> keep) const;
  // ResourceConflictException where there is one of its source and function.
  Status create(const MappingRecord& record);
  // `change` may run more than once. Not found: the service's ResourceNotFoundException.
  using Change = FunctionRef<Status(MappingRecord& record)>;
  Result<MappingRecord> change(const aws::Scope& scope, std::string_view uuid, Change change);

  // The same of what changes nothing about how it works.
  Status change_tags(const aws::Scope& scope, std::string_view uuid, Change change);

  // The function, or how much of it may run, has changed.
  void function_changed(const FunctionKey& key);
  void metrics(hosting::MetricsText& text) const;

 private:
  Result<MappingRecord> write(const aws::Scope& scope, std::string_view uuid, Change change);
  void finish_later(const MappingRecord& record);
  // Does what the record's state asks for.
  void finish(const aws::Scope& scope, const std::string& uuid);
  void settle(const aws::Scope& scope, const std::string& uuid, MappingState from, MappingState to);
  void begin(const MappingRecord& record);

  const hosting::Dependencies given_;
  const MappingParts parts_;
  store::Store& store_;
  std::unique_ptr<mappings::Pollers> pollers_;  // from start() on; null where there are no queues
};

}  // namespace lapwing::lambda
