// The rooms below the services that have settings. services.hpp does the same for the services.
//
// Thread-safety: pure functions.
#pragma once

#include "base/settings.hpp"

namespace lapwing::server {

void visit_rooms(SettingValues& values, SettingVisitor& to);
Status check_rooms(const SettingValues& values);

// One owner, among values whose owners are not known.
template <class Owner>
void visit_owner(SettingValues& values, SettingVisitor& to) {
  auto owner = values.read<Owner>();
  owner.visit(to);
  values.write(std::move(owner));
}

template <class Owner>
Status check_owner(const SettingValues& values) {
  if constexpr (requires(const Owner& owner) { owner.check(); }) {
    return values.read<Owner>().check();
  } else {
    return {};
  }
}

}  // namespace lapwing::server
