// Pollers alone, in a unit test: a queue in a memory store, a consumer that does what it is told, a
// clock that stands still, a loop that runs.
//
//   PollBench bench;
//   bench.send({"a", "b"});
//   bench.start({.batch_size = 10});
//   bench.advance(30s);
//   EXPECT_EQ(bench.consumer->batches(), ...);
//
// A message's id is its text, and its record a JSON string of it.
//
// Thread-safety: one thread; source and consumer are called on a loop.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/testing/captured_log.hpp"
#include "hosting/manual_time.hpp"
#include "hosting/space_waker.hpp"
#include "mappings/pollers.hpp"
#include "net/sync.hpp"
#include "store/memory/memory_engine.hpp"

namespace lapwing::mappings::testing {

using std::chrono_literals::operator""s;
using Ids = std::vector<std::string>;

class StoreQueue final : public ports::QueueSource {
 public:
  explicit StoreQueue(store::Space& space) : space_(space) {}

  Result<ports::QueueFacts> describe(const ports::QueueName& queue) const override;
  net::Task<Result<ports::QueueTaken>> receive(net::Loop& loop, ports::QueueName queue,
                                               ports::QueueAsk ask) override;
  net::Task<Status> remove(net::Loop& loop, ports::QueueName queue,
                           std::vector<store::Receipt> receipts) override;
  net::Task<Status> extend(net::Loop& loop, ports::QueueName queue,
                           std::vector<store::Receipt> receipts, Duration visibility) override;
  std::unique_ptr<ports::QueueWatch> watch(const std::string& arn,
                                           store::Listener& listener) override;

  void refuse(std::optional<Error> error);
  int receives() const;

  bool fifo = false;
  Duration visibility = 30s;

 private:
  store::Space& space_;
  mutable std::mutex mutex_;
  std::optional<Error> error_;
  int receives_ = 0;
};

class ScriptedConsumer final : public Consumer {
 public:
  std::optional<Readiness> ready() override;
  net::Task<std::vector<PlacePtr>> hold(net::Loop& loop, std::uint32_t count) override;
  net::Task<Taken> take(net::Loop& loop, const Batch& batch, PlacePtr place) override;
  net::Task<Taken> take_event(net::Loop& loop, std::string event) override;

  // The next answers, one after another; then all is done.
  void answers(std::vector<Taken> script);
  void set_ready(std::optional<Readiness> now);
  // What comes from now on is answered when it is let go.
  void hold();
  void let_go();
  // A batch with one of these fails, whatever is answered else.
  void poison(std::set<std::string> ids);
  // There are no more places than this to be held.
  void set_places(std::size_t most);
  std::size_t places_held() const;   // now
  std::size_t places_asked() const;  // at once, at most
  // Where the script has ended.
  void usually(Taken answer);

  std::vector<Ids> batches() const;
  std::vector<std::string> events() const;  // as they came
  std::size_t count() const;
  std::size_t at_once() const;       // now
  std::size_t most_at_once() const;  // ever

 private:
  net::Task<Taken> taken(net::Loop& loop, Ids ids);

  mutable std::mutex mutex_;
  std::optional<Readiness> ready_ = Readiness{.room = 1000, .role_arn = "role", .timeout = 3s};
  std::deque<Taken> script_;
  std::vector<Ids> batches_;
  std::vector<std::string> events_;
  std::set<std::string> poison_;
  Taken usual_;
  std::vector<net::OneShotSender<bool>> held_;
  bool holding_ = false;
  std::size_t at_once_ = 0;
  std::size_t places_ = 1000;
  std::size_t places_asked_ = 0;
  std::shared_ptr<std::atomic<std::size_t>> held_places_ =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::size_t most_ = 0;
};

// Keeps what it is given.
class NotedMetrics final : public ports::MetricSink {
 public:
  void put(std::span<const ports::MetricValue> metrics) override {
    const std::scoped_lock lock(mutex_);
    for (const ports::MetricValue& each : metrics) {
      last_ = each;
      sums_[each.name] += each.value;
    }
  }
  double sum(const std::string& name) const {
    const std::scoped_lock lock(mutex_);
    const auto found = sums_.find(name);
    return found != sums_.end() ? found->second : 0;
  }
  ports::MetricValue last() const {
    const std::scoped_lock lock(mutex_);
    return last_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, double> sums_;
  ports::MetricValue last_;
};

Taken failed();
Taken later();
Taken answered(std::string text);

class PollBench {
 public:
  PollBench();
  ~PollBench();

  void send(const Ids& texts, const std::string& group = {});
  void start(QueueMapping mapping);
  void advance(Duration by) { EXPECT_TRUE(time_->advance(by)); }
  void settle() { advance(Duration::zero()); }
  std::uint64_t waiting();  // messages, whatever their state
  const PollerCounts& counts() const { return pollers->counts(); }

  ManualClock clock;
  SystemClock real;
  std::unique_ptr<store::Engine> engine;
  std::optional<StoreQueue> queue;
  SeededRandom random{7};
  NotedMetrics metrics;
  std::shared_ptr<ScriptedConsumer> consumer = std::make_shared<ScriptedConsumer>();
  std::unique_ptr<Pollers> pollers;

 private:
  store::Space& space() { return **engine->space("queue"); }

  lapwing::testing::CapturedLog log_;
  Logger logger_{log_, real, LogLevel::kWarn};
  std::unique_ptr<background::Runner> runner_;
  std::unique_ptr<net::LoopGroup> loops_;
  std::unique_ptr<hosting::ManualTime> time_;
  std::unique_ptr<hosting::SpaceWaker> waker_;
};

}  // namespace lapwing::mappings::testing
