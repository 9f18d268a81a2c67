// The mappings of a service at work: each takes records from its source, as they come, and hands
// them to its consumer in batches.
//
//   Pollers pollers(needs);
//   pollers.start(id, queue_mapping, consumer);      // or changed, where it runs already
//   pollers.stop(id, [] { ... });                    // what is at work has ended
//   pollers.drain();                                 // the server ends: nothing more is taken
//
// Waits on the server's clock; nothing polls. Where the clock moves by hand, it is settled once all
// that could be handed over has been.
//
// Thread-safety: any thread; callbacks on the mapping's loop. The loops have stopped before it
// goes.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/log.hpp"
#include "base/unique_function.hpp"
#include "journal/journal.hpp"
#include "mappings/consumer.hpp"
#include "mappings/filter.hpp"
#include "net/loop_group.hpp"
#include "ports/queue_source.hpp"

namespace lapwing::mappings {

// All outlive the pollers.
struct PollerNeeds {
  const Clock& clock;
  Logger& logger;
  background::Runner& background;
  net::LoopGroup& loops;
  ports::QueueSource& queues;
  journal::Journal* journal = nullptr;
};

// What is said of a mapping of a queue.
struct QueueMapping {
  std::string arn = {};  // its own, for logs and the journal
  AccountId account = {};
  std::string queue_arn = {};
  std::size_t batch_size = 10;
  Duration window{};  // zero: what one look found
  FilterPtr filter = nullptr;
  bool partial_failures = false;      // ReportBatchItemFailures
  std::uint32_t concurrency_max = 0;  // 0: as it learns
};

// Of all mappings together.
struct PollerCounts {
  std::atomic<std::uint64_t> polled{0};  // records
  std::atomic<std::uint64_t> filtered_out{0};
  std::atomic<std::uint64_t> invoked{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> deleted{0};
  std::atomic<std::uint64_t> batches{0};
  std::atomic<std::uint64_t> throttles{0};
};

class QueuePoller;

// Wakes pollers at instants of the server's clock.
class Alarms final : public DueSource {
 public:
  explicit Alarms(const Clock& clock) : clock_(clock) {}
  void begin(background::Runner& runner) { task_ = runner.when_due("mappings.alarms", *this); }
  void stop() { task_.reset(); }
  void set(MonoTime when, std::weak_ptr<QueuePoller> whom);

 private:
  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

  const Clock& clock_;
  background::Task task_;
  std::mutex mutex_;
  std::multimap<MonoTime, std::weak_ptr<QueuePoller>> alarms_;  // guarded by mutex_
};

// What all have together.
struct PollerShared {
  explicit PollerShared(const PollerNeeds& given) : needs(given), alarms(given.clock) {}

  // Whether there may be another batch.
  bool has_room() const;
  // Those who found no room are woken by who leaves some.
  void wait_for_room(std::weak_ptr<QueuePoller> whom);
  void leave_room(std::size_t bytes);

  const PollerNeeds needs;
  Alarms alarms;
  PollerCounts counts;
  std::atomic<bool> draining{false};
  std::atomic<std::uint32_t> at_work{0};  // batches
  std::atomic<std::size_t> bytes{0};      // of records taken and not done

 private:
  std::mutex mutex_;
  using Waiting = std::set<std::weak_ptr<QueuePoller>, std::owner_less<>>;
  Waiting waiting_;  // guarded by mutex_
};

class Pollers {
 public:
  explicit Pollers(const PollerNeeds& needs);
  ~Pollers();
  Pollers(const Pollers&) = delete;
  Pollers& operator=(const Pollers&) = delete;

  // One that runs goes on with these.
  void start(const std::string& id, QueueMapping mapping, std::shared_ptr<Consumer> consumer);
  // Nothing more is taken; what was is finished, and `done` called, at once where there is none.
  void stop(const std::string& id, UniqueFunction<void()> done);
  // Something has changed about its consumer.
  void wake(const std::string& id);
  // Why its queue cannot be received from, at present; none: it can, or it does not run.
  std::optional<Error> trouble(const std::string& id) const;
  void drain();
  // No callback comes any more.
  void stop_all();

  const PollerCounts& counts() const { return shared_->counts; }

 private:
  std::shared_ptr<PollerShared> shared_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<QueuePoller>> pollers_;  // guarded by mutex_
};

}  // namespace lapwing::mappings
