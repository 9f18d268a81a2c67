// Rules by their ids, in front of their shelf: what the outbox asks for at each attempt.
//
// Thread-safety: any thread.
#pragma once

#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.hpp"
#include "delivery/sender.hpp"
#include "services/events/bus.hpp"

namespace lapwing::events {

// What a target's shipment has besides its input, where its kind has something of its own
// (API destinations: the rate). Set once, before the first event.
class TargetKinds {
 public:
  virtual ~TargetKinds() = default;
  virtual void complete(const Rule& rule, const gen::events::Target& target,
                        delivery::Shipment& shipment) const = 0;
};

class Rules {
 public:
  explicit Rules(const TargetKinds* kinds) : kinds_(kinds) {}

  // Watches the shelf of rules.
  void changed(const RulePtr& before, const RulePtr& after) {
    const std::unique_lock lock(mutex_);
    if (before != nullptr && (after == nullptr || after->id != before->id)) {
      by_id_.erase(before->id);
    }
    if (after != nullptr) by_id_.insert_or_assign(after->id, after);
  }
  RulePtr by_id(std::string_view id) const {
    const std::shared_lock lock(mutex_);
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
  }
  void complete(const Rule& rule, const gen::events::Target& target,
                delivery::Shipment& shipment) const {
    if (kinds_ != nullptr) kinds_->complete(rule, target, shipment);
  }

 private:
  const TargetKinds* const kinds_;
  mutable std::shared_mutex mutex_;
  std::map<std::string, RulePtr, std::less<>> by_id_;
};

}  // namespace lapwing::events
