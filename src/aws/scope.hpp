// Where names live: almost everything in AWS is kept per account and region.
#pragma once

#include <compare>

#include "aws/caller.hpp"
#include "base/ids.hpp"

namespace lapwing::aws {

struct Scope {
  AccountId account;
  Region region;
  friend auto operator<=>(const Scope&, const Scope&) = default;
};

inline Scope scope_of(const Caller& caller) { return {caller.account, caller.region}; }

}  // namespace lapwing::aws
