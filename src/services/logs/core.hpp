// What the operations work on: the service's parts, and what they all ask of a request.
// No http, no json, no sql here or in operations/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aws/caller.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "services/logs/budget.hpp"
#include "services/logs/event_log.hpp"
#include "services/logs/following/follow_list.hpp"
#include "services/logs/following/live_tails.hpp"
#include "services/logs/repository.hpp"
#include "services/logs/sink.hpp"

namespace lapwing::net {
class WorkerPool;
}

namespace lapwing::logs {

class Following;

struct Core {
  Core(store::Store& store, store::Log& log, const Clock& wall, Random& random, Logger& logger,
       const LogLimits& limits = {}, const Clock* real = nullptr)
      : clock(&wall),
        real_clock(real == nullptr ? &wall : real),
        log(&logger),
        repository(store, random),
        events(log),
        budget(limits, events),
        sink(repository, events, budget, deletion, follows, wall, logger) {}

  const Clock* clock;
  // What functions and clients stamp events by, though the service's may be moved by hand.
  const Clock* real_clock;
  Logger* log;
  Repository repository;
  EventLog events;
  LogBudget budget;
  DeletionGate deletion;
  FollowList follows;
  SinkWriter sink;
  LiveTails tails{follows};
  // From the service's start on; null in tests of what does not follow.
  Following* following = nullptr;
  net::WorkerPool* workers = nullptr;

  std::int64_t now_ms() const { return unix_ms(clock->wall()); }
  std::int64_t real_now_ms() const { return unix_ms(real_clock->wall()); }
  // Where the service's clock is moved by hand, what an event says of its time tells nothing of its
  // age: retention counts from when it came.
  bool ages_by_ingestion() const { return real_clock != clock; }
};

using aws::scope_of;

// A group is named by name, or by identifier (a name or an ARN), never by both.
Result<std::string> group_name(const Scope& scope, const std::optional<std::string>& name,
                               const std::optional<std::string>& identifier);
// Where the identifier is a name or ARN of a group that is there.
Result<Group> find_group(Core& core, const Scope& scope, const std::string& identifier);
// The group's name out of its ARN (":*" at the end allowed), if it is one of this scope's.
std::optional<std::string> name_in_arn(const Scope& scope, std::string_view arn);

// Events older than this have expired, whether they were taken away yet or not.
std::int64_t retention_start_ms(const Group& group, std::int64_t now_ms);
// Leaves out of `range` what has expired.
void keep_retention(const Core& core, const Group& group, EventRange& range);

// Writes function output still in memory, so that a read sees it. A disk that refuses does
// not keep anyone from reading what it has.
void flush_for_reading(Core& core, const Scope& scope, std::string_view group,
                       std::optional<std::string_view> stream = {});

// Whether there is disk space for a new group or stream.
Status check_room(Core& core);

// Takes away what deleted groups and streams have left; answers with the first error.
Status sweep_dropped(Core& core);
// Removes expired events of every group.
Status expire_events(Core& core);

}  // namespace lapwing::logs
