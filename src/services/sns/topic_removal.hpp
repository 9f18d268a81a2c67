// What deleted topics leave: the records of their subscriptions go in steps. Over crashes, by a
// record that says so.
//
// Thread-safety: as its Runner has it.
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "services/sns/catalog.hpp"

namespace lapwing::sns {

class TopicRemoval final : public DueSource {
 public:
  explicit TopicRemoval(Catalog& catalog) : catalog_(catalog) {}

  Result<std::optional<MonoTime>> next_due() override {
    if (!catalog_.has_left()) return std::optional<MonoTime>();
    return std::optional(MonoTime());  // now
  }
  Status run_due() override { return catalog_.remove_some(); }

 private:
  Catalog& catalog_;
};

}  // namespace lapwing::sns
