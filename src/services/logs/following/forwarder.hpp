// From the log to those who follow a group: reads what was written, as far as it was not read yet,
// and puts what filters want into the outbox, in the transaction that notes how far it has read.
//
//   Forwarder forwarder({...});
//   LAPWING_CHECK(forwarder.load());           // before anything is written
//   auto task = background.when_due("logs.subscriptions", forwarder);
//   forwarder.begin([&task] { task.notify(); });
//   ... forwarder.change_subscriptions(group, [&](store::Txn& txn) -> Status { ... });
//
// The log is the buffer: what is on disk there is delivered, also after a kill. While a
// subscription of a group has kDeliveriesWaitingMax deliveries to come, or the disk has nothing but
// its reserve, the group is read no further. A stream that fails holds up no other, and a chunk
// that nobody can read is passed. Where a power loss has taken the log's last moments, load() goes
// back to where it ends.
//
// Positions (positions.hpp) lie in the space `logs`, filters with the groups in the engine's own
// store.
//
// Thread-safety: any thread. load() and begin() once each, by one.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/function_ref.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/unique_function.hpp"
#include "delivery/outbox.hpp"
#include "os/disk_space.hpp"
#include "ports/metric_sink.hpp"
#include "services/logs/following/follow_list.hpp"
#include "services/logs/following/outgoing.hpp"
#include "services/logs/following/positions.hpp"
#include "services/logs/following/round.hpp"
#include "store/engine.hpp"

namespace lapwing::logs {

// All outlive it.
struct ForwarderNeeds {
  store::Store& store;  // where groups and filters are
  store::Log& log;
  store::Space& space;
  Repository& repository;
  FollowList& follows;
  Outgoing& outgoing;
  delivery::Outbox& outbox;
  const Clock& clock;
  Random& random;
  Logger& logger;
  ports::MetricSink* metrics = nullptr;  // null: metric filters count nothing
  const os::DiskSpace* disk = nullptr;   // null: not asked
};

class Forwarder final : public Watcher, public DueSource {
 public:
  explicit Forwarder(const ForwarderNeeds& needs)
      : needs_(needs), positions_(needs.space.store()) {}

  Status load();
  // Whom to tell that there is something to do, until the end.
  void begin(UniqueFunction<void()> wake);
  void end();

  // One transaction that changes filters of the group. What was written before goes by the filters
  // as they were, what is written from its answer on as they are.
  Status change_subscriptions(const FollowedGroup& group, FunctionRef<Status(store::Txn&)> write);
  Status change_metrics(const FollowedGroup& group, FunctionRef<Status(store::Txn&)> write);
  // The group is gone, or (a mark of Repository::dropped()) a stream.
  void forget(const std::string& group_uid);
  Status forget_positions(const std::string& mark) { return positions_.forget(mark); }

  // Of Watcher.
  void wrote(const StreamTarget& target, std::string_view stream) override;
  // Of DueSource.
  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

  std::uint64_t forwarded() const { return forwarded_; }  // events put into the outbox
  std::uint64_t too_large() const { return too_large_; }  // events that fit into no delivery

 private:
  Status change(const FollowedGroup& group, FunctionRef<Status(store::Txn&)> write);
  // The group's filters as they are recorded.
  Status read_filters(store::Reader& reader, GroupFilters& into) const;
  // Puts them in the place of those there were; without any the group is not followed any more.
  void replace(GroupFilters now);
  Status take_up(const GroupFilters& group);
  // Everything noted of one group, as far as there is room.
  Status catch_up(const std::string& group_uid);
  // A stream as noted; what of it is not read yet is noted again.
  using Noted = std::map<StreamTarget, std::string>::node_type;
  Status forward_noted(Noted noted);
  enum class Reached : std::uint8_t { kEnd, kNoRoom };
  Result<Reached> forward(const StreamTarget& target, const std::string& stream);
  Result<bool> has_room(const GroupFilters& group) const;
  Status commit(const StreamTarget& target, store::LogSequence next, Round& round);

  const ForwarderNeeds needs_;
  Positions positions_;
  std::atomic<std::uint64_t> forwarded_{0};
  std::atomic<std::uint64_t> too_large_{0};

  std::mutex working_;                          // one thread reads and changes at a time
  std::map<std::string, GroupFilters> groups_;  // by uid; with working_

  std::mutex mutex_;
  std::map<StreamTarget, std::string> written_;  // streams' names; with mutex_
  // The same, for want of room or after a failure, and when they are tried again; with mutex_.
  std::map<StreamTarget, std::string> held_;
  std::optional<MonoTime> look_at_;
  std::optional<MonoTime> told_;  // of a failure; of run_due() alone
  UniqueFunction<void()> wake_;   // with mutex_
};

}  // namespace lapwing::logs
