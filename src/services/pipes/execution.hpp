// One batch on its way through a pipe: enrichment, then target, each with its template.
//
//   Execution execution(needs, plan, batch);
//   co_return co_await execution.run(loop);
//
// What the target has taken is done; the rest is left to the source, which hands it out again when
// its visibility ends (and dead-letters it, as its redrive policy says). Without an enrichment that
// is decided message by message; with one, the whole batch comes back, as nobody knows which item
// came from which message, but where the target is a function that names messages itself.
//
// Of a FIFO queue items are sent one by one; after one that failed, none of its group is (with an
// enrichment: none at all).
//
// Source: EventBridge user guide, "Batching and concurrency", "Event enrichment", "Error handling".
//
// Thread-safety: the loop's.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "mappings/consumer.hpp"
#include "ports/destination.hpp"
#include "ports/function_runner.hpp"
#include "ports/log_sink.hpp"
#include "services/pipes/execution_log.hpp"
#include "services/pipes/item.hpp"
#include "services/pipes/plan.hpp"

namespace lapwing::pipes {

// All outlive it. Null: there is none.
struct ExecutionNeeds {
  const Clock& clock;
  Random& random;
  Logger& logger;
  const ports::Destinations* destinations = nullptr;
  ports::FunctionRunner* functions = nullptr;
  ports::LogSink* logs = nullptr;
};

class Execution {
 public:
  Execution(const ExecutionNeeds& needs, const Plan& plan, const mappings::Batch& batch);

  net::Task<mappings::Taken> run(net::Loop& loop);

 private:
  // Nothing: it goes on.
  net::Task<std::optional<mappings::Taken>> enrich(net::Loop& loop);
  net::Task<std::optional<mappings::Taken>> invoke_enrichment(net::Loop& loop, std::string& answer);
  // The items that the enrichment answered.
  std::optional<mappings::Taken> take_answer(std::string_view answer);
  net::Task<mappings::Taken> send(net::Loop& loop);
  net::Task<mappings::Taken> send_whole(net::Loop& loop);
  net::Task<mappings::Taken> call_function(net::Loop& loop, std::string body);
  net::Task<void> send_items(net::Loop& loop);
  net::Task<void> send_in_order(net::Loop& loop);
  mappings::Taken sum_up() const;

  // All payloads as one array; none: the reason is in `reason_`.
  net::Task<std::optional<std::string>> whole_payload(
      net::Loop& loop, const std::optional<expressions::Template>& body);
  static std::string unsent(expressions::Unsent why);
  // The parcel for an item of the target; what is wrong is noted.
  std::optional<ports::Parcel> parcel_of(std::size_t index);
  // One outcome a parcel, whatever the destination does.
  net::Task<std::vector<ports::Delivered>> deliver(net::Loop& loop,
                                                   std::vector<ports::Parcel> parcels);
  void note(std::size_t index, const ports::Delivered& delivered);
  mappings::Taken failed_stage(std::string_view stage, std::string reason);
  void log_end(const mappings::Taken& taken);

  const ExecutionNeeds& needs_;
  const Plan& plan_;
  const mappings::Batch& batch_;
  const WallTime began_;
  ExecutionLog log_;
  std::vector<Item> items_;
  bool enriched_ = false;
  std::string reason_;        // of the last failure
  std::vector<bool> failed_;  // items, of the target
};

// Takes a pipe's batches.
class PipeConsumer final : public mappings::Consumer {
 public:
  PipeConsumer(std::shared_ptr<const ExecutionNeeds> needs, PlanPtr plan)
      : needs_(std::move(needs)), plan_(std::move(plan)) {}

  std::optional<mappings::Readiness> ready() override;
  net::Task<mappings::Taken> take(net::Loop& loop, const mappings::Batch& batch,
                                  mappings::PlacePtr place) override;

 private:
  const std::shared_ptr<const ExecutionNeeds> needs_;
  const PlanPtr plan_;
};

}  // namespace lapwing::pipes
