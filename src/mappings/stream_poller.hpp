// One mapping of a stream at work (pollers.hpp): its shards, parents first.
//
// The way of a record:
//
// 1. Shards are listed once, and again when one has ended. One is read when all it came from is
//    done. It goes on behind its checkpoint; without one it begins with its oldest record (or at a
//    time): who begins with the newest has written checkpoints before.
// 2. The shard signals; its reader reads, as far as there is room and no further ahead than a batch
//    a lane. What no filter wants is passed at once.
// 3. A batch ends at its size, at 6 MB, with its window, with its tumbling window, or when the one
//    before it is done. Of a lane one is at work; keys choose lanes.
// 4. What comes of it is one transaction: how far all lanes are without a gap, the window's state,
//    what a destination is told of records that were given up. The next batch begins after it.
// 5. What failed is tried again after one second, then twice as long up to a minute; what had no
//    room sooner, and that counts as no retry. Before each further attempt it is seen whether the
//    stream still has the records.
//
// A shard that is not there any more, as a read and the list say, is left once nothing of it is at
// work. Of shards that are not listed and not at work nothing is kept.
//
// A tumbling window is over when the clock has passed its end and the shard was read to its tip
// after that, with a record of a later one, or with the shard. Its last invocation has no records.
//
// How often a batch was tried is not kept: after a crash it has all its retries again.
//
// Thread-safety: wake(), change(), stop(), end(), facts() and last_result() from any thread; the
// rest on its loop.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "background/runner.hpp"
#include "mappings/checkpoint.hpp"
#include "mappings/shard_reader.hpp"
#include "mappings/stream_team.hpp"
#include "net/task.hpp"

namespace lapwing::mappings {

class StreamPoller final : public Poller, public std::enable_shared_from_this<StreamPoller> {
 public:
  StreamPoller(std::shared_ptr<PollerShared> shared, net::Loop& loop, const std::string& id,
               StreamMapping mapping, std::shared_ptr<Consumer> consumer);

  void listen();
  void wake() override;
  void consumer_changed() override;
  void change(StreamMapping mapping, std::shared_ptr<Consumer> consumer);
  void stop(UniqueFunction<void()> done) override;
  void end() override;
  PollerFacts facts() const override;
  std::string last_result() const override;

 private:
  net::Task<void> work(std::shared_ptr<StreamPoller> self);
  net::Task<void> look();
  net::Task<void> own();
  net::Task<void> list();
  bool end_left();
  void leave_missing(const std::set<std::string>& there);
  net::Task<void> forget(const std::set<std::string>& there);
  void begin_work();
  void refused(std::string_view what, const Error& error);
  void begin_shards(const std::vector<ports::StreamShard>& shards);
  bool is_over(const std::string& shard) const;
  void rest();
  const StreamMapping& mapping() const { return *team_->mapping; }

  const std::shared_ptr<StreamTeam> team_;
  const PollerNeeds& needs_;
  net::Loop& loop_;

  std::atomic<bool> signalled_{false};
  std::atomic<bool> consumer_told_{false};
  bool working_ = false;
  bool look_again_ = false;
  bool owned_ = false;
  bool unlisted_ = true;  // there may be other shards
  OwnedCheckpoints checkpoints_;
  std::map<std::string, std::shared_ptr<ShardReader>> readers_;  // with the team's mutex
  std::vector<UniqueFunction<void()>> stopped_;
  std::shared_ptr<StreamPoller> self_;  // while it stops
  Duration refused_again_{};
  MonoTime refused_until_{};  // by the server's clock
  background::Hold hold_;
};

}  // namespace lapwing::mappings
