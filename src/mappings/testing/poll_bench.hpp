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

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
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
  net::Task<Taken> take(net::Loop& loop, const Batch& batch) override;

  // The next answers, one after another; then all is done.
  void answers(std::vector<Taken> script);
  void set_ready(std::optional<Readiness> now);
  // What comes from now on is answered when it is let go.
  void hold();
  void let_go();

  std::vector<Ids> batches() const;
  std::size_t count() const;
  std::size_t at_once() const;       // now
  std::size_t most_at_once() const;  // ever

 private:
  mutable std::mutex mutex_;
  std::optional<Readiness> ready_ = Readiness{.room = 1000, .role_arn = "role", .timeout = 3s};
  std::deque<Taken> script_;
  std::vector<Ids> batches_;
  std::vector<net::OneShotSender<bool>> held_;
  bool holding_ = false;
  std::size_t at_once_ = 0;
  std::size_t most_ = 0;
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
