#include "services/scheduler/group_removal.hpp"

#include "services/scheduler/tables.hpp"

namespace lapwing::scheduler {
namespace {

Result<std::vector<Group>> one_deleting(store::Reader& reader) {
  LAPWING_TRY(auto page,
              Groups::list(reader, {.index = std::string(GroupTable::kDeleting), .limit = 1}));
  return std::move(page.records);
}

}  // namespace

Result<std::optional<MonoTime>> GroupRemoval::next_due() {
  std::vector<Group> found;
  LAPWING_CHECK(space_.store().read([&](store::Reader& reader) -> Status {
    LAPWING_TRY(found, one_deleting(reader));
    return {};
  }));
  if (found.empty()) return std::optional<MonoTime>();
  return std::optional(MonoTime());  // now
}

Status GroupRemoval::run_due() {
  LAPWING_CHECK(space_.store().transact([](store::Txn& txn) -> Status {
    LAPWING_TRY(const std::vector<Group> found, one_deleting(txn));
    if (found.empty()) return {};
    const Group& group = found[0];
    LAPWING_TRY(const auto page,
                Schedules::list(txn, {.prefix = schedule_key(group.scope, group.name, ""),
                                      .limit = kRemovalStep}));
    for (const Schedule& each : page.records) {
      LAPWING_CHECK(Dues::erase(txn, ScheduleTable::key(each)));
      LAPWING_CHECK(Schedules::erase(txn, ScheduleTable::key(each)));
    }
    if (page.next) return {};
    return Groups::erase(txn, GroupTable::key(group));
  }));
  return {};
}

}  // namespace lapwing::scheduler
