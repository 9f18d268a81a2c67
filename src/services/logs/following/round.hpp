// What was found in one piece of a stream, for all filters of its group: postings for the outbox,
// values of metrics.
//
// Thread-safety: one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "delivery/posting.hpp"
#include "ports/metric_sink.hpp"
#include "services/logs/event_log.hpp"
#include "services/logs/filter/pattern.hpp"
#include "services/logs/following/awslogs.hpp"
#include "services/logs/following/metric_count.hpp"
#include "services/logs/following/records.hpp"
#include "store/log_types.hpp"

namespace lapwing::logs {

struct FollowedGroup {
  Scope scope;
  std::string name;
  std::string uid;
};

struct Subscribed {
  SubscriptionFilter filter;
  FilterPattern pattern;
};

struct GroupFilters {
  FollowedGroup group;
  std::vector<Subscribed> subscriptions;
  std::vector<MetricRule> metrics;
  bool wanted() const { return !subscriptions.empty() || !metrics.empty(); }
};

class Round {
 public:
  // All outlive it.
  Round(const Clock& clock, Random& random, const GroupFilters& group, const StreamTarget& target,
        std::string_view stream);

  Status take(const store::LogRecord& record);
  void finish();

  const std::vector<delivery::Posting>& postings() const { return postings_; }
  const std::vector<ports::MetricValue>& values() const { return values_; }
  std::uint64_t events() const { return events_; }        // in the postings
  std::uint64_t too_large() const { return too_large_; }  // that fit into none

 private:
  // The delivery that is being filled for one subscription.
  struct Lane {
    const Subscribed* to;
    AwslogsBuilder builder;
    std::string chain;
  };

  void take(Lane& lane, const Place& place, std::string_view message, std::string_view chain);
  void close(Lane& lane);

  const Clock& clock_;
  Random& random_;
  const StreamTarget& target_;
  std::vector<Lane> lanes_;
  std::vector<MetricCount> counts_;
  std::vector<delivery::Posting> postings_;
  std::vector<ports::MetricValue> values_;
  std::uint64_t events_ = 0;
  std::uint64_t too_large_ = 0;
};

}  // namespace lapwing::logs
