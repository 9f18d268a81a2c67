// The mappings of a service at work: each takes records from its source, as they come, and hands
// them to its consumer in batches.
//
//   Pollers pollers(needs);
//   pollers.start(id, queue_mapping, consumer);      // or changed, where it runs already
//   pollers.start(id, stream_mapping, consumer);
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
#include <string>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/room_line.hpp"
#include "base/unique_function.hpp"
#include "journal/journal.hpp"
#include "mappings/consumer.hpp"
#include "mappings/filter.hpp"
#include "mappings/meter.hpp"
#include "mappings/stream_mapping.hpp"
#include "net/loop_group.hpp"
#include "ports/queue_source.hpp"
#include "store/store.hpp"

namespace lapwing::mappings {

// All outlive the pollers.
struct PollerNeeds {
  const Clock& clock;
  Random& random;
  Logger& logger;
  background::Runner& background;
  net::LoopGroup& loops;
  ports::QueueSource* queues = nullptr;  // null: there are none
  store::Store* checkpoints = nullptr;   // of streams; null: there are none
  GivenUpSink* given_up = nullptr;       // null: nobody is told
  ports::MetricSink* metrics = nullptr;  // null: nobody measures
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
  std::optional<Measured> measured = std::nullopt;
};

// What looks again when it is woken, on its loop.
class Woken {
 public:
  virtual ~Woken() = default;
  virtual void wake() = 0;
};

// How one mapping is.
struct PollerFacts {
  std::uint32_t at_work = 0;        // batches
  std::string last_result;          // "done", or what went wrong; empty: there was none yet
  std::int64_t last_result_ms = 0;  // since the epoch; 0: not known
};

// One mapping at work.
class Poller : public Woken {
 public:
  // Nothing more is taken; what was is finished first.
  virtual void stop(UniqueFunction<void()> done) = 0;
  // No signal of its source comes any more.
  virtual void end() = 0;
  // Something about its consumer is different.
  virtual void consumer_changed() { wake(); }
  // Any thread.
  virtual PollerFacts facts() const = 0;
  // AWS's LastProcessingResult; empty where there is none.
  virtual std::string last_result() const { return {}; }
  // Why its source cannot be received from; none: it can, as far as is known.
  virtual std::optional<Error> trouble() const { return std::nullopt; }
};
class QueuePoller;
class StreamPoller;

// Wakes pollers at instants of the server's clock.
class Alarms final : public DueSource {
 public:
  explicit Alarms(const Clock& clock) : clock_(clock) {}
  void begin(background::Runner& runner) { task_ = runner.when_due("mappings.alarms", *this); }
  void stop() { task_.reset(); }
  void set(MonoTime when, std::weak_ptr<Woken> whom);

 private:
  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

  const Clock& clock_;
  background::Task task_;
  std::mutex mutex_;
  std::multimap<MonoTime, std::weak_ptr<Woken>> alarms_;  // guarded by mutex_
};

// What all have together.
struct PollerShared {
  explicit PollerShared(const PollerNeeds& given) : needs(given), alarms(given.clock) {}

  // Whether another batch may begin, and more be taken. One that finds no room waits in the line
  // for it. Who leaves some wakes the first there; who was woken, or may have been, passes on what
  // it did not take: so a batch that ends wakes one, however many wait.
  bool has_batches() const;
  bool has_bytes() const;
  void leave_batch();
  void leave_bytes(std::size_t left);
  void pass_on();

  const PollerNeeds needs;
  Alarms alarms;
  PollerCounts counts;
  std::atomic<bool> draining{false};
  std::atomic<std::uint32_t> at_work{0};  // batches
  std::atomic<std::size_t> bytes{0};      // of records taken and not done
  RoomLine<Woken> batch_line;
  RoomLine<Woken> bytes_line;
};

class Pollers {
 public:
  explicit Pollers(const PollerNeeds& needs);
  ~Pollers();
  Pollers(const Pollers&) = delete;
  Pollers& operator=(const Pollers&) = delete;

  // One that runs goes on with these. A mapping's source does not change.
  void start(const std::string& id, QueueMapping mapping, std::shared_ptr<Consumer> consumer);
  void start(const std::string& id, StreamMapping mapping, std::shared_ptr<Consumer> consumer);
  // Nothing more is taken; what was is finished, and `done` called, at once where there is none.
  void stop(const std::string& id, UniqueFunction<void()> done);
  // Something has changed about its consumer.
  void wake(const std::string& id);
  // Of one that runs; none: it is not at work here.
  std::optional<std::string> last_result(const std::string& id) const;
  std::optional<PollerFacts> facts(const std::string& id) const;
  // Why its source cannot be received from, at present; none: it can, or it does not run.
  std::optional<Error> trouble(const std::string& id) const;
  void drain();
  // No callback comes any more.
  void stop_all();

  const PollerCounts& counts() const { return shared_->counts; }

 private:
  template <class OfKind, class Mapping>
  void start_one(const std::string& id, Mapping mapping, std::shared_ptr<Consumer> consumer);

  std::shared_ptr<PollerShared> shared_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Poller>> pollers_;  // guarded by mutex_
};

}  // namespace lapwing::mappings
