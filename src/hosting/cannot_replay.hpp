// That an event which has died cannot be sent again, and why: what Service::replay() answers, and
// nothing else does. Of any other error (the store's) nothing follows for the event.
//
// Thread-safety: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.hpp"

namespace lapwing::hosting {

inline constexpr std::string_view kCannotReplay = "CannotReplay";

// `reason` says what to do.
inline Error cannot_replay(std::string reason) {
  return Error(ErrorKind::kConflict, std::string(kCannotReplay), std::move(reason))
      .with_status(409);
}
inline bool is_cannot_replay(const Error& error) { return error.code() == kCannotReplay; }

}  // namespace lapwing::hosting
