// What deleted groups leave: their schedules go in steps, then the group. Over crashes, by the
// record that says it is being deleted.
//
// Thread-safety: as DueSource.
#pragma once

#include "base/due_source.hpp"
#include "store/engine.hpp"

namespace lapwing::scheduler {

class GroupRemoval final : public DueSource {
 public:
  explicit GroupRemoval(store::Space& space) : space_(space) {}

  Result<std::optional<MonoTime>> next_due() override;
  Status run_due() override;

 private:
  store::Space& space_;
};

}  // namespace lapwing::scheduler
