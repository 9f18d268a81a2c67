#include "services/events/schedules.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/core.h>

#include "schedule/occurrence.hpp"
#include "text/json_writer.hpp"

namespace lapwing::events {
namespace {

// Occurrences written in one transaction.
constexpr std::size_t kTogether = 500;

bool runs(const RulePtr& rule) {
  return rule != nullptr && rule->schedule && !rule->schedule->empty() && rule->enabled();
}

}  // namespace

void Schedules::changed(const RulePtr& before, const RulePtr& after) {
  {
    const std::lock_guard lock(mutex_);
    if (before != nullptr) forget(before->id);
    if (!runs(after)) return;
    // What is kept was read when it came.
    if (auto expression = schedule::parse(*after->schedule, schedule::Dialect::kRule)) {
      plan(after, *std::move(expression), clock_.wall());
    }
  }
  task_.notify();
}

void Schedules::plan(const RulePtr& rule, schedule::Expression expression, WallTime after) {
  const schedule::Frame frame{.anchor = wall_from_unix_ms(rule->anchor_ms)};
  const auto due = schedule::next(expression, frame, after);
  if (!due) return;
  in_turn_.emplace(*due, rule->id);
  planned_.insert_or_assign(rule->id, Planned{rule, std::move(expression), *due});
}

void Schedules::forget(const std::string& rule_id) {
  const auto found = planned_.find(rule_id);
  if (found == planned_.end()) return;
  in_turn_.erase({found->second.due, rule_id});
  planned_.erase(found);
}

// A place is when one is due, in nanoseconds, and its rule's id: "NS ID".
journal::EventPage Schedules::facts(const journal::EventAsk& ask) const {
  std::pair<WallTime, std::string> after;
  if (const std::size_t blank = ask.after.find(' '); blank != std::string::npos) {
    std::int64_t ns = 0;
    std::from_chars(ask.after.data(), ask.after.data() + blank, ns);
    after = {WallTime(Duration(ns)), ask.after.substr(blank + 1)};
  }
  journal::EventPage out;
  std::size_t left = journal::looked_at(ask);
  const std::lock_guard lock(mutex_);
  auto at = ask.after.empty() ? in_turn_.begin() : in_turn_.upper_bound(after);
  for (; at != in_turn_.end(); ++at) {
    const RulePtr& rule = planned_.at(at->second).rule;
    journal::EventRow row{
        .what = "rule", .name = rule->address.arn(), .due_ms = unix_ms(at->first)};
    if (passes(ask, row)) out.rows.push_back(std::move(row));
    if (out.rows.size() < ask.max && --left > 0) continue;
    out.next = fmt::format("{} {}", at->first.time_since_epoch().count(), at->second);
    return out;
  }
  return out;
}

Result<std::optional<MonoTime>> Schedules::next_due() {
  const std::lock_guard lock(mutex_);
  if (in_turn_.empty()) return std::nullopt;
  return clock_.mono() + std::max(Duration::zero(), in_turn_.begin()->first - clock_.wall());
}

Event Schedules::event_of(const Rule& rule, WallTime due) const {
  const std::vector<std::string> resources{rule.address.arn()};
  Event out;
  out.id = make_uuid(random_);
  out.time_ms = unix_ms(due);
  out.ingested_ms = unix_ms(clock_.wall());
  out.json = envelope_json({.id = out.id,
                            .detail_type = "Scheduled Event",
                            .source = "aws.events",
                            .scope = rule.address.bus.scope,
                            .time = due,
                            .resources = &resources,
                            .detail = "{}"})
                 .value_or(std::string());
  return out;
}

Status Schedules::run_due() {
  std::vector<Planned> due;
  {
    const std::lock_guard lock(mutex_);
    const WallTime now = clock_.wall();
    for (auto at = in_turn_.begin();
         at != in_turn_.end() && at->first <= now && due.size() < kTogether; ++at) {
      due.push_back(planned_.at(at->second));
    }
  }
  if (due.empty()) return {};
  Routed routed;
  for (const Planned& each : due) {
    intake_.route_to({each.rule}, event_of(*each.rule, each.due), routed);
  }
  if (!routed.empty()) {
    LAPWING_CHECK(intake_.check_room());  // they come when there is some
    const auto written =
        store_.transact([&](store::Txn& txn) { return intake_.write(txn, routed); });
    if (!written) return fail(written.error());
  }
  const std::lock_guard lock(mutex_);
  for (Planned& each : due) {
    const auto found = planned_.find(each.rule->id);
    // Changed meanwhile: it is planned again already.
    if (found == planned_.end() || found->second.due != each.due) continue;
    const RulePtr rule = found->second.rule;
    schedule::Expression expression = std::move(found->second.expression);
    forget(rule->id);
    // Of those that the clock has jumped over, the last one is enough.
    const schedule::Frame frame{.anchor = wall_from_unix_ms(rule->anchor_ms)};
    plan(rule, std::move(expression), each.due);
    const auto planned = planned_.find(rule->id);
    if (planned == planned_.end() || planned->second.due > clock_.wall()) continue;
    const auto latest =
        schedule::latest(planned->second.expression, frame, each.due, clock_.wall());
    if (!latest || *latest == planned->second.due) continue;
    in_turn_.erase({planned->second.due, rule->id});
    planned->second.due = *latest;
    in_turn_.emplace(*latest, rule->id);
  }
  return {};
}

}  // namespace lapwing::events
