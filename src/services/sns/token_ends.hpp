// Subscriptions that nobody confirmed in time, and unsubscribed ones that nobody took back, go when
// their tokens end.
//
// Thread-safety: as its Runner has it.
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "base/due_source.hpp"
#include "services/sns/catalog.hpp"

namespace lapwing::sns {

class TokenEnds final : public DueSource {
 public:
  TokenEnds(Catalog& catalog, const Clock& clock) : catalog_(catalog), clock_(clock) {}

  Result<std::optional<MonoTime>> next_due() override {
    const auto next = catalog_.next_token_end_ms();
    if (!next) return std::optional<MonoTime>();
    return std::optional(clock_.mono() + (wall_from_unix_ms(*next) - clock_.wall()));
  }
  Status run_due() override {
    for (const SubscriptionPtr& each : catalog_.token_ended(unix_ms(clock_.wall()))) {
      const auto gone = catalog_.change(
          each->address(), [&](const Topic&, SubscriptionPtr there) -> Result<SubscriptionPtr> {
            if (there != each) return there;  // confirmed meanwhile
            return SubscriptionPtr();
          });
      if (!gone && gone.error().kind() != ErrorKind::kNotFound) return fail(gone.error());
    }
    return {};
  }

 private:
  Catalog& catalog_;
  const Clock& clock_;
};

}  // namespace lapwing::sns
