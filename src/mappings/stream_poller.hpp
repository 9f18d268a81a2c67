// One mapping of a stream at work (pollers.hpp): its shards, parents first.
//
// A shard is read once all that it came from is done; its checkpoint says where it goes on. Which
// shards there are is asked at the start and when one has ended.
//
// Thread-safety: wake(), change(), stop(), end() and last_result() from any thread; the rest on its
// loop.
#pragma once

#include <atomic>
#include <map>
#include <memory>
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
  std::string last_result() const override;

 private:
  net::Task<void> work(std::shared_ptr<StreamPoller> self);
  net::Task<void> look();
  net::Task<void> own();
  net::Task<void> list();
  net::Task<void> forget(std::vector<std::string> shards);
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
