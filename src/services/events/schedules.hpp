// Rules with a schedule: each occurrence is an event for the rule's own targets.
//
// The next occurrence of each rule is in memory, worked out of its expression; nothing is stored.
// What was missed while the server was down is not caught up: EventBridge promises no time, and a
// rule that made up for a night's minutes at once would surprise its targets.
//
// Thread-safety: changed() by one thread at a time; the rest as DueSource.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "background/runner.hpp"
#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "base/random.hpp"
#include "journal/event_facts.hpp"
#include "schedule/expression.hpp"
#include "services/events/bus.hpp"
#include "services/events/intake.hpp"
#include "store/store.hpp"

namespace lapwing::events {

class Schedules final : public DueSource {
 public:
  Schedules(const Clock& clock, Random& random, const Intake& intake, store::Store& store)
      : clock_(clock), random_(random), intake_(intake), store_(store) {}

  void begin(background::Runner& runner) {
    task_ = runner.when_due("events.schedules", *this);
    task_.notify();
  }
  void stop() { task_.reset(); }

  // Watches the shelf of rules.
  void changed(const RulePtr& before, const RulePtr& after);

  // When each rule is due next, in that order.
  journal::EventPage facts(const journal::EventAsk& ask) const;

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

 private:
  struct Planned {
    RulePtr rule;
    schedule::Expression expression;
    WallTime due;
  };
  // With mutex_.
  void plan(const RulePtr& rule, schedule::Expression expression, WallTime after);
  void forget(const std::string& rule_id);
  Event event_of(const Rule& rule, WallTime due) const;

  const Clock& clock_;
  Random& random_;
  const Intake& intake_;
  store::Store& store_;
  background::Task task_;
  mutable std::mutex mutex_;
  std::map<std::string, Planned> planned_;              // by the rule's id
  std::set<std::pair<WallTime, std::string>> in_turn_;  // when, and the rule's id
};

}  // namespace lapwing::events
