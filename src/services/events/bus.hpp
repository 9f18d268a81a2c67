// A bus, a rule, an archive, a replay: what their records say. No events, no wire, no store.
//
// Thread-safety: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gen/events/shape/target.hpp"
#include "policy/document.hpp"
#include "services/events/names.hpp"

namespace lapwing::events {

struct Bus {
  BusAddress address;
  std::int64_t created_ms = 0;
  std::int64_t modified_ms = 0;
  std::optional<std::string> description;
  std::optional<std::string> dead_letter_arn;
  std::optional<std::string> log_level;
  std::optional<std::string> log_detail;
  std::string policy;
  std::map<std::string, std::string> tags;

  std::shared_ptr<const policy::Document> document;  // the policy, read
};
using BusPtr = std::shared_ptr<const Bus>;

struct Rule {
  RuleAddress address;
  // Never the same for two rules, even of one name: what is under way to a deleted rule's targets
  // does not go to its successor's.
  std::string id;
  std::optional<std::string> pattern;
  std::optional<std::string> schedule;
  std::string state = "ENABLED";
  std::optional<std::string> description;
  std::optional<std::string> role_arn;
  AccountId created_by;
  // Since when a rate() counts: made, enabled, or given another schedule.
  std::int64_t anchor_ms = 0;
  std::map<std::string, std::string> tags;
  std::vector<std::string> target_texts;  // as JSON, in the order they were put
  // By target id: never the same for two targets, even of one id. One that is removed and put again
  // gets nothing that was on its way to the one before, and loses nothing with it. Targets that
  // older programs have put have none.
  std::map<std::string, std::string> target_marks;

  std::vector<gen::events::Target> targets;  // the same, read

  bool enabled() const { return state != "DISABLED"; }
  // Null: there is none.
  const gen::events::Target* find_target(std::string_view target_id) const;
  // Empty: it has none.
  std::string_view mark_of(std::string_view target_id) const;
};
using RulePtr = std::shared_ptr<const Rule>;

// A target as it is kept, and read again. All members.
std::string target_text(const gen::events::Target& target);
Result<gen::events::Target> read_target(std::string_view text);

// Who gets an event, by name in the outbox: a target of a rule. "RULE/TARGET/ID.MARK", and
// "RULE/TARGET/ID" where the target has no mark.
std::string addressee(const Rule& rule, std::string_view target_id);
struct Addressee {
  std::string rule_id;
  std::string target_id;
  std::string mark;
};
Addressee read_addressee(std::string_view text);

struct Archive {
  aws::Scope scope;
  std::string name;
  std::string id;        // the name of its log's stream
  std::string bus_name;  // of the same scope
  std::optional<std::string> pattern;
  std::optional<std::string> description;
  std::int32_t retention_days = 0;  // 0: forever
  std::int64_t created_ms = 0;

  std::string key() const;
  std::string arn() const { return events_arn(scope, "archive/" + name); }
  BusAddress bus() const { return {scope, bus_name}; }
  std::string stream() const { return "archive/" + id; }
};
using ArchivePtr = std::shared_ptr<const Archive>;

struct Replay {
  aws::Scope scope;
  std::string name;
  std::string archive_name;
  std::string archive_id;
  std::string bus_name;
  std::vector<std::string> filter_arns;  // rules; empty: all
  std::optional<std::string> description;
  std::string state;
  std::string state_reason;
  std::int64_t from_ms = 0;   // inclusive
  std::int64_t until_ms = 0;  // exclusive
  std::int64_t started_ms = 0;
  std::int64_t ended_ms = 0;
  // The last event replayed.
  std::int64_t last_ms = 0;
  std::uint64_t last_sequence = 0;

  std::string key() const;
  std::string arn() const { return events_arn(scope, "replay/" + name); }
  std::string archive_arn() const { return events_arn(scope, "archive/" + archive_name); }
  bool active() const { return state == "STARTING" || state == "RUNNING" || state == "CANCELLING"; }
};
using ReplayPtr = std::shared_ptr<const Replay>;

}  // namespace lapwing::events
