// One mapping of a queue at work (pollers.hpp).
//
// It takes messages only as far as its consumer has room for their batches, so that what cannot be
// run is not received: many batches at once where there is room for many. A batch for which there
// is none after all (others were quicker) keeps its messages invisible until there is some.
//
// Thread-safety: on_signal(), wake(), change(), stop() and trouble() from any thread; the rest on
// its loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "background/runner.hpp"
#include "base/crowd_limit.hpp"
#include "mappings/batch.hpp"
#include "mappings/pollers.hpp"
#include "net/loop.hpp"
#include "net/task.hpp"
#include "store/signal.hpp"

namespace lapwing::mappings {

class QueuePoller final : public Poller,
                          public store::Listener,
                          public std::enable_shared_from_this<QueuePoller> {
 public:
  QueuePoller(std::shared_ptr<PollerShared> shared, net::Loop& loop, const std::string& id,
              QueueMapping mapping, std::shared_ptr<Consumer> consumer);

  // Hears of the queue from here on, and looks at it.
  void listen();
  void on_signal() noexcept override;
  void wake() override;
  void change(QueueMapping mapping, std::shared_ptr<Consumer> consumer);
  void stop(UniqueFunction<void()> done) override;
  void end() override;
  PollerFacts facts() const override;
  std::optional<Error> trouble() const override;

 private:
  // Tasks of their own keep it, from before their first step on.
  net::Task<void> work(std::shared_ptr<QueuePoller> self);
  net::Task<void> look();
  net::Task<void> run(std::shared_ptr<QueuePoller> self, Batch batch, PlacePtr place);
  net::Task<bool> keep(Batch& batch, const Readiness& ready);
  net::Task<void> finish(const Batch& batch, const Taken& taken, const std::string& role_arn);
  net::Task<void> remove(std::vector<store::Receipt> receipts, const std::string& role_arn);
  std::size_t room(std::uint32_t of_consumer) const;
  std::optional<ports::QueueAsk> ask(const Readiness& ready, std::size_t free) const;
  void take_in(ports::QueueTaken taken, std::vector<store::Receipt>& unwanted);
  void close_open();
  void begin_closed(const std::optional<Readiness>& ready, std::vector<PlacePtr> places);
  void throttled();
  void begin_work();
  void wait_for_room();
  void set_alarm(MonoTime when);
  void refused(const Error& error);
  void set_trouble(std::optional<Error> error);
  void rest();
  // `failed`: the places of those that are not done; null: as `taken` says.
  void note(const Batch& batch, const Taken& taken, const std::vector<std::size_t>* failed);
  void note_filtered(const ports::QueueRecord& record);
  void tell(std::string result);
  void put_metrics() { meter_.put(needs_.metrics, needs_.clock.wall()); }

  const std::shared_ptr<PollerShared> shared_;
  const PollerNeeds& needs_;
  ports::QueueSource& queues_;
  net::Loop& loop_;
  QueueMapping mapping_;
  std::shared_ptr<Consumer> consumer_;
  CrowdLimit crowd_;
  Meter meter_;
  patterns::Match match_;

  std::atomic<bool> signalled_{false};
  std::atomic<bool> told_{false};  // by the source
  bool working_ = false;           // work() runs
  bool look_again_ = false;        // something came while it did
  bool stopping_ = false;
  std::vector<UniqueFunction<void()>> stopped_;
  std::atomic<std::uint32_t> at_work_{0};  // batches; changed on the loop
  std::size_t hopes_ = 1;                  // batches that may be there: no more places are held
  Batch open_;                             // waits for more, until window_ends_
  MonoTime window_ends_{};                 // by the server's clock
  std::deque<Batch> closed_;               // wait for room
  MonoTime paused_until_{};                // by the loop's
  bool sleeping_ = false;                  // until then
  MonoTime alarm_at_{};                    // the next, by the server's clock; past: none
  Duration refused_again_{};               // zero: the source answers
  MonoTime refused_until_{};               // by the server's clock
  background::Hold hold_;                  // while there is something to do at once
  std::unique_ptr<ports::QueueWatch> watch_;
  mutable std::mutex result_mutex_;
  std::string last_result_;          // with the mutex
  std::int64_t last_result_ms_ = 0;  // the same; since the epoch
  std::optional<Error> trouble_;     // the same
};

}  // namespace lapwing::mappings
