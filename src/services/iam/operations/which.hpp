// Which identity an input names, by the member it has: the same operations exist for users, groups
// and roles.
#pragma once

#include <string>

#include "services/iam/records.hpp"

namespace lapwing::iam {

template <class In>
constexpr Kind kind_of() {
  if constexpr (requires(In in) { in.role_name; }) {
    return Kind::kRole;
  } else if constexpr (requires(In in) { in.group_name; }) {
    return Kind::kGroup;
  } else {
    static_assert(requires(In in) { in.user_name; });
    return Kind::kUser;
  }
}

template <class In>
auto& name_in(In& in) {
  if constexpr (kind_of<In>() == Kind::kRole) {
    return in.role_name;
  } else if constexpr (kind_of<In>() == Kind::kGroup) {
    return in.group_name;
  } else {
    return in.user_name;
  }
}

}  // namespace lapwing::iam
