// One shard of a mapping's stream at work (stream_poller.hpp): read, handed over, kept how far it
// is.
//
// Its records are in order: a batch begins when the one before it is done or given up, and after
// that is on disk. With a parallelisation factor this holds for each lane, to which records go by
// their keys; what is kept is how far all lanes are without a gap.
//
// It reads when there is something new, as far as its consumer has room, and no more ahead than one
// batch a lane. While a batch waits to be tried again, the shard waits.
//
// Thread-safety: on_signal(), wake() and end() from any thread; the rest on the team's loop.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "background/runner.hpp"
#include "mappings/checkpoint.hpp"
#include "mappings/shard_lane.hpp"
#include "mappings/shard_records.hpp"
#include "mappings/stream_team.hpp"
#include "net/sync.hpp"
#include "net/task.hpp"
#include "store/signal.hpp"

namespace lapwing::mappings {

class ShardReader final : public Woken,
                          public store::Listener,
                          public std::enable_shared_from_this<ShardReader> {
 public:
  // `state`: of the window that the checkpoint says has begun.
  ShardReader(std::shared_ptr<StreamTeam> team, Checkpoint from, std::string state);
  ~ShardReader() override;

  void listen();
  void on_signal() noexcept override;
  void wake() override;
  void end();
  // The team's mapping has changed.
  void changed(const StreamMapping& before);
  // The shard is not there any more: nothing is read or tried again. The poller is told once
  // nothing of it is at work.
  void leave() { left_ = true; }
  bool is_left() const { return left_; }
  // Nothing of it is at work.
  bool at_rest() const { return !working_ && running_ == 0; }

 private:
  struct Window {
    std::int64_t start_ms = 0;
    bool early = false;
    std::string state = {};
  };
  // What an attempt is made of.
  struct Attempt {
    std::string event;
    std::vector<std::string> ids;  // of its records
    std::optional<std::int64_t> window_ms;
    bool final = false;  // of a window
  };

  net::Task<void> work(std::shared_ptr<ShardReader> self);
  net::Task<void> look();
  net::Task<void> read(const Readiness& ready);
  net::Task<void> run(std::shared_ptr<ShardReader> self, std::size_t lane);
  net::Task<bool> check_kept(const Readiness& ready);
  net::Task<bool> commit();
  net::Task<void> finish();
  void begin_work();
  void rest();
  void take_in(ports::ShardBatch got, const StreamMapping& mapping);
  void close_open(MonoTime now);
  void begin_runs(const std::optional<Readiness>& ready);
  bool begin_run(std::size_t lane, const std::optional<Readiness>& ready);
  bool has_work(const ShardLane& lane) const;
  bool may_read(const std::optional<Readiness>& ready);
  ports::StreamAsk ask() const;
  ports::StreamPosition behind(const std::string& sequence) const;
  std::optional<Attempt> next_attempt(ShardLane& lane);
  bool settle(ShardLane& lane, const Attempt& attempt, const Taken& taken);
  bool settle_final(ShardLane& lane, const Taken& taken);
  void collect(ShardLane& lane, const std::string& role_arn);
  void notice(const ShardLane& lane, const GivenUp& what, const std::string& role_arn);
  void passed(const std::vector<std::uint64_t>& places);
  void back_off(ShardLane& lane);
  void throttled();
  bool window_over() const;
  Checkpoint checkpoint() const;
  void refused(const Error& error);
  void set_alarm(MonoTime when);
  void wait_for_bytes();
  void sleep_pause();
  void reset();
  void note(const Attempt& attempt, const Taken& taken);
  const StreamMapping& mapping() const { return *team_->mapping; }

  const std::shared_ptr<StreamTeam> team_;
  const PollerNeeds& needs_;
  net::Loop& loop_;
  const std::string shard_;

  std::atomic<bool> signalled_{false};
  std::atomic<bool> told_{false};  // by the source
  bool working_ = false;           // work() runs
  bool look_again_ = false;
  std::uint32_t running_ = 0;  // batches

  ShardRecords records_;
  std::vector<ShardLane> lanes_;
  std::optional<Window> window_;
  bool state_changed_ = false;  // since the last commit
  bool unread_ = true;          // there may be something to read
  bool read_all_ = false;       // the shard is closed, and was read to its end
  bool over_ = false;           // all of it is done
  bool left_ = false;           // the shard is gone
  bool anew_ = false;           // what is held is to be left out, once nothing runs
  std::int64_t tip_ms_ = 0;     // all that had arrived by then was read
  patterns::Match match_;

  bool dirty_ = false;  // there is something to commit
  bool committing_ = false;
  net::Event committed_;
  std::vector<GivenUpNotice> notices_;  // for the next commit

  bool sleeping_ = false;                      // until the team's pause ends
  MonoTime alarm_at_{};                        // the next, by the server's clock; past: none
  Duration refused_again_{};                   // zero: the source answers
  MonoTime refused_until_{};                   // by the server's clock
  background::Hold hold_;                      // while there is something to do at once
  std::unique_ptr<ports::StreamWatch> watch_;  // with the team's mutex
};

}  // namespace lapwing::mappings
