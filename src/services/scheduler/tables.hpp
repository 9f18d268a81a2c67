// The records of schedules and groups. When a schedule is due stands in a small record of its own,
// by whose index the next one is found: nothing is kept in memory, and an occurrence does not
// write the schedule.
#pragma once

#include <string>
#include <string_view>

#include <fmt/core.h>

#include "resources/table.hpp"
#include "services/scheduler/schedule.hpp"

namespace lapwing::scheduler {

inline std::string schedule_key(const aws::Scope& scope, std::string_view group,
                                std::string_view name) {
  return resources::scoped_key(scope, fmt::format("{}/{}", group, name));
}

struct ScheduleTable {
  using Record = Schedule;
  static constexpr std::string_view kKind = "scheduler.schedule";
  static constexpr int kFormat = 1;

  static std::string key(const Schedule& each) {
    return schedule_key(each.scope, each.group, each.name);
  }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    resources::scope_fields(f, each.scope);
    f("group", each.group);
    f("name", each.name);
    f("expression", each.expression);
    f("zone", each.zone);
    f("start", each.start_ms);
    f("end", each.end_ms);
    f("description", each.description);
    f("enabled", each.enabled);
    f("delete_when_over", each.delete_when_over);
    f("flexible", each.flexible);
    f("window", each.window_minutes);
    f("target", each.target);
    f("created", each.created_ms);
    f("modified", each.modified_ms);
    f("anchor", each.anchor_ms);
  }
};
using Schedules = resources::Table<ScheduleTable>;

struct GroupTable {
  using Record = Group;
  static constexpr std::string_view kKind = "scheduler.group";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kDeleting = "deleting";

  static std::string key(const Group& each) { return resources::scoped_key(each.scope, each.name); }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    resources::scope_fields(f, each.scope);
    f("name", each.name);
    f("deleting", each.deleting);
    f("created", each.created_ms);
    f("modified", each.modified_ms);
    f("tags", each.tags);
  }
  static void terms(const Group& each, resources::Terms& terms) {
    if (each.deleting) terms.push_back({std::string(kDeleting), "yes"});
  }
};
using Groups = resources::Table<GroupTable>;

struct DueTable {
  using Record = Due;
  static constexpr std::string_view kKind = "scheduler.due";
  static constexpr int kFormat = 1;
  static constexpr std::string_view kDue = "due";

  static std::string key(const Due& each) {
    return schedule_key(each.scope, each.group, each.name);
  }

  template <class Fields, class R>
  static void fields(Fields& f, R& each) {
    resources::scope_fields(f, each.scope);
    f("group", each.group);
    f("name", each.name);
    f("zone", each.zone);
    f("occurrence", each.occurrence_ms);
    f("due", each.due_ms);
  }
  static void terms(const Due& each, resources::Terms& terms) {
    terms.push_back({std::string(kDue), fmt::format("{:020}", each.due_ms)});
  }
};
using Dues = resources::Table<DueTable>;

}  // namespace lapwing::scheduler
